/** The operators `</` and `>/`: a native histogram without its observations above, or below, a value. */
import { type Buckets, compacted, hasCustomBounds, type NativeHistogram, upperBoundOf } from './native-histogram.ts';
import { logShare } from './quantile.ts';

/** What is left of a bucket, and where it is taken to lie. */
type Kept = { readonly count: number; readonly middle: number };
type Ends = { readonly lower: number; readonly upper: number; readonly count: number };

/**
 * Keeps what is `below` or `above` the value `at`. A bucket that it cuts is interpolated as for quantiles. The sum is that of
 * the middles of what is left; when nothing was cut, it stays. Of a bucket without an end, nothing is known: what may lie
 * on the wrong side goes.
 */
export function trimHistogram(histogram: NativeHistogram, at: number, keeps: 'below' | 'above'): NativeHistogram {
  let count = 0;
  let sum = 0;
  let isCut = false;
  const take = (before: number, kept: Kept): number => {
    count += kept.count;
    sum += kept.count === 0 ? 0 : kept.count * kept.middle;
    if (kept.count !== before) isCut = true;
    return kept.count;
  };
  const trimSide = ({ indexes, counts }: Buckets, sign: 1 | -1): Buckets => ({
    indexes,
    counts: counts.map((inBucket, i) => {
      if (inBucket === 0) return 0;
      const ends = endsOf(histogram, indexes[i] as number, sign, inBucket);
      return take(inBucket, trimBucket(ends, at, { keeps, isLinear: hasCustomBounds(histogram) }));
    }),
  });
  const positive = trimSide(histogram.positive, 1);
  const negative = trimSide(histogram.negative, -1);
  const zeroCount =
    histogram.zeroCount > 0
      ? take(histogram.zeroCount, trimBucket(zeroEnds(histogram), at, { keeps, isLinear: true }))
      : histogram.zeroCount;
  return isCut ? compacted({ ...histogram, count, sum, zeroCount, positive, negative }) : histogram;
}

function endsOf(histogram: NativeHistogram, index: number, sign: 1 | -1, count: number): Ends {
  const [inner, outer] = [upperBoundOf(histogram, index - 1), upperBoundOf(histogram, index)];
  return sign === 1 ? { lower: inner, upper: outer, count } : { lower: -outer, upper: -inner, count };
}

/** The zero bucket of a histogram with observations on one side only ends at zero on the other. */
function zeroEnds({ positive, negative, zeroThreshold, zeroCount }: NativeHistogram): Ends {
  const isPopulated = ({ counts }: Buckets): boolean => counts.some((count) => count !== 0);
  const [above, below] = [isPopulated(positive), isPopulated(negative)];
  return {
    lower: above && !below ? 0 : -zeroThreshold,
    upper: below && !above ? 0 : zeroThreshold,
    count: zeroCount,
  };
}

type TrimOptions = { readonly keeps: 'below' | 'above'; readonly isLinear: boolean };

function trimBucket({ lower, upper, count }: Ends, at: number, { keeps, isLinear }: TrimOptions): Kept {
  const isKept = keeps === 'below' ? upper <= at : lower >= at;
  if (isKept) return { count, middle: middleOf(lower, upper, isLinear) };
  const isGone = keeps === 'below' ? lower >= at : upper <= at;
  if (isGone) return { count: 0, middle: 0 };
  // The first custom bucket begins at zero when it ends above it.
  if (lower === -Infinity && upper > 0 && upper !== Infinity && (at > 0 || (keeps === 'above' && at === 0)))
    return trimBucket({ lower: 0, upper, count }, at, { keeps, isLinear });
  if (lower === -Infinity) return keeps === 'below' && upper <= 0 ? { count, middle: at } : { count: 0, middle: 0 };
  if (upper === Infinity) return keeps === 'above' ? { count, middle: at } : { count: 0, middle: 0 };
  const share = isLinear ? (at - lower) / (upper - lower) : logShare(at, lower, upper);
  return keeps === 'below'
    ? { count: count * share, middle: middleOf(lower, at, isLinear) }
    : { count: count - count * share, middle: middleOf(at, upper, isLinear) };
}

function middleOf(lower: number, upper: number, isLinear: boolean): number {
  if (lower === -Infinity) return upper === Infinity ? 0 : upper > 0 ? upper / 2 : upper;
  if (upper === Infinity) return lower;
  if (isLinear) return (lower + upper) / 2;
  return Math.sqrt(lower * upper) * (upper > 0 ? 1 : -1);
}
