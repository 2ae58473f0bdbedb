/** Moves periods that have passed from the head into blocks: samples in order, and late ones of periods that were moved before. */
import type { Log } from '@plumb/base';
import type { BlockStore } from './block-store.ts';
import type { BlockSeries } from './block-writer.ts';
import type { Head, LateChunks } from './head.ts';
import type { HeadSeries } from './head-series.ts';
import { mergeChunks } from './merge-chunks.ts';

export class Flusher {
  readonly #head: Head;
  readonly #blocks: BlockStore;
  readonly #periodMs: number;
  readonly #log: Log;

  constructor(head: Head, blocks: BlockStore, { periodMs, log }: { readonly periodMs: number; readonly log: Log }) {
    this.#head = head;
    this.#blocks = blocks;
    this.#periodMs = periodMs;
    this.#log = log;
  }

  /** Flushes each period that ended half a period before the newest sample. Returns whether there was one. */
  async flush(): Promise<boolean> {
    const flushAt = this.#startOf(this.#head.newestAt - this.#periodMs / 2);
    const oldestAt = (): number =>
      this.#head.series.reduce((first, series) => Math.min(first, series.firstAt), Infinity);
    let hasFlushed = false;
    for (let at = this.#startOf(oldestAt()); at < flushAt; at = this.#startOf(oldestAt())) {
      await this.#flushPeriod(at);
      hasFlushed = true;
    }
    if (hasFlushed) await this.#flushLate();
    return hasFlushed;
  }

  /** Late samples of periods that are in blocks already get blocks of their own, which compaction then joins. */
  async #flushLate(): Promise<void> {
    const starts = new Set<number>();
    for (const chunks of this.#head.lateChunks().values()) {
      for (const { minAt, maxAt } of chunks) {
        const end = Math.min(maxAt, this.#head.leastAt - 1);
        for (let at = this.#startOf(minAt); at <= end; at += this.#periodMs) starts.add(at);
      }
    }
    for (const startAt of [...starts].sort((a, b) => a - b)) await this.#flushPeriod(startAt);
  }

  async #flushPeriod(startAt: number): Promise<void> {
    const endAt = startAt + this.#periodMs;
    // From here on nothing in order is added to the period; late samples that come while it is written stay in the head.
    this.#head.leastAt = Math.max(this.#head.leastAt, endAt);
    const late = this.#head.lateChunks();
    const block = await this.#blocks.write(seriesIn(this.#head.series, { startAt, endAt, late }), { startAt, endAt });
    this.#blocks.publish(block);
    this.#head.drop(startAt, endAt, late);
    const { number, facts, sizeBytes } = block;
    const { seriesCount, sampleCount } = facts;
    this.#log.info('tsdb.block.flushed', { number, seriesCount, sampleCount, sizeBytes });
  }

  #startOf(at: number): number {
    return Math.floor(at / this.#periodMs) * this.#periodMs;
  }
}

function* seriesIn(
  series: readonly HeadSeries[],
  { startAt, endAt, late }: { readonly startAt: number; readonly endAt: number; readonly late: LateChunks },
): Generator<BlockSeries> {
  for (const one of series.toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
    const chunks = mergeChunks(one.chunksIn(startAt, endAt, late.get(one) ?? []));
    if (chunks.length > 0) yield { labels: one.labels, chunks };
  }
}
