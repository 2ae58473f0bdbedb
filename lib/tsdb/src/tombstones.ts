/**
 * What was deleted from a block: label matchers and a range of time, in a small file beside it, since a block is immutable.
 * Compaction writes the block again without these samples, and the file goes with the old one.
 */
import fs from 'node:fs';
import { crc32 } from 'node:zlib';
import { describeError, type Log, OperatingError } from '@plumb/base';
import { joinParts, pickColumns } from './columns.ts';
import { replaceFile } from './durable-file.ts';
import type { SealedChunk } from './head-series.ts';
import type { LabelMatcher } from './matcher.ts';
import { sealColumns } from './merge-chunks.ts';

export const TOMBSTONES = '.tombstones';
const VERSION = 1;

/** Samples in [minAt, maxAt] of the series that all matchers accept. */
export type Tombstone = { readonly matchers: readonly LabelMatcher[]; readonly minAt: number; readonly maxAt: number };

/** Durable when it returns: a line with version and checksum, then JSON. @throws OperatingError `exhausted`, `unavailable`. */
export function writeTombstones(file: string, tombstones: readonly Tombstone[]): void {
  const body = JSON.stringify(tombstones.map(({ matchers, ...range }) => ({ matchers, ...bounded(range) })));
  replaceFile(file, Buffer.from(`plumb tombstones ${VERSION} ${crc32(body)}\n${body}`));
}

/** Empty when there is no such file. A damaged one is set aside with a message: what it deleted is there again. */
export function readTombstones(file: string, log: Log): Tombstone[] {
  if (!fs.existsSync(file)) return [];
  try {
    const text = fs.readFileSync(file, 'utf8');
    const headEnd = text.indexOf('\n');
    const [head, body] = [text.slice(0, headEnd), text.slice(headEnd + 1)];
    if (head !== `plumb tombstones ${VERSION} ${crc32(body)}`)
      throw new OperatingError('internal', 'the checksum or the version is wrong');
    return JSON.parse(body) as Tombstone[];
  } catch (error) {
    fs.renameSync(file, `${file}.damaged`);
    log.error('tsdb.tombstones.damaged', { file, movedTo: `${file}.damaged`, reason: describeError(error) });
    return [];
  }
}

/** The chunks of one series without the samples in [minAt, maxAt]. */
export function withoutRange(
  chunks: SealedChunk[],
  { minAt, maxAt }: { readonly minAt: number; readonly maxAt: number },
): SealedChunk[] {
  return chunks.flatMap((chunk) => {
    if (chunk.maxAt < minAt || chunk.minAt > maxAt) return [chunk];
    if (chunk.minAt >= minAt && chunk.maxAt <= maxAt) return [];
    const columns = joinParts([chunk], -Infinity, Infinity);
    const kept = [...columns.times.keys()].filter((i) => {
      const at = columns.times[i] as number;
      return at < minAt || at > maxAt;
    });
    return sealColumns(pickColumns(columns, kept));
  });
}

/** JSON has no infinities. */
function bounded({ minAt, maxAt }: { readonly minAt: number; readonly maxAt: number }): {
  readonly minAt: number;
  readonly maxAt: number;
} {
  const limit = (at: number): number => Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, at));
  return { minAt: limit(minAt), maxAt: limit(maxAt) };
}
