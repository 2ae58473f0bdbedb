/** Aggregates over long ranges: from tiers where they are settled, from samples elsewhere. */
import { OperatingError } from '@plumb/base';
import { type Bucket, bucketsOf, combineBuckets } from './aggregate.ts';
import type { Block } from './block.ts';
import { joinParts, type Part } from './columns.ts';
import { type Labels, labelsKey } from './labels.ts';
import { compileMatcher, type LabelMatcher } from './matcher.ts';
import type { SelectLimits, Sources } from './select.ts';
import { readBuckets } from './tiers.ts';

/** One series with the buckets that have samples, ascending. */
export type BucketSeries = { readonly labels: Labels; readonly buckets: readonly Bucket[] };

export type BucketQuery = {
  readonly matchers: readonly LabelMatcher[];
  /** Samples in (startAt, endAt]; both are multiples of `stepMs`. */
  readonly startAt: number;
  readonly endAt: number;
  readonly stepMs: number;
};

type Found = { readonly labels: Labels; readonly parts: (() => Part[])[]; readonly buckets: (() => Bucket[])[] };

/** `settled` are the tier's blocks that may be used. @throws OperatingError `invalid`, `exhausted` at a limit. */
export function selectBuckets(
  sources: Sources,
  settled: readonly Block[],
  { matchers, startAt, endAt, stepMs }: BucketQuery,
  { seriesCountMax = Infinity, sampleCountMax = Infinity }: SelectLimits,
): BucketSeries[] {
  if (!(stepMs > 0) || startAt % stepMs !== 0 || endAt % stepMs !== 0)
    throw new OperatingError(
      'invalid',
      `${startAt} and ${endAt} are not multiples of the step, ${stepMs} ms: round them`,
    );
  const compiled = matchers.map(compileMatcher);
  const found = new Map<string, Found>();
  const entryOf = (key: string, labels: Labels): Found => {
    const known = found.get(key) ?? { labels, parts: [], buckets: [] };
    found.set(key, known);
    return known;
  };
  const minAt = startAt + 1;
  const inTier = new Set(settled.map(({ number }) => number));
  for (const block of settled.filter((one) => one.overlaps(startAt - stepMs, endAt + stepMs))) {
    for (const ordinal of block.index.find(compiled)) {
      const labels = block.index.labels(ordinal);
      entryOf(labelsKey(labels), labels).buckets.push(() => readBuckets(block, ordinal, startAt, endAt));
    }
  }
  for (const block of sources.blocks.filter((one) => !inTier.has(one.number) && one.overlaps(minAt, endAt))) {
    for (const ordinal of block.index.find(compiled)) {
      const labels = block.index.labels(ordinal);
      entryOf(labelsKey(labels), labels).parts.push(() => block.chunksIn(ordinal, minAt, endAt));
    }
  }
  for (const series of sources.head.find(compiled))
    entryOf(series.key, series.labels).parts.push(() => series.partsIn(minAt, endAt));
  if (found.size > seriesCountMax)
    throw new OperatingError(
      'exhausted',
      `the selectors match ${found.size} series, more than ${seriesCountMax}: add matchers`,
    );
  const answer: BucketSeries[] = [];
  let bucketCount = 0;
  for (const { labels, parts, buckets } of found.values()) {
    const samples = joinParts(
      parts.flatMap((read) => read()),
      minAt,
      endAt,
    );
    const all = [...buckets.flatMap((read) => read()), ...bucketsOf(samples, stepMs)];
    const own = combineBuckets(
      all.sort((a, b) => a.firstAt - b.firstAt),
      stepMs,
    );
    bucketCount += own.length;
    if (bucketCount > sampleCountMax)
      throw new OperatingError(
        'exhausted',
        `the answer has more than ${sampleCountMax} buckets: ask for a longer step`,
      );
    if (own.length > 0) answer.push({ labels, buckets: own });
  }
  return answer;
}
