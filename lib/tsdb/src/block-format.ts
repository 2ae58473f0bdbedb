/**
 * The parts of a block file that its writer and its reader share. Drawn in docs/formats/tsdb.md.
 *
 * A block is immutable: chunks, then an index (strings, series, postings), then facts as JSON, then a footer of fixed size
 * that says where these are, with their checksums. Every part begins at a multiple of 4, so that the index is read in place.
 * A checkpoint of the head is such a file too: its index has refs and log records instead of lists of series.
 */
import { assert, OperatingError } from '@plumb/base';

/** "PLTB" and the version of the format. */
export const BLOCK_HEADER = Uint8Array.of(0x50, 0x4c, 0x54, 0x42, 2, 0, 0, 0);
/** Version 1, whose index is another: it is read, and goes when its block is joined. */
export const BLOCK_HEADER_V1 = Uint8Array.of(0x50, 0x4c, 0x54, 0x42, 1, 0, 0, 0);
/** Index offset in words, index bytes, index CRC, facts bytes, facts CRC, then the header again. */
export const FOOTER_BYTES = 28;

export type BlockFacts = {
  /** Samples lie in [startAt, endAt). */
  readonly startAt: number;
  readonly endAt: number;
  readonly seriesCount: number;
  readonly chunkCount: number;
  readonly sampleCount: number;
  /** Numbers of the blocks that this one replaces: one of them that is still there is to be removed. */
  readonly replaces: readonly number[];
};

const NUMBER_FACTS = ['startAt', 'endAt', 'seriesCount', 'chunkCount', 'sampleCount'] as const;

/** @throws OperatingError `internal` for anything that is not the facts of a block. */
export function parseBlockFacts(text: string): BlockFacts {
  const facts: unknown = JSON.parse(text);
  const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
  const isGood =
    isRecord(facts) &&
    NUMBER_FACTS.every((name) => Number.isSafeInteger(facts[name])) &&
    Array.isArray(facts['replaces']) &&
    facts['replaces'].every(Number.isSafeInteger);
  if (!isGood) throw new OperatingError('internal', 'the facts of a block are not what they should be');
  return facts as BlockFacts;
}

/** Blocks address chunks in words of 4 bytes by 32 bits. */
export function wordOffset(offsetBytes: number): number {
  assert(offsetBytes % 4 === 0 && offsetBytes / 4 < 2 ** 32, 'a block is aligned and at most 16 GiB');
  return offsetBytes / 4;
}
