import { OperatingError } from '@plumb/base';
import { createHistogram, CUSTOM_SCHEMA, type NativeHistogram } from './native-histogram.ts';

/** A bucket of a classic histogram: how many observations were at most `upper`. */
export type ClassicBucket = { readonly upper: number; readonly count: number };

/**
 * A classic histogram as a native one with custom bounds (NHCB). `count` is that of the highest bucket when it is left out.
 * The order of the buckets does not matter; of two with one bound, the first counts.
 * @throws OperatingError `invalid` when counts fall or differ from `count`, or there is nothing to count.
 */
export function histogramFromClassic(
  buckets: readonly ClassicBucket[],
  { count, sum = 0 }: { readonly count?: number | undefined; readonly sum?: number | undefined },
): NativeHistogram {
  const sorted = [...buckets]
    .sort((a, b) => (a.upper < b.upper ? -1 : a.upper > b.upper ? 1 : 0))
    .filter(({ upper }, i, all) => i === 0 || upper !== all[i - 1]?.upper);
  const total = count ?? sorted.at(-1)?.count;
  if (total === undefined) throw new OperatingError('invalid', 'a histogram needs a count or a bucket');
  const finite = sorted.filter(({ upper }) => upper !== Infinity);
  const all = [...finite, { upper: Infinity, count: sorted.find(({ upper }) => upper === Infinity)?.count ?? total }];
  if (all.at(-1)?.count !== total)
    throw new OperatingError('invalid', `the bucket of +Inf counts ${all.at(-1)?.count}, the histogram ${total}`);
  let below = 0;
  const own = all.map(({ upper, count: upTo }) => {
    const inBucket = upTo - below;
    if (inBucket < 0)
      throw new OperatingError('invalid', `the bucket of ${upper} counts ${upTo}, less than ${below} below it`);
    below = upTo;
    return inBucket;
  });
  return createHistogram({
    schema: CUSTOM_SCHEMA,
    count: total,
    sum,
    bounds: finite.map(({ upper }) => upper),
    positive: { indexes: Int32Array.from(own.keys()), counts: Float64Array.from(own) },
  });
}
