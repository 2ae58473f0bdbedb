/**
 * Writes a block file from series in order of their label keys; memory grows with the index, not with the samples. Between
 * pieces other work gets its turn, so appends and queries go on while a large block is written.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { BLOCK_HEADER, type BlockFacts, CHUNK_ENTRY_WORDS, wordOffset } from './block-format.ts';
import { ByteWriter } from './bytes.ts';
import { createFileAtomically, writeFully } from './durable-file.ts';
import type { SealedChunk } from './head-series.ts';
import { type Labels, sortedLabels } from './labels.ts';

export type BlockSeries = { readonly labels: Labels; readonly chunks: readonly SealedChunk[] };

/** The unit of writing. */
const WRITE_BYTES = 256 * 1_024;
/** Series between two turns for other work: a few milliseconds. */
const BREATH_SERIES = 64;

/** Creates `file` in one step and returns its facts. @throws OperatingError `exhausted` on a full disk, `unavailable`. */
export async function writeBlock(
  file: string,
  series: Iterable<BlockSeries>,
  { startAt, endAt, replaces }: Pick<BlockFacts, 'startAt' | 'endAt' | 'replaces'>,
): Promise<BlockFacts> {
  const index = new IndexBuilder();
  await createFileAtomically(file, async (fd) => {
    const out = new ByteWriter(WRITE_BYTES * 2);
    let written = 0;
    const drain = (leastBytes: number): void => {
      if (out.size < leastBytes) return;
      writeFully(fd, out.view());
      written += out.size;
      out.clear();
    };
    out.raw(BLOCK_HEADER);
    for (const { labels, chunks } of series) {
      const offsets = chunks.map(({ bytes }) => {
        const offset = written + out.size;
        out.raw(bytes);
        drain(WRITE_BYTES);
        return offset;
      });
      index.add(labels, chunks, offsets);
      if (index.seriesCount % BREATH_SERIES === 0) await breathe();
    }
    const indexOffset = written + out.size;
    const indexBytes = index.encode();
    const facts = Buffer.from(JSON.stringify(index.facts({ startAt, endAt, replaces })));
    out.raw(indexBytes);
    out.raw(facts);
    out.align4();
    out.u32(wordOffset(indexOffset));
    out.u32(indexBytes.length);
    out.u32(crc32(indexBytes));
    out.u32(facts.length);
    out.u32(crc32(facts));
    out.raw(BLOCK_HEADER);
    drain(0);
  });
  return index.facts({ startAt, endAt, replaces });
}

class IndexBuilder {
  readonly #series: { readonly pairs: (readonly [string, string])[]; readonly chunkWords: Uint32Array }[] = [];
  #chunkCount = 0;
  #sampleCount = 0;

  get seriesCount(): number {
    return this.#series.length;
  }

  add(labels: Labels, chunks: readonly SealedChunk[], offsets: readonly number[]): void {
    const chunkWords = new Uint32Array(chunks.length * CHUNK_ENTRY_WORDS);
    const view = new DataView(chunkWords.buffer);
    chunks.forEach((chunk, i) => {
      const at = i * CHUNK_ENTRY_WORDS;
      view.setFloat64(at * 4, chunk.minAt, true);
      view.setFloat64(at * 4 + 8, chunk.maxAt, true);
      chunkWords.set([wordOffset(offsets[i] as number), chunk.bytes.length, crc32(chunk.bytes), chunk.count], at + 4);
      this.#sampleCount += chunk.count;
    });
    this.#chunkCount += chunks.length;
    this.#series.push({ pairs: sortedLabels(labels), chunkWords });
  }

  facts(range: Pick<BlockFacts, 'startAt' | 'endAt' | 'replaces'>): BlockFacts {
    const counts = { chunkCount: this.#chunkCount, sampleCount: this.#sampleCount };
    return { ...range, seriesCount: this.#series.length, ...counts };
  }

  encode(): Uint8Array<ArrayBuffer> {
    const strings = [...new Set(this.#series.flatMap(({ pairs }) => pairs.flat()))].sort();
    const idOf = new Map(strings.map((text, id) => [text, id]));
    const out = new ByteWriter(64 * 1_024);
    const sections = [encodeStrings(strings), this.#encodeSeries(idOf), this.#encodePostings(idOf)];
    for (const section of sections) out.u32(section.length);
    for (const section of sections) out.raw(section);
    return out.copy();
  }

  #encodeSeries(idOf: ReadonlyMap<string, number>): Uint8Array {
    const offsets = new ByteWriter();
    const records = new ByteWriter();
    offsets.u32(this.#series.length);
    for (const { pairs, chunkWords } of this.#series) {
      offsets.u32(records.size / 4);
      records.u32(pairs.length);
      records.u32(chunkWords.length / CHUNK_ENTRY_WORDS);
      for (const text of pairs.flat()) records.u32(idOf.get(text) as number);
      records.raw(new Uint8Array(chunkWords.buffer));
    }
    offsets.raw(records.view());
    return offsets.view();
  }

  /** Entries of (name, value) in order of their ids, then the lists of series that they point into. */
  #encodePostings(idOf: ReadonlyMap<string, number>): Uint8Array {
    const members = new Map<number, Map<number, number[]>>();
    this.#series.forEach(({ pairs }, ordinal) => {
      for (const [name, value] of pairs) {
        const [nameId, valueId] = [idOf.get(name) as number, idOf.get(value) as number];
        const values = members.get(nameId) ?? new Map<number, number[]>();
        const list = values.get(valueId) ?? [];
        list.push(ordinal);
        members.set(nameId, values.set(valueId, list));
      }
    });
    const byId = <T>(map: Map<number, T>): [number, T][] => [...map].sort(([a], [b]) => a - b);
    const entries = byId(members).flatMap(([name, values]) =>
      byId(values).map(([value, list]) => ({ name, value, list })),
    );
    const out = new ByteWriter();
    out.u32(entries.length);
    let at = 0;
    for (const { name, value, list } of entries) {
      for (const word of [name, value, at, list.length]) out.u32(word);
      at += list.length;
    }
    for (const { list } of entries) for (const ordinal of list) out.u32(ordinal);
    return out.view();
  }
}

function encodeStrings(strings: readonly string[]): Uint8Array {
  const offsets = new ByteWriter();
  const texts = new ByteWriter();
  offsets.u32(strings.length);
  for (const text of strings) {
    offsets.u32(texts.size);
    texts.raw(Buffer.from(text, 'utf8'));
  }
  offsets.u32(texts.size);
  offsets.raw(texts.view());
  offsets.align4();
  return offsets.view();
}
