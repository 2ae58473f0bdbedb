/** Aggregations that keep some of their members: `topk`, `bottomk`, `limitk` and `limit_ratio`. */
import { OperatingError } from '@plumb/base';
import { type Annotate, notes } from './annotations.ts';
import type { Budget } from './budget.ts';
import { formatNumber } from './format.ts';
import { sampledOffset } from './ratio-sample.ts';
import type { Column } from './vector.ts';

/** Scalars that whole numbers of 64 bits cannot hold are no counts. */
const COUNT_MAX = 2 ** 63;

/** @throws OperatingError `invalid` for what is no count of series. */
export function assertCounts(numbers: Float64Array): void {
  if (numbers.some(Number.isNaN)) throw new OperatingError('invalid', 'Parameter value is NaN');
  const beyond = numbers.find((number) => number >= COUNT_MAX || number <= -COUNT_MAX);
  if (beyond === undefined) return;
  const how = beyond > 0 ? 'overflows' : 'underflows';
  throw new OperatingError('invalid', `Scalar value ${formatNumber(beyond)} ${how} int64`);
}

/** The members themselves, present only at the steps at which they are among the `k` largest or smallest. NaN comes last. */
export async function keepExtremes(
  members: readonly Column[],
  ks: Float64Array,
  { isTop, budget }: { readonly isTop: boolean; readonly budget: Budget },
): Promise<readonly Column[]> {
  const kept = members.map((member) => ({ ...member, present: new Uint8Array(member.present.length) }));
  const rankOf = (value: number): number => (Number.isNaN(value) ? Infinity : isTop ? -value : value);
  const lastOrder = new Map<Column, number>();
  for (let step = 0; step < ks.length; step += 1) {
    const k = ks[step] as number;
    const present = kept.filter((_, i) => members[i]?.present[step] === 1);
    const value = (column: Column): number => column.values[step] as number;
    const compare = (a: Column, b: Column): number => {
      if (Number.isNaN(value(a)) || Number.isNaN(value(b)))
        return Number(Number.isNaN(value(a))) - Number(Number.isNaN(value(b)));
      const [left, right] = [rankOf(value(a)), rankOf(value(b))];
      return left < right ? -1 : left > right ? 1 : 0;
    };
    const best = present.sort(compare).slice(0, Math.max(0, Math.min(present.length, Math.floor(k))));
    best.forEach((column, order) => {
      column.present[step] = 1;
      lastOrder.set(column, order);
    });
    if (budget.isPauseDue(members.length)) await budget.pause(0);
  }
  // Largest (or smallest) first at the last step: the order that an instant query promises.
  return kept
    .filter((column) => lastOrder.has(column))
    .sort((a, b) => (lastOrder.get(a) ?? 0) - (lastOrder.get(b) ?? 0));
}

/** The members themselves, present only where fewer than `k` before them are. */
export function keepFirst(members: readonly Column[], ks: Float64Array): Column[] {
  const counts = new Uint32Array(ks.length);
  return members.map((member) => {
    const present = member.present.map((isPresent, step) => {
      if (isPresent !== 1 || (counts[step] as number) >= Math.floor(ks[step] as number)) return 0;
      counts[step] = (counts[step] as number) + 1;
      return 1;
    });
    return { ...member, present };
  });
}

/**
 * About a share of the series, chosen by their labels, so always the same: those with the lowest offsets or, for a negative
 * ratio, with the highest. A ratio and what it lacks to -1 have all series between them.
 */
export function limitByRatio(columns: readonly Column[], ratios: Float64Array, annotate: Annotate): Column[] {
  if (ratios.every((ratio) => ratio === 0)) return [];
  if (ratios.some(Number.isNaN)) throw new OperatingError('invalid', 'Ratio value is NaN');
  const [least, most] = extremesOf(ratios);
  if (most > 1) annotate(notes.invalidRatio(most, 1));
  if (least < -1) annotate(notes.invalidRatio(least, -1));
  return columns.map((column) => {
    const offset = sampledOffset(column.labels);
    const isKept = (ratio: number): boolean => (ratio >= 0 ? offset < ratio : offset >= 1 + Math.max(-1, ratio));
    return {
      ...column,
      present: column.present.map((isPresent, step) => (isPresent === 1 && isKept(ratios[step] as number) ? 1 : 0)),
    };
  });
}

/** The least and the greatest that is no NaN. */
export function extremesOf(numbers: Float64Array): [number, number] {
  const known = numbers.filter((number) => !Number.isNaN(number));
  return [known.reduce((a, b) => Math.min(a, b), Infinity), known.reduce((a, b) => Math.max(a, b), -Infinity)];
}
