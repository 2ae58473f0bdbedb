/**
 * A native histogram of Prometheus as a sample: the same plain data as `NativeHistogram` of @plumb/promql, which explains
 * the fields. The store looks only at its shape and gives back what it was given, to the bit.
 */

/** Indexes ascending, each once, and as many counts. */
export type HistogramBuckets = { readonly indexes: Int32Array; readonly counts: Float64Array };

export const RESET_HINTS = ['unknown', 'reset', 'not-reset', 'gauge'] as const;

export type HistogramSample = {
  readonly schema: number;
  readonly resetHint: (typeof RESET_HINTS)[number];
  readonly count: number;
  readonly sum: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly positive: HistogramBuckets;
  readonly negative: HistogramBuckets;
  readonly bounds?: readonly number[] | undefined;
};

/** As long as the times beside them; undefined where the sample is a float. */
export type HistogramColumn = readonly (HistogramSample | undefined)[];

/** Whether two histograms can share the columns of a chunk: all but the counts and the sum is the same. */
export function hasSameLayout(a: HistogramSample, b: HistogramSample): boolean {
  return (
    a.schema === b.schema &&
    a.resetHint === b.resetHint &&
    Object.is(a.zeroThreshold, b.zeroThreshold) &&
    (a.bounds === undefined) === (b.bounds === undefined) &&
    sameNumbers(a.bounds ?? [], b.bounds ?? []) &&
    sameNumbers(a.positive.indexes, b.positive.indexes) &&
    sameNumbers(a.negative.indexes, b.negative.indexes)
  );
}

export function sameHistogram(a: HistogramSample, b: HistogramSample): boolean {
  return (
    hasSameLayout(a, b) &&
    Object.is(a.count, b.count) &&
    Object.is(a.sum, b.sum) &&
    Object.is(a.zeroCount, b.zeroCount) &&
    sameNumbers(a.positive.counts, b.positive.counts) &&
    sameNumbers(a.negative.counts, b.negative.counts)
  );
}

function sameNumbers(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (!Object.is(a[i], b[i])) return false;
  return true;
}
