/** Quantiles and shares of classic histograms: counters with cumulative buckets by the label `le`. */

export const BUCKET_LABEL = 'le';
/** Buckets are scraped and summed as floats: a fall by less than this share is rounding, not disorder. */
const SMALL_DELTA = 1e-12;

export type CumulativeBucket = { readonly upper: number; readonly count: number };
type Bucket = { readonly upper: number; count: number };

/** The bound that `le` gives; undefined for what is no number. */
export function parseBound(text: string): number | undefined {
  if (/^\+?inf$/i.test(text)) return Infinity;
  if (/^-inf$/i.test(text)) return -Infinity;
  const bound = text.trim() === '' ? NaN : Number(text);
  return Number.isNaN(bound) ? undefined : bound;
}

/**
 * Of buckets in order of their bounds, assuming that observations are spread evenly within a bucket. `isForced` when a count
 * fell and was raised to the one below.
 */
export function bucketQuantile(
  q: number,
  counts: readonly CumulativeBucket[],
): { readonly value: number; readonly isForced: boolean } {
  const certain = (value: number): { value: number; isForced: boolean } => ({ value, isForced: false });
  if (Number.isNaN(q)) return certain(NaN);
  if (q < 0) return certain(-Infinity);
  if (q > 1) return certain(Infinity);
  if (counts.at(-1)?.upper !== Infinity) return certain(NaN);
  const buckets = coalesced(counts);
  const isForced = makeMonotonic(buckets);
  const last = buckets.at(-1);
  if (last === undefined || buckets.length < 2) return certain(NaN);
  if (last.count === 0 || Number.isNaN(last.count)) return { value: NaN, isForced: false };
  return { value: interpolate(q * last.count, buckets), isForced };
}

/** The value below which `total` observations lie. */
function interpolate(total: number, buckets: readonly Bucket[]): number {
  const found = buckets.findIndex(({ count }) => count >= total);
  const index = found < 0 ? buckets.length - 1 : found;
  const { upper, count } = buckets[index] as Bucket;
  if (index === buckets.length - 1) return (buckets[index - 1] as Bucket).upper;
  if (index === 0 && upper <= 0) return upper;
  const below = buckets[index - 1] ?? { upper: 0, count: 0 };
  return below.upper + (upper - below.upper) * ((total - below.count) / (count - below.count));
}

/** As `bucketQuantile` has it, but nothing is assumed of where observations lie in a bucket without a bound. */
export function bucketFraction(lower: number, upper: number, counts: readonly CumulativeBucket[]): number {
  const buckets = coalesced(counts);
  const last = buckets.at(-1);
  if (last === undefined || last.upper !== Infinity) return NaN;
  if (last.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return NaN;
  if (lower >= upper) return 0;
  return (rankOf(upper, buckets, last.count) - rankOf(lower, buckets, last.count)) / last.count;
}

/** How many observations lie below `value`. */
function rankOf(value: number, buckets: readonly Bucket[], total: number): number {
  let below = { upper: -Infinity, count: 0 };
  for (const [index, bucket] of buckets.entries()) {
    if (index === 0 && bucket.upper > 0) below = { upper: 0, count: 0 };
    if (below.upper >= value) return below.count;
    if (bucket.upper > value) {
      if (below.upper === -Infinity) return bucket.count;
      return Math.min(
        total,
        below.count + (bucket.count - below.count) * ((value - below.upper) / (bucket.upper - below.upper)),
      );
    }
    below = bucket;
  }
  return total;
}

/** Bounds that are one number in two spellings are one bucket. */
function coalesced(counts: readonly CumulativeBucket[]): Bucket[] {
  const buckets: Bucket[] = [];
  for (const { upper, count } of counts) {
    const before = buckets.at(-1);
    if (before?.upper === upper) before.count += count;
    else buckets.push({ upper, count });
  }
  return buckets;
}

/** Buckets are cumulative: one that holds less than the one below it is raised to it. Tells whether that was no rounding. */
function makeMonotonic(buckets: Bucket[]): boolean {
  let most = buckets[0]?.count ?? 0;
  let isForced = false;
  for (const bucket of buckets) {
    const isNearlyEqual = Math.abs(bucket.count - most) <= SMALL_DELTA * Math.abs(bucket.count + most);
    if (!isNearlyEqual && bucket.count < most) isForced = true;
    if (isNearlyEqual || bucket.count < most) bucket.count = most;
    else most = bucket.count;
  }
  return isForced;
}
