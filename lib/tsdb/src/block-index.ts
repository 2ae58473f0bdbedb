/**
 * The index of a block, read in place: the bytes of the file stay as they are, and only what a query touches becomes
 * objects. So an open block costs its index's bytes, however many series it names. Drawn in docs/formats/tsdb.md.
 */
import { OperatingError } from '@plumb/base';
import { ByteReader, wordsOf } from './bytes.ts';
import { type Labels, labelsFromPairs } from './labels.ts';
import type { CompiledMatcher } from './matcher.ts';
import { decodePostings } from './postings.ts';
import { StringTable } from './string-table.ts';

export type ChunkEntry = {
  readonly minAt: number;
  readonly maxAt: number;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  readonly crc: number;
  readonly count: number;
};

/** What is asked of an index, whatever its version. Series are numbered from 0 in order of their labels. */
export type SeriesIndex = {
  readonly seriesCount: number;
  /** Framed log records that belong to a checkpoint; empty in a block. */
  readonly records: Uint8Array;
  readonly labels: (ordinal: number) => Labels;
  /** The series' number in the log; 0 outside of a checkpoint. */
  readonly ref: (ordinal: number) => number;
  /** In order of time; late chunks of a checkpoint follow those in order. */
  readonly chunks: (ordinal: number) => ChunkEntry[];
  /** Ordinals of the series that all matchers accept, ascending. */
  readonly find: (matchers: readonly CompiledMatcher[]) => number[];
};

export const SECTION_COUNT = 5;

export class BlockIndex implements SeriesIndex {
  readonly seriesCount: number;
  readonly records: Uint8Array;
  readonly #strings: StringTable;
  /** A count, then an offset for each record, in bytes from the end of the offsets. */
  readonly #offsets: Uint32Array;
  readonly #series: Uint8Array;
  readonly #postings: Uint8Array;
  readonly #refs: Uint32Array;

  /** `bytes` were checked by their checksum. @throws OperatingError `internal` when they are no index all the same. */
  constructor(bytes: Uint8Array) {
    const words = wordsOf(bytes);
    const sizes = Array.from({ length: SECTION_COUNT }, (_, i) => words[i] ?? 0);
    const total = sizes.reduce((sum, size) => sum + size, SECTION_COUNT * 4);
    if (total !== bytes.length) throw new OperatingError('internal', 'the sections of a block index do not add up');
    let start = SECTION_COUNT * 4;
    const sections = sizes.map((size) => {
      start += size;
      return bytes.subarray(start - size, start);
    });
    const [strings, series, postings, refs, records] = sections as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    this.#strings = new StringTable(strings, wordsOf(strings));
    this.seriesCount = wordsOf(series)[0] ?? 0;
    this.#offsets = wordsOf(series.subarray(0, 4 + this.seriesCount * 4)).subarray(1);
    this.#series = series.subarray(4 + this.seriesCount * 4);
    this.#postings = postings;
    this.#refs = wordsOf(refs);
    this.records = records;
  }

  labels(ordinal: number): Labels {
    const reader = this.#recordOf(ordinal);
    const pairs: [string, string][] = [];
    for (let left = reader.varint(); left > 0; left -= 1)
      pairs.push([this.#strings.get(reader.varint()), this.#strings.get(reader.varint())]);
    return labelsFromPairs(pairs);
  }

  ref(ordinal: number): number {
    return this.#refs[ordinal] ?? 0;
  }

  chunks(ordinal: number): ChunkEntry[] {
    const reader = this.#recordOf(ordinal);
    for (let left = reader.varint() * 2; left > 0; left -= 1) reader.varint();
    const entries: ChunkEntry[] = [];
    let at = 0;
    let offsetWords = 0;
    for (let left = reader.varint(); left > 0; left -= 1) {
      const minAt = at + reader.svarint();
      const maxAt = minAt + reader.varint();
      const offset = offsetWords + reader.varint();
      const sizeWords = reader.varint();
      const count = reader.varint();
      const crc = reader.u32();
      entries.push({ minAt, maxAt, offsetBytes: offset * 4, sizeBytes: sizeWords * 4, crc, count });
      at = maxAt;
      offsetWords = offset + sizeWords;
    }
    return entries;
  }

  find(matchers: readonly CompiledMatcher[]): number[] {
    let candidates: Iterable<number> | undefined;
    const needed = matchers.filter((matcher) => !matcher.matchesEmpty);
    const refused = matchers.filter((matcher) => matcher.matchesEmpty);
    for (const matcher of needed) {
      const lists = this.#listsOf(matcher.name, matcher.test);
      candidates = candidates === undefined ? union(lists, this.seriesCount) : keep(candidates, this.#mark(lists), 1);
    }
    candidates ??= Array.from({ length: this.seriesCount }, (_, ordinal) => ordinal);
    // For a matcher that accepts absence, what it refuses is looked up: the rest is what it accepts.
    for (const { name, test } of refused) {
      const lists = this.#listsOf(name, (value) => !test(value));
      if (lists.length > 0) candidates = keep(candidates, this.#mark(lists), 0);
    }
    return [...candidates];
  }

  #mark(lists: readonly Uint32Array[]): Uint8Array {
    const marks = new Uint8Array(this.seriesCount);
    for (const list of lists) for (let i = 0; i < list.length; i += 1) marks[list[i] as number] = 1;
    return marks;
  }

  /** Lists of the series whose label has a value that `accepts` accepts. */
  #listsOf(name: string, accepts: (value: string) => boolean): Uint32Array[] {
    const nameId = this.#strings.idOf(name);
    const reader = nameId === undefined ? undefined : this.#valuesOf(nameId);
    if (reader === undefined) return [];
    const lists: Uint32Array[] = [];
    let valueId = 0;
    for (let left = reader.varint(); left > 0; left -= 1) {
      valueId += reader.varint();
      const sizeBytes = reader.varint();
      if (accepts(this.#strings.get(valueId))) lists.push(decodePostings(reader, this.seriesCount));
      else reader.offset += sizeBytes;
    }
    return lists;
  }

  /** At the values of a label; undefined when no series has it. */
  #valuesOf(nameId: number): ByteReader | undefined {
    if (this.#postings.length === 0) return undefined;
    const reader = new ByteReader(this.#postings);
    let id = 0;
    for (let left = reader.varint(); left > 0; left -= 1) {
      id += reader.varint();
      const sizeBytes = reader.varint();
      if (id === nameId) return reader;
      reader.offset += sizeBytes;
    }
    return undefined;
  }

  #recordOf(ordinal: number): ByteReader {
    return new ByteReader(this.#series, this.#offsets[ordinal] ?? this.#series.length);
  }
}

function union(lists: readonly Uint32Array[], seriesCount: number): Iterable<number> {
  const [first] = lists;
  if (first === undefined) return [];
  if (lists.length === 1) return first;
  const marks = new Uint8Array(seriesCount);
  for (const list of lists) for (let i = 0; i < list.length; i += 1) marks[list[i] as number] = 1;
  const found: number[] = [];
  for (let i = 0; i < seriesCount; i += 1) if (marks[i] === 1) found.push(i);
  return found;
}

function keep(candidates: Iterable<number>, marks: Uint8Array, wanted: 0 | 1): number[] {
  const kept: number[] = [];
  for (const ordinal of candidates) if (marks[ordinal] === wanted) kept.push(ordinal);
  return kept;
}
