/**
 * The blocks of a database: a folder of immutable files, in order of time and without overlap. Small ones are joined to
 * larger ones, so that their count stays bounded, and those beyond the retention are deleted.
 */
import fs from 'node:fs';
import path from 'node:path';
import { describeError, type Log } from '@plumb/base';
import { Block } from './block.ts';
import { type BlockSeries, writeBlock } from './block-writer.ts';
import { listNumbered, numberedName, syncDirectory } from './durable-file.ts';
import type { SealedChunk } from './head-series.ts';
import { type Labels, labelsKey } from './labels.ts';
import { mergeChunks } from './merge-chunks.ts';

const BLOCK = '.block';
/** Blocks are joined to spans of 3, 9 and 27 flush periods (6, 18 and 54 h of 2 h), as Prometheus does. */
const JOIN_PERIODS = [3, 9, 27] as const;

export class BlockStore implements Disposable {
  /** By time. */
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
  ): Promise<Block> {
    const number = this.#nextNumber;
    this.#nextNumber += 1;
    const file = path.join(this.#directory, numberedName(number, BLOCK));
    await writeBlock(file, series, { ...range, replaces });
    return new Block(number, file, this.#log);
  }

  publish(block: Block): void {
    const replaced = this.blocks.filter(({ number }) => block.facts.replaces.includes(number));
    this.#publish([...this.blocks.filter((other) => !replaced.includes(other)), block]);
    for (const old of replaced) this.#remove(old);
  }

  /** Joins neighbours until no span of `JOIN_PERIODS` that has ended holds several blocks. */
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
    const old = this.blocks.filter(({ facts }) => facts.endAt <= leastAt);
    this.#publish(this.blocks.filter((block) => !old.includes(block)));
    for (const block of old) {
      this.#remove(block);
      this.#log.info('tsdb.block.expired', { number: block.number, endAt: block.facts.endAt });
    }
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
    this.blocks = blocks.toSorted((a, b) => a.facts.startAt - b.facts.startAt);
  }

  #remove(block: Block): void {
    block[Symbol.dispose]();
    fs.rmSync(block.file, { force: true });
    syncDirectory(this.#directory);
  }

  #nextGroup(periodMs: number): Block[] | undefined {
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
