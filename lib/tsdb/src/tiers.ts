/**
 * Tiers: beside the blocks of samples, blocks of their aggregates over 5 minutes and an hour, kept far longer. Each is made
 * of one block of samples and has its number, so what a block `replaces` is replaced in the tiers too. They are derived: a
 * query takes them where they are settled and the samples elsewhere, and the answer is the same.
 */
import path from 'node:path';
import type { Log } from '@plumb/base';
import { type Bucket, bucketsOf, combineBuckets } from './aggregate.ts';
import type { Block } from './block.ts';
import { BlockStore } from './block-store.ts';
import type { BlockSeries } from './block-writer.ts';
import { openBuckets, sealBuckets } from './bucket-chunk.ts';
import { joinParts } from './columns.ts';
import type { LabelMatcher } from './matcher.ts';

export type TierOptions = { readonly stepMs: number; readonly retentionMs: number };

const MINUTE = 60_000;
const DAY = 86_400_000;
/** A bucket of 5 minutes stands for 20 samples at 15 s, one of an hour for 240: together a few per cent of the bytes. */
export const TIERS: readonly TierOptions[] = [
  { stepMs: 5 * MINUTE, retentionMs: 180 * DAY },
  { stepMs: 60 * MINUTE, retentionMs: 5 * 365 * DAY },
];

type Tier = TierOptions & { readonly store: BlockStore };

export class Tiers implements Disposable {
  /** By their steps, each a multiple of the one before. */
  readonly #tiers: readonly Tier[];

  constructor(directory: string, log: Log, tiers: readonly TierOptions[]) {
    this.#tiers = tiers.map((tier) => ({ ...tier, store: new BlockStore(tierDirectory(directory, tier.stepMs), log) }));
  }

  get sizeBytes(): number {
    return this.#tiers.flatMap(({ store }) => store.blocks).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  /** Makes what is missing for `blocks`, which are settled: no more samples are expected in them. */
  async derive(blocks: readonly Block[]): Promise<void> {
    for (const source of blocks) {
      let finer: { readonly block: Block; readonly stepMs: number } | undefined;
      for (const { stepMs, store } of this.#tiers) {
        const known = store.blocks.find(({ number }) => number === source.number);
        const { startAt, endAt, replaces } = source.facts;
        const series = finer === undefined ? ofSamples(source, stepMs) : ofBuckets(finer.block, stepMs);
        const block = known ?? (await store.write(series, { startAt, endAt }, replaces, source.number));
        if (known === undefined) store.publish(block);
        finer = { block, stepMs };
      }
    }
  }

  /** Deletes what is older than each tier keeps. */
  retain(now: number): void {
    for (const { store, retentionMs } of this.#tiers) store.retainFrom(now - retentionMs);
  }

  /** Buckets that hold any of these samples are left out; those of blocks that still are there are made again by `derive`. */
  deleteRange(matchers: readonly LabelMatcher[], minAt: number, maxAt: number): void {
    for (const { store, stepMs } of this.#tiers) store.deleteRange(matchers, minAt, maxAt + stepMs - 1);
  }

  /** The coarsest tier whose buckets make up buckets of `stepMs`, by what it is of; none when no tier does. */
  blocksFor(stepMs: number): readonly Block[] {
    return this.#tiers.findLast((tier) => stepMs % tier.stepMs === 0)?.store.blocks ?? [];
  }

  linkInto(directory: string): void {
    for (const { store, stepMs } of this.#tiers) store.linkInto(tierDirectory(directory, stepMs));
  }

  [Symbol.dispose](): void {
    for (const { store } of this.#tiers) store[Symbol.dispose]();
  }
}

/** The buckets of a series in a tier's block whose ends lie in (minAt, maxAt]. */
export function readBuckets(block: Block, ordinal: number, minAt: number, maxAt: number): Bucket[] {
  const deleted = block.tombstonesOf(ordinal);
  return block
    .readChunks(ordinal, minAt + 1, maxAt)
    .flatMap(openBuckets)
    .filter(({ endAt }) => endAt > minAt && endAt <= maxAt)
    .filter(({ endAt }) => !deleted.some((one) => endAt >= one.minAt && endAt <= one.maxAt));
}

function tierDirectory(directory: string, stepMs: number): string {
  return path.join(directory, `tier-${stepMs / MINUTE}m`);
}

function* ofSamples(source: Block, stepMs: number): Generator<BlockSeries> {
  for (let ordinal = 0; ordinal < source.index.seriesCount; ordinal += 1) {
    const samples = joinParts(source.chunksIn(ordinal, -Infinity, Infinity), -Infinity, Infinity);
    const chunks = sealBuckets(bucketsOf(samples, stepMs));
    if (chunks.length > 0) yield { labels: source.index.labels(ordinal), chunks };
  }
}

function* ofBuckets(source: Block, stepMs: number): Generator<BlockSeries> {
  for (let ordinal = 0; ordinal < source.index.seriesCount; ordinal += 1) {
    const chunks = sealBuckets(combineBuckets(readBuckets(source, ordinal, -Infinity, Infinity), stepMs));
    if (chunks.length > 0) yield { labels: source.index.labels(ordinal), chunks };
  }
}
