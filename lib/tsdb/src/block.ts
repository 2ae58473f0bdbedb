/** An open block file: checks it, finds series in it, reads their samples. */
import fs from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { type Log, OperatingError } from '@plumb/base';
import { BLOCK_HEADER, BLOCK_HEADER_V1, type BlockFacts, FOOTER_BYTES, parseBlockFacts } from './block-format.ts';
import { BlockIndex, type ChunkEntry, type SeriesIndex } from './block-index.ts';
import { BlockIndexV1 } from './block-index-v1.ts';
import { numberedName, readFully } from './durable-file.ts';
import type { SealedChunk } from './head-series.ts';
import { compileMatcher } from './matcher.ts';
import { readTombstones, type Tombstone, TOMBSTONES, withoutRange, writeTombstones } from './tombstones.ts';

export class Block implements Disposable {
  readonly number: number;
  readonly file: string;
  readonly facts: BlockFacts;
  readonly index: SeriesIndex;
  readonly sizeBytes: number;
  /** Chunks that were left out because their checksum is wrong. */
  damagedChunkCount = 0;
  readonly #fd: number;
  readonly #log: Log;
  readonly #tombstoneFile: string;
  #tombstones: readonly AppliedTombstone[] = [];

  /** @throws OperatingError `internal` for a file that is damaged or not of this version. */
  constructor(number: number, file: string, log: Log) {
    this.number = number;
    this.file = file;
    this.#log = log;
    this.#tombstoneFile = path.join(path.dirname(file), numberedName(number, TOMBSTONES));
    this.#fd = fs.openSync(file, 'r');
    try {
      this.sizeBytes = fs.fstatSync(this.#fd).size;
      const { facts, index } = readParts(this.#fd, this.sizeBytes);
      this.facts = facts;
      this.index = index;
      this.#tombstones = readTombstones(this.#tombstoneFile, log).map((tombstone) => this.#applied(tombstone));
    } catch (error) {
      fs.closeSync(this.#fd);
      throw error;
    }
  }

  /** Of the block and of what was deleted from it. */
  get files(): string[] {
    return this.#tombstones.length > 0 ? [this.file, this.#tombstoneFile] : [this.file];
  }

  get hasTombstones(): boolean {
    return this.#tombstones.length > 0;
  }

  /** From here on the samples are not found. Durable when it returns. @throws OperatingError `exhausted`, `unavailable`. */
  deleteRange(tombstone: Tombstone): void {
    writeTombstones(this.#tombstoneFile, [...this.#tombstones.map((one) => one.tombstone), tombstone]);
    this.#tombstones = [...this.#tombstones, this.#applied(tombstone)];
  }

  overlaps(minAt: number, maxAt: number): boolean {
    return this.facts.startAt <= maxAt && this.facts.endAt > minAt;
  }

  /** The chunks of a series that overlap [minAt, maxAt], without what was deleted; damaged ones are logged and left out. */
  chunksIn(ordinal: number, minAt: number, maxAt: number): SealedChunk[] {
    const chunks = this.readChunks(ordinal, minAt, maxAt);
    return this.tombstonesOf(ordinal).reduce(withoutRange, chunks);
  }

  tombstonesOf(ordinal: number): Tombstone[] {
    return this.#tombstones.filter(({ ordinals }) => ordinals.has(ordinal)).map(({ tombstone }) => tombstone);
  }

  /** The same as they are on disk, read in one go. */
  readChunks(ordinal: number, minAt: number, maxAt: number): SealedChunk[] {
    const entries = this.index.chunks(ordinal).filter((entry) => entry.maxAt >= minAt && entry.minAt <= maxAt);
    const [first, last] = [entries[0], entries.at(-1)];
    if (first === undefined || last === undefined) return [];
    const start = first.offsetBytes;
    const bytes = readFully(this.#fd, start, last.offsetBytes + last.sizeBytes - start);
    return entries.flatMap((entry) => {
      const chunk = bytes.subarray(entry.offsetBytes - start, entry.offsetBytes - start + entry.sizeBytes);
      if (crc32(chunk) === entry.crc) return [sealedChunk(entry, chunk)];
      this.#reportDamage(ordinal, 'wrong checksum');
      return [];
    });
  }

  /** The chunks of a series, each read when its bytes are first asked for. Good while the block is open. */
  storedChunks(ordinal: number): SealedChunk[] {
    return this.index.chunks(ordinal).map((entry) => new StoredChunk(entry, () => this.#read(ordinal, entry)));
  }

  [Symbol.dispose](): void {
    fs.closeSync(this.#fd);
  }

  #read(ordinal: number, { offsetBytes, sizeBytes, crc }: ChunkEntry): Uint8Array {
    const bytes = readFully(this.#fd, offsetBytes, sizeBytes);
    if (crc32(bytes) === crc) return bytes;
    this.#reportDamage(ordinal, 'wrong checksum');
    return new Uint8Array(0);
  }

  #applied(tombstone: Tombstone): AppliedTombstone {
    return { tombstone, ordinals: new Set(this.index.find(tombstone.matchers.map(compileMatcher))) };
  }

  #reportDamage(ordinal: number, reason: string): void {
    this.damagedChunkCount += 1;
    this.#log.error('tsdb.block.damaged-chunk', { file: this.file, series: this.index.labels(ordinal), reason });
  }
}

type AppliedTombstone = { readonly tombstone: Tombstone; readonly ordinals: ReadonlySet<number> };

/** A chunk on disk. Its bytes stay in memory once they were read. */
class StoredChunk implements SealedChunk {
  readonly minAt: number;
  readonly maxAt: number;
  readonly count: number;
  readonly sizeBytes: number;
  #read: (() => Uint8Array) | undefined;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor({ minAt, maxAt, count, sizeBytes }: ChunkEntry, read: () => Uint8Array) {
    this.minAt = minAt;
    this.maxAt = maxAt;
    this.count = count;
    this.sizeBytes = sizeBytes;
    this.#read = read;
  }

  get bytes(): Uint8Array {
    if (this.#read !== undefined) {
      this.#bytes = this.#read();
      this.#read = undefined;
    }
    return this.#bytes;
  }
}

function sealedChunk({ minAt, maxAt, count }: ChunkEntry, bytes: Uint8Array): SealedChunk {
  return { minAt, maxAt, count, bytes };
}

function readParts(fd: number, sizeBytes: number): { facts: BlockFacts; index: SeriesIndex } {
  if (sizeBytes < BLOCK_HEADER.length + FOOTER_BYTES) throw new OperatingError('internal', 'the file is too short');
  const footer = readFully(fd, sizeBytes - FOOTER_BYTES, FOOTER_BYTES);
  const starts = readFully(fd, 0, BLOCK_HEADER.length);
  const isFirstVersion = starts.equals(BLOCK_HEADER_V1);
  if ((!isFirstVersion && !starts.equals(BLOCK_HEADER)) || !footer.subarray(20).equals(starts)) {
    throw new OperatingError('internal', 'the file is not a block of this version');
  }
  const [offset, indexBytes, factsBytes] = [0, 4, 12].map((at) => footer.readUInt32LE(at)) as [number, number, number];
  const indexStart = offset * 4;
  if (indexStart + indexBytes + factsBytes > sizeBytes) throw new OperatingError('internal', 'the footer is damaged');
  const index = readFully(fd, indexStart, indexBytes);
  const facts = readFully(fd, indexStart + indexBytes, factsBytes);
  if (crc32(index) !== footer.readUInt32LE(8) || crc32(facts) !== footer.readUInt32LE(16)) {
    throw new OperatingError('internal', 'the checksum of the index is wrong');
  }
  return {
    facts: parseBlockFacts(facts.toString()),
    index: isFirstVersion ? new BlockIndexV1(index) : new BlockIndex(index),
  };
}
