/**
 * Quantiles, shares and variance of native histograms. Within a bucket with exponential bounds, observations are taken to
 * be spread evenly over the logarithm; in the zero bucket and between custom bounds, evenly over the value.
 */
import { addTo, resultOf } from '../summation.ts';
import { type Bucket, bucketsOf, hasCustomBounds, type NativeHistogram } from './native-histogram.ts';

/** What the NaNs among the observations did to an answer. */
export type NanEffect = 'none' | 'result' | 'skew';

/** NaN without observations; -Inf and +Inf for a `q` outside [0, 1]. */
export function quantileOfHistogram(
  q: number,
  histogram: NativeHistogram,
): { readonly value: number; readonly nanEffect: NanEffect } {
  const answer = (value: number, nanEffect: NanEffect = 'none'): { value: number; nanEffect: NanEffect } => {
    return { value, nanEffect };
  };
  if (q < 0) return answer(-Infinity);
  if (q > 1) return answer(Infinity);
  if (histogram.count === 0 || Number.isNaN(q)) return answer(NaN);
  // NaNs are in no bucket, so that only from below is a rank what it seems; otherwise the nearer end is the more exact.
  const isUpward = Number.isNaN(histogram.sum) || q < 0.5;
  const buckets = bucketsOf(histogram);
  const rank = (isUpward ? q : 1 - q) * histogram.count;
  const { bucket, reached } = bucketAtRank(isUpward ? buckets : buckets.toReversed(), rank);
  const count = Math.min(reached, histogram.count);
  const bounded = boundedBucket(histogram, bucket);
  if (typeof bounded === 'number') return answer(bounded);
  if (count < rank) return Number.isNaN(histogram.sum) ? answer(NaN, 'result') : answer(bounded.upper);
  const inBucket = isUpward ? rank - (count - bounded.count) : count - rank;
  return answer(interpolate(histogram, bounded, inBucket / bounded.count), holdsNan(histogram) ? 'skew' : 'none');
}

/** The share of observations between two values; 0 where they are the wrong way round. */
export function fractionOfHistogram(
  lower: number,
  upper: number,
  histogram: NativeHistogram,
): { readonly value: number; readonly nanEffect: NanEffect } {
  const nanEffect = holdsNan(histogram) ? 'skew' : 'none';
  if (histogram.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return { value: NaN, nanEffect: 'none' };
  if (lower >= upper) return { value: 0, nanEffect };
  const buckets = bucketsOf(histogram);
  // NaNs are in no bucket, and so in no share.
  const below = (value: number): number => Math.min(rankOf(value, histogram, buckets), histogram.count);
  return { value: (below(upper) - below(lower)) / histogram.count, nanEffect };
}

/** Population variance, with each observation at the middle of its bucket: of its logarithm, or of its value. */
export function varianceOfHistogram(histogram: NativeHistogram): number {
  const mean = histogram.sum / histogram.count;
  const sum = { total: 0, compensation: 0 };
  for (const { lower, upper, count } of bucketsOf(histogram)) {
    if (count === 0) continue;
    addTo(sum, count * (middleOf(histogram, lower, upper) - mean) ** 2);
  }
  return resultOf(sum) / histogram.count;
}

function middleOf(histogram: NativeHistogram, lower: number, upper: number): number {
  if (hasCustomBounds(histogram)) return (lower + upper) / 2;
  if (lower <= 0 && upper >= 0) return 0;
  return Math.sign(upper) * Math.sqrt(lower * upper);
}

/** The first bucket with which `rank` observations are reached, or the last there is. */
function bucketAtRank(buckets: readonly Bucket[], rank: number): { readonly bucket: Bucket; readonly reached: number } {
  let bucket: Bucket = { lower: 0, upper: 0, count: 0 };
  let reached = 0;
  for (const next of buckets) {
    bucket = next;
    reached += next.count;
    if (next.count !== 0 && reached >= rank) break;
  }
  return { bucket, reached };
}

/** The bucket with ends to interpolate between, or the answer itself where one end is infinite. */
function boundedBucket(histogram: NativeHistogram, bucket: Bucket): Bucket | number {
  if (!hasCustomBounds(histogram)) return bucket.lower < 0 && bucket.upper > 0 ? oneSided(histogram, bucket) : bucket;
  if (bucket.lower === -Infinity) return bucket.upper <= 0 ? bucket.upper : { ...bucket, lower: 0 };
  return bucket.upper === Infinity ? bucket.lower : bucket;
}

/** The zero bucket of a histogram that has buckets on one side only ends at zero on the other. */
function oneSided({ positive, negative }: NativeHistogram, bucket: Bucket): Bucket {
  const [above, below] = [positive.indexes.length, negative.indexes.length];
  if (below === 0 && above > 0) return { ...bucket, lower: 0 };
  return above === 0 && below > 0 ? { ...bucket, upper: 0 } : bucket;
}

function interpolate(histogram: NativeHistogram, { lower, upper }: Bucket, share: number): number {
  if (hasCustomBounds(histogram) || (lower <= 0 && upper >= 0)) return lower + (upper - lower) * share;
  const [logLower, logUpper] = [Math.log2(Math.abs(lower)), Math.log2(Math.abs(upper))];
  if (lower > 0) return 2 ** (logLower + (logUpper - logLower) * share);
  return -(2 ** (logUpper + (logLower - logUpper) * (1 - share)));
}

/** How many observations lie below `value`. */
function rankOf(value: number, histogram: NativeHistogram, buckets: readonly Bucket[]): number {
  let rank = 0;
  for (const bucket of buckets) {
    const isZero = bucket.lower <= 0 && bucket.upper >= 0;
    const { lower, upper } =
      isZero && !hasCustomBounds(histogram) ? oneSided(histogram, bucket) : asFirst(histogram, bucket);
    if (lower >= value) return rank;
    if (upper > value) {
      // Nothing is known of where observations lie in a bucket that has no lower end: they count as below.
      if (lower === -Infinity) return rank + bucket.count;
      const isLinear = hasCustomBounds(histogram) || isZero;
      return rank + bucket.count * (isLinear ? (value - lower) / (upper - lower) : logShare(value, lower, upper));
    }
    rank += bucket.count;
  }
  return rank;
}

/** With custom bounds, the first bucket begins at zero when it ends above it. */
function asFirst(histogram: NativeHistogram, bucket: Bucket): Bucket {
  const isOpen = hasCustomBounds(histogram) && bucket.lower === -Infinity && bucket.upper > 0;
  return isOpen ? { ...bucket, lower: 0 } : bucket;
}

/** How far `value` is from the lower to the upper bound, by logarithms. */
export function logShare(value: number, lower: number, upper: number): number {
  const [logLower, logUpper, logValue] = [lower, upper, value].map((bound) => Math.log2(Math.abs(bound))) as [
    number,
    number,
    number,
  ];
  if (value > 0) return (logValue - logLower) / (logUpper - logLower);
  return 1 - (logValue - logUpper) / (logLower - logUpper);
}

function holdsNan(histogram: NativeHistogram): boolean {
  if (!Number.isNaN(histogram.sum)) return false;
  return bucketsOf(histogram).reduce((sum, { count }) => sum + count, 0) < histogram.count;
}
