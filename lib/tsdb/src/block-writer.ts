/**
 * Writes a block file from series in order of their label keys; memory grows with the index, not with the samples. Between
 * pieces other work gets its turn, so appends and queries go on while a large block is written.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { BLOCK_HEADER, type BlockFacts, wordOffset } from './block-format.ts';
import { ByteWriter } from './bytes.ts';
import { createFileAtomically, writeFully } from './durable-file.ts';
import type { SealedChunk } from './head-series.ts';
import { IndexBuilder, type IndexKind } from './index-builder.ts';
import type { Labels } from './labels.ts';

export type BlockSeries = {
  readonly labels: Labels;
  readonly chunks: readonly SealedChunk[];
  /** In a checkpoint, the series' number in the log. */
  readonly ref?: number | undefined;
};

export type BlockOptions = Pick<BlockFacts, 'startAt' | 'endAt' | 'replaces'> & {
  readonly kind?: IndexKind | undefined;
  /** Framed log records that a checkpoint holds besides; asked for once all series are written. */
  readonly records?: (() => Uint8Array) | undefined;
};

/** The unit of writing. */
const WRITE_BYTES = 256 * 1_024;
/** Series between two turns for other work: a few milliseconds. */
const BREATH_SERIES = 64;

/** Creates `file` in one step and returns its facts. @throws OperatingError `exhausted` on a full disk, `unavailable`. */
export async function writeBlock(
  file: string,
  series: Iterable<BlockSeries>,
  { startAt, endAt, replaces, kind = 'block', records }: BlockOptions,
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
    for (const { labels, chunks, ref = 0 } of series) {
      const offsets = chunks.map(({ bytes }) => {
        const offset = written + out.size;
        out.raw(bytes);
        drain(WRITE_BYTES);
        return offset;
      });
      index.add(ref, labels, chunks, offsets);
      if (index.seriesCount % BREATH_SERIES === 0) await breathe();
    }
    const indexOffset = written + out.size;
    const indexBytes = index.encode(kind, records?.() ?? new Uint8Array(0));
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
