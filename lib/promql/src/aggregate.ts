/** Aggregations: vectors into fewer series, by label. */
import { assert, OperatingError } from '@plumb/base';
import { aggregateHistograms, isPassedOver } from './aggregate-histograms.ts';
import { type Annotate, notes } from './annotations.ts';
import { type Aggregate, withoutParentheses } from './ast.ts';
import type { Budget } from './budget.ts';
import type { Context } from './context.ts';
import { countValues } from './count-values.ts';
import { type Group, groupColumns } from './group-columns.ts';
import { assertCounts, extremesOf, keepExtremes, keepFirst, limitByRatio } from './keep-members.ts';
import { COLUMN_REDUCERS } from './reduce-columns.ts';
import { formatString } from './string-literal.ts';
import { meanOf, quantileOf, sumOf, varianceOf } from './summation.ts';
import { type Column, emptyColumn, hasValues, numbersOf, type Value } from './vector.ts';

/** From the values of a group at one step, at least one, to the value of the group. */
type Reducer = (values: Float64Array, count: number, step: number) => number;

export async function evaluateAggregate(
  node: Aggregate,
  columns: readonly Column[],
  parameter: Value | undefined,
  context: Context,
): Promise<readonly Column[]> {
  const { operator, grouping } = node;
  const { budget, annotations } = context;
  const { count } = context.grid;
  const groups = groupColumns(columns, grouping);
  const numbers = parameter?.kind === 'scalar' ? parameter.values : new Float64Array(count);
  await budget.spend(groups.length * count);
  const annotate: Annotate = (note) => annotations.add(note, withoutParentheses(node.expression).span);
  const ofParameter: Annotate = (note) => {
    annotations.add(note, withoutParentheses(node.parameter ?? node.expression).span);
  };
  switch (operator) {
    case 'topk':
    case 'bottomk':
    case 'limitk':
      if (numbers.every((k) => k < 1)) return [];
      assertCounts(numbers);
      return overGroups(groups, async ({ members }) => {
        if (operator === 'limitk') return keepFirst(members, numbers);
        const floats = members.map(numbersOf);
        if (members.some((member, i) => member !== floats[i]))
          annotations.add(notes.histogramIgnored(operator), node.span);
        return keepExtremes(floats, numbers, { isTop: operator === 'topk', budget });
      });
    case 'limit_ratio':
      return limitByRatio(columns, numbers, ofParameter);
    case 'count_values': {
      assert(parameter?.kind === 'string', 'the parser saw to the type');
      const label = parameter.text;
      if (label === '' || !label.isWellFormed())
        throw new OperatingError('invalid', `invalid label name ${formatString(label)}`);
      return countValues(columns, label, node, budget);
    }
    case 'quantile':
      noteQuantiles(numbers, ofParameter);
      return overGroups(groups, (group) =>
        reduceGroup(withoutHistograms(group, operator, annotate), budget, (values, length, step) =>
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
      return overGroups(groups, async (group) => {
        const { members } = group;
        const isFloat = members.every(({ histograms }) => histograms === undefined);
        if (isFloat) return aggregateFloats(group, operator, budget);
        if (isPassedOver(operator))
          return aggregateFloats(withoutHistograms(group, operator, annotate), operator, budget);
        return aggregateHistograms(group, { operator, reduce: REDUCERS[operator], budget, annotate });
      });
  }
}

function noteQuantiles(quantiles: Float64Array, annotate: Annotate): void {
  if (quantiles.some(Number.isNaN)) annotate(notes.invalidQuantile(NaN));
  const [least, most] = extremesOf(quantiles);
  if (most > 1) annotate(notes.invalidQuantile(most));
  if (least < 0) annotate(notes.invalidQuantile(least));
}

/** The group with its floats alone. */
function withoutHistograms(group: Group, operator: string, annotate: Annotate): Group {
  const members = group.members.map(numbersOf);
  if (members.some((member, i) => member !== group.members[i])) annotate(notes.histogramIgnored(operator));
  return { ...group, members };
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

/** One after another, so that other work can come in between. */
async function overGroups(
  groups: readonly Group[],
  work: (group: Group) => Promise<readonly Column[]>,
): Promise<readonly Column[]> {
  const columns: Column[] = [];
  for (const group of groups) for (const column of await work(group)) columns.push(column);
  return columns;
}

/** Of floats, series by series where the aggregation can. */
async function aggregateFloats(
  group: Group,
  operator: keyof typeof REDUCERS,
  budget: Budget,
): Promise<readonly Column[]> {
  const reducer = COLUMN_REDUCERS[operator];
  if (reducer === undefined) return reduceGroup(group, budget, REDUCERS[operator]);
  const { labels, dropsName, members } = group;
  const count = members[0]?.present.length ?? 0;
  const column = emptyColumn(labels, count, dropsName);
  const { add, finish } = reducer(column);
  for (const member of members) {
    add(member);
    if (budget.isPauseDue(count)) await budget.pause(0);
  }
  finish?.(members);
  return hasValues(column) ? [column] : [];
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
  return hasValues(column) ? [column] : [];
}
