/**
 * Histograms brought to one layout, so that their buckets can be added or compared one by one: the lowest resolution of
 * all, the widest zero bucket, or the custom bounds that all have.
 */
import {
  type Buckets,
  CUSTOM_SCHEMA,
  equalBounds,
  filterBuckets,
  hasCustomBounds,
  type NativeHistogram,
  NO_BUCKETS,
  upperBoundOf,
} from './native-histogram.ts';

export type Aligned = {
  readonly histograms: readonly NativeHistogram[];
  /** Custom bounds differed: those that are not in all were given up. */
  readonly isReconciled: boolean;
};

/** Undefined when some have custom bounds and some have not. At least one histogram. */
export function alignHistograms(histograms: readonly NativeHistogram[]): Aligned | undefined {
  const [first] = histograms;
  if (first === undefined) return { histograms, isReconciled: false };
  if (histograms.some((histogram) => hasCustomBounds(histogram) !== hasCustomBounds(first))) return undefined;
  return hasCustomBounds(first) ? alignCustom(first, histograms) : alignExponential(histograms);
}

function alignCustom(first: NativeHistogram, histograms: readonly NativeHistogram[]): Aligned {
  if (histograms.every((histogram) => equalBounds(first, histogram))) return { histograms, isReconciled: false };
  const shared = (first.bounds ?? []).filter((bound) => histograms.every(({ bounds = [] }) => bounds.includes(bound)));
  return { histograms: histograms.map((histogram) => withBounds(histogram, shared)), isReconciled: true };
}

/** The histogram with some of its own bounds: each bucket goes to the first that reaches as far. */
export function withBounds(histogram: NativeHistogram, bounds: readonly number[]): NativeHistogram {
  const positive = mergeInto(histogram.positive, (index) => {
    const upper = upperBoundOf(histogram, index);
    const found = bounds.findIndex((bound) => bound >= upper);
    return found < 0 ? bounds.length : found;
  });
  return { ...histogram, positive, bounds };
}

function alignExponential(histograms: readonly NativeHistogram[]): Aligned {
  const schema = histograms.reduce((least, histogram) => Math.min(least, histogram.schema), Infinity);
  let threshold = -Infinity;
  // A threshold that falls into a populated bucket moves to its end, which may fall into a bucket of another.
  for (let wanted = widest(histograms, 0); wanted !== threshold; wanted = widest(histograms, threshold))
    threshold = wanted;
  return {
    histograms: histograms.map((one) => toSchema(withZeroThreshold(one, threshold), schema)),
    isReconciled: false,
  };
}

function widest(histograms: readonly NativeHistogram[], atLeast: number): number {
  return histograms.reduce(
    (widest, histogram) => Math.max(widest, zeroBucketFor(histogram, widest).threshold),
    Math.max(atLeast, ...histograms.map(({ zeroThreshold }) => zeroThreshold)),
  );
}

/**
 * The zero bucket of a histogram if its threshold were `threshold` or, where that lies within a populated bucket, the end
 * of that bucket.
 */
export function zeroBucketFor(
  histogram: NativeHistogram,
  threshold: number,
): { readonly threshold: number; readonly count: number } {
  if (threshold <= histogram.zeroThreshold) return { threshold: histogram.zeroThreshold, count: histogram.zeroCount };
  for (let reach = threshold; ;) {
    let count = histogram.zeroCount;
    let farthest = reach;
    for (const { indexes, counts } of [histogram.positive, histogram.negative]) {
      for (let i = 0; i < indexes.length; i += 1) {
        const index = indexes[i] as number;
        if (upperBoundOf(histogram, index - 1) >= reach) break;
        const inBucket = counts[i] as number;
        count += inBucket;
        if (inBucket !== 0) farthest = Math.max(farthest, upperBoundOf(histogram, index));
      }
    }
    if (farthest === reach) return { threshold: reach, count };
    reach = farthest;
  }
}

/** `threshold` is at least the histogram's own, and not within a populated bucket. */
function withZeroThreshold(histogram: NativeHistogram, threshold: number): NativeHistogram {
  if (threshold <= histogram.zeroThreshold) return histogram;
  const isOutside = (index: number): boolean => upperBoundOf(histogram, index - 1) >= threshold;
  return {
    ...histogram,
    zeroThreshold: threshold,
    zeroCount: zeroBucketFor(histogram, threshold).count,
    positive: filterBuckets(histogram.positive, isOutside),
    negative: filterBuckets(histogram.negative, isOutside),
  };
}

/** At a resolution that is as high or lower; with a custom schema on either side, the histogram itself. */
export function toSchema(histogram: NativeHistogram, schema: number): NativeHistogram {
  if (schema >= histogram.schema || schema === CUSTOM_SCHEMA) return histogram;
  const shift = histogram.schema - schema;
  const merge = (buckets: Buckets): Buckets => mergeInto(buckets, (index) => ((index - 1) >> shift) + 1);
  return { ...histogram, schema, positive: merge(histogram.positive), negative: merge(histogram.negative) };
}

/** Buckets by the index that `indexOf` gives to each; it never falls as the index rises. */
function mergeInto({ indexes, counts }: Buckets, indexOf: (index: number) => number): Buckets {
  if (indexes.length === 0) return NO_BUCKETS;
  const merged = { indexes: new Int32Array(indexes.length), counts: new Float64Array(indexes.length) };
  let length = 0;
  for (let i = 0; i < indexes.length; i += 1) {
    const index = indexOf(indexes[i] as number);
    if (length === 0 || merged.indexes[length - 1] !== index) {
      merged.indexes[length] = index;
      length += 1;
    }
    merged.counts[length - 1] = (merged.counts[length - 1] as number) + (counts[i] as number);
  }
  return { indexes: merged.indexes.slice(0, length), counts: merged.counts.slice(0, length) };
}
