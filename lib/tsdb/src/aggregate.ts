/**
 * Aggregates of the samples of one series over buckets of a fixed length. Bucket `end` holds the samples in (end - step, end],
 * as a PromQL range does, so the samples of a range that begins and ends with buckets are those of whole buckets: what is
 * combined from them is what PromQL computes from the samples, but for the rounding of sums.
 *
 * Stale markers and histograms are not samples here, as for PromQL's functions over floats.
 */
import type { Columns } from './chunk.ts';
import { isStale } from './stale.ts';

export type Aggregate = {
  readonly count: number;
  readonly sum: number;
  /** NaN only when all values are. */
  readonly min: number;
  readonly max: number;
  readonly first: number;
  readonly last: number;
  /** Epoch ms. */
  readonly firstAt: number;
  readonly lastAt: number;
  /** What a counter counted from the first to the last sample: a value below the one before is a reset. */
  readonly increase: number;
};

/** A bucket by its end, epoch ms. */
export type Bucket = Aggregate & { readonly endAt: number };

/** Buckets with samples, ascending. */
export function bucketsOf(columns: Columns, stepMs: number): Bucket[] {
  const { times, values, histograms } = columns;
  const buckets: Bucket[] = [];
  let open: { -readonly [K in keyof Bucket]: Bucket[K] } | undefined;
  for (let i = 0; i < times.length; i += 1) {
    if (histograms?.[i] !== undefined || isStale(values, i)) continue;
    const at = times[i] as number;
    const value = values[i] as number;
    if (open === undefined || at > open.endAt) {
      if (open !== undefined) buckets.push(open);
      open = { endAt: Math.ceil(at / stepMs) * stepMs, ...single(at, value) };
      continue;
    }
    open.count += 1;
    open.sum += value;
    if (value < open.min || Number.isNaN(open.min)) open.min = value;
    if (value > open.max || Number.isNaN(open.max)) open.max = value;
    open.increase += value < open.last ? value : value - open.last;
    open.last = value;
    open.lastAt = at;
  }
  if (open !== undefined) buckets.push(open);
  return buckets;
}

/** The aggregate of samples that follow each other. */
export function combine(a: Aggregate, b: Aggregate): Aggregate {
  return {
    count: a.count + b.count,
    sum: a.sum + b.sum,
    min: b.min < a.min || Number.isNaN(a.min) ? b.min : a.min,
    max: b.max > a.max || Number.isNaN(a.max) ? b.max : a.max,
    first: a.first,
    last: b.last,
    firstAt: a.firstAt,
    lastAt: b.lastAt,
    increase: a.increase + (b.first < a.last ? b.first : b.first - a.last) + b.increase,
  };
}

/** Buckets of `stepMs`, a multiple of what they are now; parts of one bucket become one. They ascend by their samples. */
export function combineBuckets(buckets: readonly Bucket[], stepMs: number): Bucket[] {
  const combined: Bucket[] = [];
  for (const bucket of buckets) {
    const endAt = Math.ceil(bucket.endAt / stepMs) * stepMs;
    const last = combined.at(-1);
    if (last?.endAt === endAt) combined[combined.length - 1] = { ...combine(last, bucket), endAt };
    else combined.push({ ...bucket, endAt });
  }
  return combined;
}

/** The aggregate of all samples in (startAt, endAt], which are ends of buckets; undefined when there is none. */
export function aggregateOver(buckets: readonly Bucket[], startAt: number, endAt: number): Aggregate | undefined {
  let found: Aggregate | undefined;
  for (const bucket of buckets) {
    if (bucket.endAt <= startAt || bucket.endAt > endAt) continue;
    found = found === undefined ? bucket : combine(found, bucket);
  }
  return found;
}

/**
 * PromQL's `increase` over (startAt, endAt], extrapolated to the ends of the range as Prometheus does
 * (promql/functions.go, extrapolatedRate); divided by the range in seconds it is `rate`. Undefined for fewer than two samples.
 */
export function increaseOver(aggregate: Aggregate, startAt: number, endAt: number): number | undefined {
  const { count, first, firstAt, lastAt, increase } = aggregate;
  if (count < 2) return undefined;
  const sampledMs = lastAt - firstAt;
  const averageMs = sampledMs / (count - 1);
  const thresholdMs = averageMs * 1.1;
  let [toStartMs, toEndMs] = [firstAt - startAt, endAt - lastAt];
  if (toStartMs >= thresholdMs) toStartMs = averageMs / 2;
  // A counter is not extrapolated to below zero.
  if (increase > 0 && first >= 0) toStartMs = Math.min(toStartMs, sampledMs * (first / increase));
  if (toEndMs >= thresholdMs) toEndMs = averageMs / 2;
  return increase * ((sampledMs + toStartMs + toEndMs) / sampledMs);
}

function single(at: number, value: number): Aggregate {
  return {
    count: 1,
    sum: value,
    min: value,
    max: value,
    first: value,
    last: value,
    firstAt: at,
    lastAt: at,
    increase: 0,
  };
}
