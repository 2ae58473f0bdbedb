/** Quantiles and shares of classic histograms: counters with cumulative buckets by the label `le`. */
import { filterLabels, type Labels, labelOf, labelsKey } from './queryable.ts';
import { type Column, emptyColumn } from './vector.ts';

const BUCKET_LABEL = 'le';
/** Buckets are scraped and summed as floats: a fall by less than this share is rounding, not disorder. */
const SMALL_DELTA = 1e-12;

type Bucket = { readonly upper: number; count: number };

/** The quantile of each histogram, a step at a time. */
export function histogramQuantiles(quantiles: Float64Array, columns: readonly Column[]): Column[] {
  return mapHistograms(columns, (buckets, step) => bucketQuantile(quantiles[step] as number, buckets));
}

/** The share of observations between two values. */
export function histogramFractions(lowers: Float64Array, uppers: Float64Array, columns: readonly Column[]): Column[] {
  return mapHistograms(columns, (buckets, step) =>
    bucketFraction(lowers[step] as number, uppers[step] as number, buckets),
  );
}

/**
 * One column for each set of labels but `le`, from its buckets in order of their bounds. Series whose `le` is not a number
 * are left out.
 */
function mapHistograms(
  columns: readonly Column[],
  valueOf: (buckets: readonly Bucket[], step: number) => number,
): Column[] {
  const groups = new Map<
    string,
    { readonly labels: Labels; readonly buckets: { readonly upper: number; readonly column: Column }[] }
  >();
  for (const column of columns) {
    const upper = parseBound(labelOf(column.labels, BUCKET_LABEL));
    if (upper === undefined) continue;
    const labels = filterLabels(column.labels, (name) => name !== BUCKET_LABEL);
    const key = labelsKey(labels);
    const group = groups.get(key) ?? { labels, buckets: [] };
    group.buckets.push({ upper, column });
    groups.set(key, group);
  }
  const count = columns[0]?.present.length ?? 0;
  return [...groups.values()].map(({ labels, buckets }) => {
    const result = emptyColumn(labels, count, true);
    const sorted = buckets.sort((a, b) => (a.upper < b.upper ? -1 : a.upper > b.upper ? 1 : 0));
    for (let step = 0; step < count; step += 1) {
      const present = sorted.filter(({ column }) => column.present[step] === 1);
      if (present.length === 0) continue;
      result.values[step] = valueOf(
        present.map(({ upper, column }) => ({ upper, count: column.values[step] as number })),
        step,
      );
      result.present[step] = 1;
    }
    return result;
  });
}

function parseBound(text: string): number | undefined {
  if (/^\+?inf$/i.test(text)) return Infinity;
  if (/^-inf$/i.test(text)) return -Infinity;
  const bound = text.trim() === '' ? NaN : Number(text);
  return Number.isNaN(bound) ? undefined : bound;
}

/** Of buckets in order of their bounds, assuming that observations are spread evenly within a bucket. */
function bucketQuantile(q: number, counts: readonly Bucket[]): number {
  if (Number.isNaN(q)) return NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  const buckets = monotonic(coalesced(counts));
  const last = buckets.at(-1);
  if (last === undefined || last.upper !== Infinity || buckets.length < 2) return NaN;
  if (last.count === 0 || Number.isNaN(last.count)) return NaN;
  let rank = q * last.count;
  const found = buckets.findIndex(({ count }) => count >= rank);
  const index = found < 0 ? buckets.length - 1 : found;
  const { upper, count } = buckets[index] as Bucket;
  if (index === buckets.length - 1) return (buckets[index - 1] as Bucket).upper;
  if (index === 0 && upper <= 0) return upper;
  const below = buckets[index - 1] ?? { upper: 0, count: 0 };
  rank -= below.count;
  return below.upper + (upper - below.upper) * (rank / (count - below.count));
}

/** As `bucketQuantile` has it, but nothing is assumed of where observations lie in a bucket without a bound. */
function bucketFraction(lower: number, upper: number, counts: readonly Bucket[]): number {
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
function coalesced(counts: readonly Bucket[]): Bucket[] {
  const buckets: Bucket[] = [];
  for (const { upper, count } of counts) {
    const before = buckets.at(-1);
    if (before?.upper === upper) before.count += count;
    else buckets.push({ upper, count });
  }
  return buckets;
}

/** Buckets are cumulative: one that holds less than the one below it is raised to it. */
function monotonic(buckets: Bucket[]): Bucket[] {
  let most = buckets[0]?.count ?? 0;
  for (const bucket of buckets) {
    const isNearlyEqual = Math.abs(bucket.count - most) <= SMALL_DELTA * Math.abs(bucket.count + most);
    if (isNearlyEqual || bucket.count < most) bucket.count = most;
    else most = bucket.count;
  }
  return buckets;
}
