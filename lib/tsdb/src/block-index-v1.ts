/** The index of a block of version 1, which is read and not written: whole words, and lists of series as they are. */
import { OperatingError } from '@plumb/base';
import type { ChunkEntry, SeriesIndex } from './block-index.ts';
import { wordsOf } from './bytes.ts';
import { type Labels, labelsFromPairs } from './labels.ts';
import type { CompiledMatcher } from './matcher.ts';
import { StringTable } from './string-table.ts';

const POSTING_WORDS = 4;
/** Words of a chunk's entry: least time, most time, offset in words, bytes, CRC, sample count. */
const CHUNK_ENTRY_WORDS = 8;

export class BlockIndexV1 implements SeriesIndex {
  readonly records = new Uint8Array(0);
  readonly seriesCount: number;
  readonly #strings: StringTable;
  /** Offsets of the series' records, then the records. */
  readonly #series: Uint32Array;
  readonly #view: DataView;
  /** Entries of (name, value, start, count), then the lists. */
  readonly #postings: Uint32Array;
  readonly #postingCount: number;

  /** `bytes` were checked by their checksum. @throws OperatingError `internal` when they are no index all the same. */
  constructor(bytes: Uint8Array) {
    const words = wordsOf(bytes);
    const [stringBytes = 0, seriesBytes = 0, postingBytes = 0] = words;
    if (12 + stringBytes + seriesBytes + postingBytes !== bytes.length) {
      throw new OperatingError('internal', 'the sections of a block index do not add up');
    }
    const seriesStart = 3 + stringBytes / 4;
    const postingStart = seriesStart + seriesBytes / 4;
    this.#strings = new StringTable(bytes.subarray(12, 12 + stringBytes), words.subarray(3, seriesStart));
    this.#series = words.subarray(seriesStart, postingStart);
    this.#view = new DataView(this.#series.buffer, this.#series.byteOffset, this.#series.byteLength);
    this.#postings = words.subarray(postingStart);
    this.seriesCount = this.#series[0] ?? 0;
    this.#postingCount = this.#postings[0] ?? 0;
  }

  labels(ordinal: number): Labels {
    const at = this.#recordAt(ordinal);
    const count = this.#series[at] as number;
    return labelsFromPairs(
      Array.from({ length: count }, (_, i) => [
        this.#strings.get(this.#series[at + 2 + 2 * i] as number),
        this.#strings.get(this.#series[at + 3 + 2 * i] as number),
      ]),
    );
  }

  /** In order of time. */
  chunks(ordinal: number): ChunkEntry[] {
    const at = this.#recordAt(ordinal);
    const count = this.#series[at + 1] as number;
    const start = at + 2 + 2 * (this.#series[at] as number);
    return Array.from({ length: count }, (_, i) => this.#chunkAt(start + i * CHUNK_ENTRY_WORDS));
  }

  /** Version 1 has none. */
  ref(): number {
    return 0;
  }

  /** Ordinals of the series that all matchers accept, ascending. */
  find(matchers: readonly CompiledMatcher[]): number[] {
    const all = Array.from({ length: this.seriesCount }, (_, ordinal) => ordinal);
    return matchers.reduce<number[]>((candidates, matcher) => {
      if (candidates.length === 0) return candidates;
      const members = new Set<number>();
      for (const [value, list] of this.#lists(matcher.name)) {
        // For a matcher that accepts absence, collect what it refuses: the rest is what it accepts.
        if (matcher.test(value()) !== matcher.matchesEmpty) for (const ordinal of list) members.add(ordinal);
      }
      return candidates.filter((ordinal) => members.has(ordinal) !== matcher.matchesEmpty);
    }, all);
  }

  *#lists(name: string): Generator<readonly [() => string, Uint32Array]> {
    const nameId = this.#strings.idOf(name);
    if (nameId === undefined) return;
    const lists = 1 + this.#postingCount * POSTING_WORDS;
    for (let i = this.#firstPosting(nameId); i < this.#postingCount; i += 1) {
      const at = 1 + i * POSTING_WORDS;
      if (this.#postings[at] !== nameId) return;
      const start = lists + (this.#postings[at + 2] as number);
      const list = this.#postings.subarray(start, start + (this.#postings[at + 3] as number));
      yield [() => this.#strings.get(this.#postings[at + 1] as number), list];
    }
  }

  #firstPosting(nameId: number): number {
    let low = 0;
    let high = this.#postingCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#postings[1 + middle * POSTING_WORDS] as number) < nameId) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #recordAt(ordinal: number): number {
    return 1 + this.seriesCount + (this.#series[1 + ordinal] as number);
  }

  #chunkAt(word: number): ChunkEntry {
    const [offset = 0, sizeBytes = 0, crc = 0, count = 0] = this.#series.subarray(word + 4, word + 8);
    const minAt = this.#view.getFloat64(word * 4, true);
    const maxAt = this.#view.getFloat64(word * 4 + 8, true);
    return { minAt, maxAt, offsetBytes: offset * 4, sizeBytes, crc, count };
  }
}
