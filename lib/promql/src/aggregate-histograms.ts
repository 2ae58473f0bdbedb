/** Aggregations of groups that have native histograms. */
import { type Annotate, notes } from './annotations.ts';
import { type AggregateOperator, METRIC_NAME } from './ast.ts';
import type { Budget } from './budget.ts';
import { meanOfHistograms, sumHistograms } from './native-histogram/arithmetic.ts';
import { compacted, hasCustomBounds, type NativeHistogram } from './native-histogram/native-histogram.ts';
import { type Labels, labelOf } from './queryable.ts';
import { type Column, emptyColumn, hasValues, sampleAt, setSample } from './vector.ts';

/** Tells the aggregations that know floats only. */
export function isPassedOver(operator: AggregateOperator): boolean {
  return ['min', 'max', 'stddev', 'stdvar', 'quantile'].includes(operator);
}

type Work = {
  readonly operator: AggregateOperator;
  /** Of floats. */
  readonly reduce: (values: Float64Array, count: number, step: number) => number;
  readonly budget: Budget;
  readonly annotate: Annotate;
};

/** `sum` and `avg` of histograms, or of floats, not of both; `count` and `group` of either. */
export async function aggregateHistograms(
  group: { readonly labels: Labels; readonly dropsName: boolean; readonly members: readonly Column[] },
  { operator, reduce, budget, annotate }: Work,
): Promise<readonly Column[]> {
  const stepCount = group.members[0]?.present.length ?? 0;
  const column = emptyColumn(group.labels, stepCount, group.dropsName);
  const counts = operator === 'count' || operator === 'group';
  for (let step = 0; step < stepCount; step += 1) {
    const present = group.members.filter((member) => member.present[step] === 1);
    if (present.length === 0) continue;
    const samples = present.map((member) => sampleAt(member, step));
    const floats = samples.filter((sample) => typeof sample === 'number');
    await budget.spend(samples.length);
    if (counts) setSample(column, step, reduce(new Float64Array(samples.length), samples.length, step));
    else if (floats.length === samples.length)
      setSample(column, step, reduce(Float64Array.from(floats), floats.length, step));
    else if (floats.length > 0) annotate(notes.mixedAggregation());
    else {
      const histograms = samples.filter((sample) => typeof sample !== 'number');
      const sum = combine(operator, histograms, present, annotate);
      if (sum !== undefined) setSample(column, step, sum);
    }
  }
  return hasValues(column) ? [column] : [];
}

function combine(
  operator: AggregateOperator,
  histograms: readonly NativeHistogram[],
  members: readonly Column[],
  annotate: Annotate,
): NativeHistogram | undefined {
  const combined = operator === 'avg' ? meanOfHistograms(histograms) : sumHistograms(histograms);
  if (combined === undefined) {
    const [first] = histograms as [NativeHistogram];
    const other = histograms.findIndex((one) => hasCustomBounds(one) !== hasCustomBounds(first));
    annotate(notes.mixedSchemas(labelOf(members[other]?.labels ?? {}, METRIC_NAME)));
    return undefined;
  }
  if (combined.hintsCollide) annotate(notes.collidingResets('aggregation'));
  if (combined.isReconciled) annotate(notes.reconciledBounds('aggregation'));
  return compacted(combined.histogram);
}
