/** Aggregations: vectors into fewer series, by label. */
import { assert, OperatingError } from '@plumb/base';
import { type Aggregate, type Grouping, isMetadataLabel, METRIC_NAME } from './ast.ts';
import type { Budget } from './budget.ts';
import { formatNumber } from './format.ts';
import { filterLabels, type Labels, labelsKey, withLabel } from './queryable.ts';
import { meanOf, quantileOf, sumOf, varianceOf } from './summation.ts';
import { type Column, emptyColumn, type Value } from './vector.ts';

type Group = { readonly labels: Labels; readonly dropsName: boolean; readonly members: Column[] };

/** From the values of a group at one step, at least one, to the value of the group. */
type Reducer = (values: Float64Array, count: number, step: number) => number;

export async function evaluateAggregate(
  { operator, grouping }: Aggregate,
  columns: readonly Column[],
  parameter: Value | undefined,
  { count, budget }: { readonly count: number; readonly budget: Budget },
): Promise<readonly Column[]> {
  const groups = groupColumns(columns, grouping);
  const numbers = parameter?.kind === 'scalar' ? parameter.values : new Float64Array(count);
  await budget.spend(groups.length * count);
  switch (operator) {
    case 'topk':
    case 'bottomk':
    case 'limitk':
      if (numbers.some(Number.isNaN))
        throw new OperatingError('invalid', `Parameter value is NaN: ${operator} takes a count`);
      return overGroups(groups, async ({ members }) => {
        return operator === 'limitk'
          ? keepFirst(members, numbers)
          : keepExtremes(members, numbers, { isTop: operator === 'topk', budget });
      });
    case 'count_values':
      assert(parameter?.kind === 'string', 'the parser saw to the type');
      return groups.flatMap((group) => countValues(group, parameter.text, budget));
    case 'quantile':
      return overGroups(groups, (group) =>
        reduceGroup(group, budget, (values, length, step) =>
          quantileOf(numbers[step] as number, [...values.subarray(0, length)]),
        ),
      );
    case 'sum':
    case 'avg':
    case 'count':
    case 'min':
    case 'max':
    case 'group':
    case 'stddev':
    case 'stdvar':
      return overGroups(groups, (group) => reduceGroup(group, budget, REDUCERS[operator]));
  }
}

const REDUCERS = {
  sum: (values, count) => sumOf(values, 0, count),
  avg: (values, count) => meanOf(values, 0, count),
  count: (_, count) => count,
  group: () => 1,
  stdvar: (values, count) => varianceOf(values, 0, count),
  stddev: (values, count) => Math.sqrt(varianceOf(values, 0, count)),
  min: (values, count) => extreme(values, count, (value, best) => value < best),
  max: (values, count) => extreme(values, count, (value, best) => value > best),
} as const satisfies Readonly<Record<string, Reducer>>;

function extreme(values: Float64Array, count: number, isBetter: (value: number, best: number) => boolean): number {
  let best = values[0] as number;
  for (let i = 1; i < count; i += 1) {
    const value = values[i] as number;
    if (isBetter(value, best) || Number.isNaN(best)) best = value;
  }
  return best;
}

/** In order of their first members. */
export function groupColumns(columns: readonly Column[], grouping: Grouping | undefined): Group[] {
  const keeps = grouping === undefined ? () => false : labelFilter(grouping);
  const keepsName = grouping?.kind === 'by' && grouping.labels.includes(METRIC_NAME);
  const groups = new Map<string, Omit<Group, 'dropsName'>>();
  for (const column of columns) {
    const labels = filterLabels(column.labels, keeps);
    const key = labelsKey(labels);
    const members = groups.get(key)?.members;
    if (members === undefined) groups.set(key, { labels, members: [column] });
    else members.push(column);
  }
  return [...groups.values()].map(({ labels, members }) => {
    return { labels, members, dropsName: keepsName && members.some(({ dropsName }) => dropsName) };
  });
}

function labelFilter({ kind, labels }: Grouping): (name: string) => boolean {
  const named = new Set(labels);
  return kind === 'by' ? (name) => named.has(name) : (name) => !named.has(name) && !isMetadataLabel(name);
}

/** One after another, so that other work can come in between. */
async function overGroups(
  groups: readonly Group[],
  work: (group: Group) => Promise<readonly Column[]>,
): Promise<readonly Column[]> {
  const columns: Column[] = [];
  for (const group of groups) for (const column of await work(group)) columns.push(column);
  return columns;
}

async function reduceGroup(
  { labels, dropsName, members }: Group,
  budget: Budget,
  reduce: Reducer,
): Promise<readonly Column[]> {
  const count = members[0]?.present.length ?? 0;
  const column = emptyColumn(labels, count, dropsName);
  const values = new Float64Array(members.length);
  for (let step = 0; step < count; step += 1) {
    let length = 0;
    for (const member of members) {
      if (member.present[step] !== 1) continue;
      values[length] = member.values[step] as number;
      length += 1;
    }
    if (length === 0) continue;
    column.values[step] = reduce(values, length, step);
    column.present[step] = 1;
    if (budget.isPauseDue(length)) await budget.pause(0);
  }
  return [column];
}

/** The members themselves, present only at the steps at which they are among the `k` largest or smallest. NaN comes last. */
async function keepExtremes(
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
function keepFirst(members: readonly Column[], ks: Float64Array): Column[] {
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

function countValues({ labels, dropsName, members }: Group, label: string, budget: Budget): Column[] {
  const columns = new Map<string, Column>();
  // Every distinct value is a series: as many as there are values, in the worst case, so each is paid for.
  const newColumn = (text: string): Column => {
    const count = members[0]?.present.length ?? 0;
    budget.take(count);
    return emptyColumn(withLabel(labels, label, text), count, dropsName);
  };
  for (const { values, present } of members) {
    for (let step = 0; step < present.length; step += 1) {
      if (present[step] !== 1) continue;
      const text = formatNumber(values[step] as number);
      const column = columns.get(text) ?? newColumn(text);
      column.values[step] = (column.values[step] as number) + 1;
      column.present[step] = 1;
      columns.set(text, column);
    }
  }
  return [...columns.values()];
}
