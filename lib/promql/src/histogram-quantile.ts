/** Quantiles of classic histograms: counters with cumulative buckets by the label `le`. */
import { filterLabels, type Labels, labelOf, labelsKey } from './queryable.ts';
import { type Column, emptyColumn } from './vector.ts';

const BUCKET_LABEL = 'le';
/** Buckets are scraped and summed as floats: a fall by less than this share is rounding, not disorder. */
const SMALL_DELTA = 1e-12;

type Bucket = { readonly upper: number; count: number };

/** One column for each set of labels but `le`. Series whose `le` is not a number are left out. */
export function histogramQuantiles(quantiles: Float64Array, columns: readonly Column[]): Column[] {
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
  return [...groups.values()].map(({ labels, buckets }) => {
    const result = emptyColumn(labels, quantiles.length, true);
    const sorted = buckets.sort((a, b) => (a.upper < b.upper ? -1 : a.upper > b.upper ? 1 : 0));
    for (let step = 0; step < quantiles.length; step += 1) {
      const present = sorted.filter(({ column }) => column.present[step] === 1);
      if (present.length === 0) continue;
      const counts = present.map(({ upper, column }) => ({ upper, count: column.values[step] as number }));
      result.values[step] = bucketQuantile(quantiles[step] as number, counts);
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
