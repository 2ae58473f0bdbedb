/** Gathers the series of a block and writes their index, version 2. Drawn in docs/formats/tsdb.md; read by `BlockIndex`. */
import { crc32 } from 'node:zlib';
import { type BlockFacts, wordOffset } from './block-format.ts';
import { ByteWriter } from './bytes.ts';
import type { SealedChunk } from './head-series.ts';
import { type Labels, sortedLabels } from './labels.ts';
import { encodePostings } from './postings.ts';
import { encodeStrings } from './string-table.ts';

/** A checkpoint's series have refs, and are found by the head instead of by lists of their own. */
export type IndexKind = 'block' | 'checkpoint';

type IndexedSeries = {
  readonly ref: number;
  readonly pairs: (readonly [string, string])[];
  readonly chunkCount: number;
  /** The entries of its chunks. */
  readonly entries: Uint8Array;
};

export class IndexBuilder {
  readonly #series: IndexedSeries[] = [];
  readonly #scratch = new ByteWriter();
  #chunkCount = 0;
  #sampleCount = 0;

  get seriesCount(): number {
    return this.#series.length;
  }

  /** `offsets` are where the chunks begin in the file, in bytes. */
  add(ref: number, labels: Labels, chunks: readonly SealedChunk[], offsets: readonly number[]): void {
    const out = this.#scratch;
    out.clear();
    let at = 0;
    let offsetWords = 0;
    chunks.forEach(({ minAt, maxAt, count, bytes }, i) => {
      const offset = wordOffset(offsets[i] as number);
      out.svarint(minAt - at);
      out.varint(maxAt - minAt);
      out.varint(offset - offsetWords);
      out.varint(bytes.length / 4);
      out.varint(count);
      out.u32(crc32(bytes));
      at = maxAt;
      offsetWords = offset + bytes.length / 4;
      this.#sampleCount += count;
    });
    this.#chunkCount += chunks.length;
    this.#series.push({ ref, pairs: sortedLabels(labels), chunkCount: chunks.length, entries: out.copy() });
  }

  facts(range: Pick<BlockFacts, 'startAt' | 'endAt' | 'replaces'>): BlockFacts {
    const counts = { chunkCount: this.#chunkCount, sampleCount: this.#sampleCount };
    return { ...range, seriesCount: this.#series.length, ...counts };
  }

  encode(kind: IndexKind, records: Uint8Array): Uint8Array<ArrayBuffer> {
    const texts = new Set<string>();
    for (const { pairs } of this.#series) {
      for (const [name, value] of pairs) {
        texts.add(name);
        texts.add(value);
      }
    }
    const strings = [...texts].sort();
    const idOf = new Map(strings.map((text, id) => [text, id]));
    const out = new ByteWriter(64 * 1_024);
    const sections = [
      encodeStrings(strings),
      this.#encodeSeries(idOf),
      kind === 'block' ? this.#encodePostings(idOf) : new Uint8Array(0),
      kind === 'block' ? new Uint8Array(0) : this.#encodeRefs(),
      padded(records),
    ];
    for (const section of sections) out.u32(section.length);
    for (const section of sections) out.raw(section);
    return out.copy();
  }

  #encodeSeries(idOf: ReadonlyMap<string, number>): Uint8Array {
    const offsets = new ByteWriter();
    const records = new ByteWriter();
    offsets.u32(this.#series.length);
    for (const { pairs, chunkCount, entries } of this.#series) {
      offsets.u32(records.size);
      records.varint(pairs.length);
      for (const [name, value] of pairs) {
        records.varint(idOf.get(name) as number);
        records.varint(idOf.get(value) as number);
      }
      records.varint(chunkCount);
      records.raw(entries);
    }
    offsets.raw(records.view());
    offsets.align4();
    return offsets.view();
  }

  #encodeRefs(): Uint8Array {
    const out = new ByteWriter();
    for (const { ref } of this.#series) out.u32(ref);
    return out.view();
  }

  /** Names in order of their ids, each with its values in order of theirs, each with its list of series. */
  #encodePostings(idOf: ReadonlyMap<string, number>): Uint8Array {
    const members = new Map<number, Map<number, number[]>>();
    this.#series.forEach(({ pairs }, ordinal) => {
      for (const [name, value] of pairs) {
        const [nameId, valueId] = [idOf.get(name) as number, idOf.get(value) as number];
        const values = members.get(nameId) ?? new Map<number, number[]>();
        if (values.size === 0) members.set(nameId, values);
        const list = values.get(valueId);
        if (list === undefined) values.set(valueId, [ordinal]);
        else list.push(ordinal);
      }
    });
    const out = new ByteWriter();
    const [own, list] = [new ByteWriter(), new ByteWriter()];
    out.varint(members.size);
    let lastName = 0;
    for (const [nameId, values] of byId(members)) {
      own.clear();
      own.varint(values.size);
      let lastValue = 0;
      for (const [valueId, ordinals] of byId(values)) {
        list.clear();
        encodePostings(ordinals, list);
        own.varint(valueId - lastValue);
        own.varint(list.size);
        own.raw(list.view());
        lastValue = valueId;
      }
      out.varint(nameId - lastName);
      out.varint(own.size);
      out.raw(own.view());
      lastName = nameId;
    }
    out.align4();
    return out.view();
  }
}

function byId<T>(map: Map<number, T>): [number, T][] {
  return [...map].sort(([a], [b]) => a - b);
}

/** Zeros behind the records end them: a frame has no length of 0. */
function padded(records: Uint8Array): Uint8Array {
  const out = new ByteWriter(records.length + 4);
  out.raw(records);
  out.align4();
  return out.view();
}
