/**
 * Aggregations of floats that take one series after the other, over all steps of each: memory is read in the order in which
 * it lies. The answers are those of the functions in `summation.ts`, to the bit.
 */
import type { AggregateOperator } from './ast.ts';
import { meanOf } from './summation.ts';
import type { Column, MutableColumn } from './vector.ts';

/** Takes one more member in. */
type Accumulator = {
  readonly add: (member: Column) => void;
  /** Makes the values of the column final, once all members are in. */
  readonly finish?: ((members: readonly Column[]) => void) | undefined;
};

/** Of an empty column, the accumulator that fills it. */
export const COLUMN_REDUCERS: Readonly<Partial<Record<AggregateOperator, (column: MutableColumn) => Accumulator>>> = {
  sum: (column) => {
    const sums = new Sums(column);
    return { add: (member) => sums.add(member), finish: () => sums.finish() };
  },
  avg: (column) => {
    const sums = new Sums(column);
    const counts = new Float64Array(column.present.length);
    return {
      add: (member) => {
        sums.add(member);
        addPresence(counts, member);
      },
      finish: (members) => {
        sums.finish();
        for (let step = 0; step < counts.length; step += 1) {
          if (column.present[step] !== 1) continue;
          const sum = column.values[step] as number;
          column.values[step] = Number.isFinite(sum) ? sum / (counts[step] as number) : meanAt(members, step);
        }
      },
    };
  },
  count: (column) => ({
    add: (member) => {
      addPresence(column.values, member);
      markPresent(column, member);
    },
  }),
  group: (column) => ({
    add: (member) => {
      for (let step = 0; step < column.present.length; step += 1)
        if (member.present[step] === 1) column.values[step] = 1;
      markPresent(column, member);
    },
  }),
  min: (column) => ({ add: (member) => takeExtremes(column, member, -1) }),
  max: (column) => ({ add: (member) => takeExtremes(column, member, 1) }),
};

/** Neumaier's sum at each step. */
class Sums {
  readonly #column: MutableColumn;
  readonly #compensations: Float64Array;

  constructor(column: MutableColumn) {
    this.#column = column;
    this.#compensations = new Float64Array(column.present.length);
  }

  add(member: Column): void {
    const { values: totals, present } = this.#column;
    const compensations = this.#compensations;
    for (let step = 0; step < totals.length; step += 1) {
      if (member.present[step] !== 1) continue;
      const total = totals[step] as number;
      const value = member.values[step] as number;
      const next = total + value;
      const lost = Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
      compensations[step] = Math.abs(next) === Infinity ? 0 : (compensations[step] as number) + lost;
      totals[step] = next;
      present[step] = 1;
    }
  }

  finish(): void {
    const { values } = this.#column;
    for (let step = 0; step < values.length; step += 1) {
      const total = values[step] as number;
      if (Number.isFinite(total)) values[step] = total + (this.#compensations[step] as number);
    }
  }
}

/** Of a step whose sum is beyond numbers, or where something is no number. */
function meanAt(members: readonly Column[], step: number): number {
  const values = members.filter(({ present }) => present[step] === 1).map((member) => member.values[step] as number);
  return meanOf(Float64Array.from(values), 0, values.length);
}

function addPresence(counts: Float64Array, { present }: Column): void {
  for (let step = 0; step < counts.length; step += 1)
    counts[step] = (counts[step] as number) + (present[step] as number);
}

function markPresent({ present }: MutableColumn, member: Column): void {
  for (let step = 0; step < present.length; step += 1) if (member.present[step] === 1) present[step] = 1;
}

/** The greater of two at each step, or the lesser for `sign` -1. NaN only when there is nothing else. */
function takeExtremes({ values, present }: MutableColumn, member: Column, sign: 1 | -1): void {
  for (let step = 0; step < values.length; step += 1) {
    if (member.present[step] !== 1) continue;
    const value = member.values[step] as number;
    const best = values[step] as number;
    if (present[step] !== 1 || sign * value > sign * best || Number.isNaN(best)) values[step] = value;
    present[step] = 1;
  }
}
