/** Whether a counter has begun again between two histograms. */
import { alignHistograms, toSchema, zeroBucketFor } from './align.ts';
import { type Buckets, equalBounds, hasCustomBounds, type NativeHistogram, upperBoundOf } from './native-histogram.ts';

/**
 * Whether any count of `after` is lower than that of `before`, or its layout cannot have come from it: a finer resolution, a
 * narrower zero bucket, or one that ends within a populated bucket. A hint of `reset` or `not-reset` in `after` decides.
 */
export function detectsReset(before: NativeHistogram, after: NativeHistogram): boolean {
  if (after.resetHint === 'reset') return true;
  if (after.resetHint === 'not-reset') return false;
  if (after.count < before.count) return true;
  if (hasCustomBounds(after)) {
    if (!hasCustomBounds(before)) return true;
    if (!equalBounds(before, after)) {
      const [left, right] = alignHistograms([before, after])?.histograms ?? [];
      return left === undefined || right === undefined || hasFallen(left.positive, right.positive);
    }
  }
  if (after.schema > before.schema || after.zeroThreshold < before.zeroThreshold) return true;
  const zero = zeroBucketFor(before, after.zeroThreshold);
  if (zero.threshold !== after.zeroThreshold || after.zeroCount < zero.count) return true;
  const earlier = toSchema(before, after.schema);
  const isOutside = (index: number): boolean =>
    hasCustomBounds(after) || upperBoundOf(after, index) > after.zeroThreshold;
  return (
    hasFallen(earlier.positive, after.positive, isOutside) || hasFallen(earlier.negative, after.negative, isOutside)
  );
}

/** Whether a bucket that `counts` tells to count holds less than before. A bucket that is not there holds nothing. */
function hasFallen(before: Buckets, after: Buckets, counts: (index: number) => boolean = () => true): boolean {
  let at = 0;
  for (let i = 0; i < before.indexes.length; i += 1) {
    const index = before.indexes[i] as number;
    while (at < after.indexes.length && (after.indexes[at] as number) < index) at += 1;
    const now = after.indexes[at] === index ? (after.counts[at] as number) : 0;
    if (now < (before.counts[i] as number) && counts(index)) return true;
  }
  return false;
}
