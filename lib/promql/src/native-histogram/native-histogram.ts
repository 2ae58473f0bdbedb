/**
 * A native histogram of Prometheus as one value: how many observations fell between bounds that a formula gives
 * (exponential) or that it carries itself (custom). Plain data that is never changed: every operation returns another.
 *
 * Buckets are sparse: the indexes that exist, ascending, beside their counts. Counts are of the bucket alone, not
 * cumulative. Wire formats and chunks write the same as spans and deltas: `spans.ts` converts both ways. A bucket whose
 * count is zero may be there; `compacted` leaves it out.
 *
 * Source: the specification "Native Histograms" (prometheus.io/docs/specs/native_histograms).
 */

/** Indexes ascending, each once, and as many counts. */
export type Buckets = { readonly indexes: Int32Array; readonly counts: Float64Array };

/**
 * What is known of the sample before, in a counter: `reset` between the two, `not-reset`, or `unknown`, which means that
 * the buckets have to be compared. A `gauge` goes up and down.
 */
export type ResetHint = 'unknown' | 'reset' | 'not-reset' | 'gauge';

export type NativeHistogram = {
  /** -4 to 8: bounds are powers of 2^(2^-schema). `CUSTOM_SCHEMA`: `bounds` are the bounds. */
  readonly schema: number;
  readonly resetHint: ResetHint;
  /** All observations. More than the buckets hold when NaN was observed. */
  readonly count: number;
  /** NaN when NaN was observed. */
  readonly sum: number;
  /** Observations in [-zeroThreshold, zeroThreshold]. Both 0 with custom bounds. */
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly positive: Buckets;
  /** By their absolute bounds: index 3 is the mirror image of index 3 of `positive`. Empty with custom bounds. */
  readonly negative: Buckets;
  /** Upper bounds, ascending, of all buckets but the last, whose bound is +Inf. Absent with an exponential schema. */
  readonly bounds?: readonly number[] | undefined;
};

export const CUSTOM_SCHEMA = -53;
export const SCHEMA_MIN = -4;
export const SCHEMA_MAX = 8;

export const NO_BUCKETS: Buckets = { indexes: new Int32Array(0), counts: new Float64Array(0) };

/** A histogram without observations, with the fields that are given. */
export function createHistogram(fields: Partial<NativeHistogram>): NativeHistogram {
  const empty = { schema: 0, resetHint: 'unknown', count: 0, sum: 0, zeroThreshold: 0, zeroCount: 0 } as const;
  return { ...empty, positive: NO_BUCKETS, negative: NO_BUCKETS, ...fields };
}

export function hasCustomBounds({ schema }: NativeHistogram): boolean {
  return schema === CUSTOM_SCHEMA;
}

/** The upper bound of bucket `index` on the positive side; the lower one is that of `index - 1`. */
export function upperBoundOf({ schema, bounds }: Pick<NativeHistogram, 'schema' | 'bounds'>, index: number): number {
  if (schema !== CUSTOM_SCHEMA) return exponentialBound(schema, index);
  if (bounds === undefined || index >= bounds.length) return Infinity;
  return index < 0 ? -Infinity : (bounds[index] as number);
}

/** The largest number stands for what would be +Inf, so that the bucket of +Inf itself has an end of its own. */
function exponentialBound(schema: number, index: number): number {
  const exponent = index * 2 ** -schema;
  return exponent === 1_024 ? Number.MAX_VALUE : 2 ** exponent;
}

/** One bucket with its bounds. Of the positive ones, and with custom bounds, `upper` belongs to it and `lower` does not. */
export type Bucket = { readonly lower: number; readonly upper: number; readonly count: number };

/** From the lowest to the highest, the zero bucket in between; where others overlap with it, they end at it. */
export function bucketsOf(histogram: NativeHistogram): Bucket[] {
  const { positive, negative, zeroThreshold, zeroCount } = histogram;
  const buckets: Bucket[] = [];
  const { length } = negative.indexes;
  for (let i = length - 1; i >= 0; i -= 1) {
    const index = negative.indexes[i] as number;
    const lower = -upperBoundOf(histogram, index);
    const upper = Math.min(-upperBoundOf(histogram, index - 1), -zeroThreshold);
    buckets.push({ lower, upper, count: negative.counts[i] as number });
  }
  if (zeroCount > 0) buckets.push({ lower: -zeroThreshold, upper: zeroThreshold, count: zeroCount });
  for (let i = 0; i < positive.indexes.length; i += 1) {
    const index = positive.indexes[i] as number;
    const upper = upperBoundOf(histogram, index);
    const inner = upperBoundOf(histogram, index - 1);
    const lower = inner > 0 ? Math.max(inner, zeroThreshold) : inner;
    buckets.push({ lower, upper, count: positive.counts[i] as number });
  }
  return buckets;
}

/** The buckets of one side that `keeps` accepts. */
export function filterBuckets({ indexes, counts }: Buckets, keeps: (index: number, count: number) => boolean): Buckets {
  const kept = [...indexes.keys()].filter((i) => keeps(indexes[i] as number, counts[i] as number));
  if (kept.length === indexes.length) return { indexes, counts };
  return {
    indexes: Int32Array.from(kept, (i) => indexes[i] as number),
    counts: Float64Array.from(kept, (i) => counts[i] as number),
  };
}

/** Without empty buckets. */
export function compacted(histogram: NativeHistogram): NativeHistogram {
  const isFull = ({ counts }: Buckets): boolean => !counts.includes(0);
  const { positive, negative } = histogram;
  if (isFull(positive) && isFull(negative)) return histogram;
  const keeps = (_: number, count: number): boolean => count !== 0;
  return { ...histogram, positive: filterBuckets(positive, keeps), negative: filterBuckets(negative, keeps) };
}

/** Whether all counts and the sum are the same, and the buckets, but for empty ones. Hints are not compared. */
export function equalHistograms(a: NativeHistogram, b: NativeHistogram): boolean {
  const [left, right] = [compacted(a), compacted(b)];
  return (
    left.schema === right.schema &&
    Object.is(left.count, right.count) &&
    Object.is(left.sum, right.sum) &&
    left.zeroThreshold === right.zeroThreshold &&
    Object.is(left.zeroCount, right.zeroCount) &&
    equalBounds(left, right) &&
    equalBuckets(left.positive, right.positive) &&
    equalBuckets(left.negative, right.negative)
  );
}

export function equalBounds({ bounds: a = [] }: NativeHistogram, { bounds: b = [] }: NativeHistogram): boolean {
  return a.length === b.length && a.every((bound, i) => bound === b[i]);
}

function equalBuckets(a: Buckets, b: Buckets): boolean {
  return (
    a.indexes.length === b.indexes.length &&
    a.indexes.every((index, i) => index === b.indexes[i] && Object.is(a.counts[i], b.counts[i]))
  );
}
