/**
 * The blocks of a database: a folder of immutable files, in order of time and without overlap. Small ones are joined to
 * larger ones, so that their count stays bounded, and those beyond the retention are deleted.
 */
import fs from 'node:fs';
import path from 'node:path';
import { describeError, type Log } from '@plumb/base';
import { Block } from './block.ts';
import { type BlockSeries, writeBlock } from './block-writer.ts';
import { linkOrCopy, listNumbered, numberedName, syncDirectory } from './durable-file.ts';
import type { SealedChunk } from './head-series.ts';
import { type Labels, labelsKey } from './labels.ts';
import type { LabelMatcher } from './matcher.ts';
import { mergeChunks } from './merge-chunks.ts';
import { TOMBSTONES } from './tombstones.ts';

const BLOCK = '.block';
/** Blocks are joined to spans of 3, 9 and 27 flush periods (6, 18 and 54 h of 2 h), as Prometheus does. */
const JOIN_PERIODS = [3, 9, 27] as const;

export class BlockStore implements Disposable {
  /** By time; of those that begin together, the first written first. They overlap only until the next compaction. */
  blocks: readonly Block[] = [];
  /** Files that were damaged when the database was opened; they are renamed to `.block.damaged`. */
  damagedFileCount = 0;
  readonly #directory: string;
  readonly #log: Log;
  #nextNumber = 1;

  constructor(directory: string, log: Log) {
    this.#directory = directory;
    this.#log = log;
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const name of fs.readdirSync(directory)) if (name.endsWith('.tmp')) fs.rmSync(path.join(directory, name));
    const files = listNumbered(directory, BLOCK);
    for (const { number, file } of listNumbered(directory, TOMBSTONES))
      if (!files.some((block) => block.number === number)) fs.rmSync(file);
    this.#nextNumber = (files.at(-1)?.number ?? 0) + 1;
    const opened = files.flatMap(({ number, file }) => this.#open(number, file));
    const replaced = new Set(opened.flatMap(({ facts }) => facts.replaces));
    for (const block of opened.filter(({ number }) => replaced.has(number))) this.#remove(block);
    this.#publish(opened.filter(({ number }) => !replaced.has(number)));
  }

  /** Samples before this are in blocks; -Infinity when there is none. */
  get flushedThrough(): number {
    return this.blocks.reduce((latest, { facts }) => Math.max(latest, facts.endAt), -Infinity);
  }

  /** Writes a block; it is found by queries once `publish` is called with it. */
  async write(
    series: Iterable<BlockSeries>,
    range: { startAt: number; endAt: number },
    replaces: readonly number[] = [],
    number = this.#nextNumber,
  ): Promise<Block> {
    this.#nextNumber = Math.max(this.#nextNumber, number + 1);
    const file = path.join(this.#directory, numberedName(number, BLOCK));
    await writeBlock(file, series, { ...range, replaces });
    return new Block(number, file, this.#log);
  }

  publish(block: Block): void {
    const replaced = this.blocks.filter(({ number }) => block.facts.replaces.includes(number));
    this.#publish([...this.blocks.filter((other) => !replaced.includes(other)), block]);
    for (const old of replaced) this.#remove(old);
  }

  /** Joins blocks that overlap, rewrites those with deletions, and joins neighbours to the spans of `JOIN_PERIODS`. */
  async compact(periodMs: number): Promise<void> {
    for (let group = this.#nextGroup(periodMs); group !== undefined; group = this.#nextGroup(periodMs)) {
      const startAt = Math.min(...group.map(({ facts }) => facts.startAt));
      const endAt = Math.max(...group.map(({ facts }) => facts.endAt));
      const replaces = group.map(({ number }) => number);
      const block = await this.write(joinedSeries(group), { startAt, endAt }, replaces);
      this.publish(block);
      const { number, facts, sizeBytes } = block;
      this.#log.info('tsdb.block.compacted', { number, replaces, sampleCount: facts.sampleCount, sizeBytes });
    }
  }

  /** Deletes the blocks that end at or before `leastAt`. */
  retainFrom(leastAt: number): void {
    this.#expire(this.blocks.filter(({ facts }) => facts.endAt <= leastAt));
  }

  /** Deletes the oldest blocks while all together are larger than `bytesMax`; the newest stays. */
  retainBytes(bytesMax: number): void {
    let bytes = this.blocks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const old: Block[] = [];
    for (const block of this.blocks.slice(0, -1)) {
      if (bytes <= bytesMax) break;
      old.push(block);
      bytes -= block.sizeBytes;
    }
    this.#expire(old);
  }

  /** Marks samples as deleted in every block that has some in the range: queries leave them out, compaction drops them. */
  deleteRange(matchers: readonly LabelMatcher[], minAt: number, maxAt: number): void {
    for (const block of this.blocks) if (block.overlaps(minAt, maxAt)) block.deleteRange({ matchers, minAt, maxAt });
  }

  /** Blocks that another lies over, that something was deleted from, or that end behind `lateAt`: their samples change yet. */
  unsettled(lateAt: number): Block[] {
    const isOver = (block: Block, other: Block): boolean =>
      other !== block && other.overlaps(block.facts.startAt, block.facts.endAt - 1);
    return this.blocks.filter(
      (block) => block.facts.endAt > lateAt || block.hasTombstones || this.blocks.some((other) => isOver(block, other)),
    );
  }

  /**
   * Settled blocks that are as long as they get, or about to be deleted: what is derived from them is derived once. Tiers of
   * shorter ones would take as many bytes as the samples, and be thrown away at the next joining.
   */
  final({
    periodMs,
    lateAt,
    leastAt,
  }: {
    readonly periodMs: number;
    readonly lateAt: number;
    readonly leastAt: number;
  }): Block[] {
    const longestMs = JOIN_PERIODS[2] * periodMs;
    const oldAt = this.flushedThrough - longestMs;
    const unsettled = new Set(this.unsettled(lateAt));
    return this.blocks.filter((block) => {
      const { startAt, endAt } = block.facts;
      const isLong = endAt - startAt >= longestMs || endAt <= oldAt;
      return !unsettled.has(block) && (isLong || endAt <= leastAt);
    });
  }

  /** Puts all blocks into `directory` too, as other names of the same files where the disk can do that. */
  linkInto(directory: string): void {
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const block of this.blocks) {
      for (const file of block.files) linkOrCopy(file, path.join(directory, path.basename(file)));
    }
    syncDirectory(directory);
  }

  [Symbol.dispose](): void {
    for (const block of this.blocks) block[Symbol.dispose]();
  }

  #open(number: number, file: string): Block[] {
    try {
      return [new Block(number, file, this.#log)];
    } catch (error) {
      this.damagedFileCount += 1;
      fs.renameSync(file, `${file}.damaged`);
      this.#log.error('tsdb.block.damaged', { file, movedTo: `${file}.damaged`, reason: describeError(error) });
      return [];
    }
  }

  #publish(blocks: readonly Block[]): void {
    this.blocks = blocks.toSorted((a, b) => a.facts.startAt - b.facts.startAt || a.number - b.number);
  }

  #expire(old: readonly Block[]): void {
    this.#publish(this.blocks.filter((block) => !old.includes(block)));
    for (const block of old) {
      this.#remove(block);
      this.#log.info('tsdb.block.expired', { number: block.number, endAt: block.facts.endAt });
    }
  }

  /** The block goes first: tombstones without one are swept at the next start. */
  #remove(block: Block): void {
    block[Symbol.dispose]();
    for (const file of [block.file, ...block.files]) fs.rmSync(file, { force: true });
    syncDirectory(this.#directory);
  }

  /** Blocks of late samples, with those that they lie over. */
  #overlapping(): Block[] | undefined {
    let group: Block[] = [];
    let endAt = -Infinity;
    for (const block of this.blocks) {
      if (block.facts.startAt < endAt) {
        group.push(block);
      } else {
        if (group.length > 1) return group;
        group = [block];
      }
      endAt = Math.max(endAt, block.facts.endAt);
    }
    return group.length > 1 ? group : undefined;
  }

  #nextGroup(periodMs: number): Block[] | undefined {
    const overlapping = this.#overlapping();
    if (overlapping !== undefined) return overlapping;
    const deleted = this.blocks.find(({ hasTombstones }) => hasTombstones);
    if (deleted !== undefined) return [deleted];
    for (const periods of JOIN_PERIODS) {
      const spanMs = periods * periodMs;
      const spanOf = (at: number): number => Math.floor(at / spanMs);
      // A span that the newest block does not pass may still grow: joining it now would be joining it twice.
      const lastSpan = spanOf(this.flushedThrough);
      const inOneSpan = ({ facts }: Block): boolean => spanOf(facts.startAt) === spanOf(facts.endAt - 1);
      const groups = Map.groupBy(this.blocks.filter(inOneSpan), ({ facts }) => spanOf(facts.startAt));
      for (const [span, group] of groups) if (span < lastSpan && group.length > 1) return group;
    }
    return undefined;
  }
}

/** Every series of blocks that follow each other, once, in order of label keys, with its chunks joined. */
function* joinedSeries(group: readonly Block[]): Generator<BlockSeries> {
  const parts = new Map<string, { readonly labels: Labels; readonly places: { block: Block; ordinal: number }[] }>();
  for (const block of group) {
    for (let ordinal = 0; ordinal < block.index.seriesCount; ordinal += 1) {
      const labels = block.index.labels(ordinal);
      const key = labelsKey(labels);
      const part = parts.get(key) ?? { labels, places: [] };
      part.places.push({ block, ordinal });
      parts.set(key, part);
    }
  }
  for (const [, { labels, places }] of [...parts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const chunks: SealedChunk[] = places.flatMap(({ block, ordinal }) => block.chunksIn(ordinal, -Infinity, Infinity));
    if (chunks.length > 0) yield { labels, chunks: mergeChunks(chunks) };
  }
}
