/**
 * A column of whole numbers in blocks of 128: each block is stored as the numbers themselves, as their differences, or as
 * the differences of their differences, whichever is narrowest, less the block's least ("frame of reference"), in a
 * fixed number of bits. Steady timestamps come to almost nothing this way, and so do counters and settled gauges.
 * The format is drawn in docs/formats/tsdb.md.
 */
import { assert } from '@plumb/base';
import { bitWidth, pack, packedWordCount, unpack } from './bit-packing.ts';
import { type ByteReader, type ByteWriter, bytesOf, wordsOf } from './bytes.ts';

/** Numbers stay within ±2^50, so that differences of differences, less their least, are exact in a float64. */
export const COLUMN_NUMBER_MAX = 2 ** 50;
/** Long enough that a block's header is a fraction of a bit a number, short enough that one outlier spoils little. */
const BLOCK_COUNT = 128;

/** How often the plain numbers are differenced: 0, 1 or 2. */
type Order = 0 | 1 | 2;
const ORDERS = [0, 1, 2] as const;

/** Appends the first `count` (>= 1) of `numbers` to `out`, which must be 4-aligned and is again afterwards. */
export function encodeIntegerColumn(numbers: Float64Array, count: number, out: ByteWriter): void {
  assert(count >= 1, 'a column holds a number');
  const first = numbers[0] as number;
  out.svarint(first);
  out.svarint(count > 1 ? (numbers[1] as number) - first : 0);

  const blocks: { readonly start: number; readonly count: number; readonly plan: BlockPlan }[] = [];
  for (let start = 1; start < count; start += BLOCK_COUNT) {
    const blockCount = Math.min(BLOCK_COUNT, count - start);
    const plan = planBlock(numbers, start, blockCount);
    out.u8(plan.order * 64 + plan.width);
    out.svarint(plan.least);
    blocks.push({ start, count: blockCount, plan });
  }
  out.align4();

  const wordCount = blocks.reduce((sum, { count: n, plan }) => sum + packedWordCount(n, plan.width), 0);
  const words = new Uint32Array(wordCount);
  const offsets = new Float64Array(BLOCK_COUNT);
  let at = 0;
  for (const { start, count: blockCount, plan } of blocks) {
    for (let i = 0; i < blockCount; i += 1) offsets[i] = difference(numbers, start + i, plan.order) - plan.least;
    pack(offsets, blockCount, plan.width, words, at);
    at += packedWordCount(blockCount, plan.width);
  }
  out.raw(bytesOf(words));
}

/** Reads a column of `count` numbers into `numbers` from `from`. @throws RangeError when the bytes end too early. */
export function decodeIntegerColumn(reader: ByteReader, count: number, numbers: Float64Array, from: number): void {
  const first = reader.svarint();
  const firstDifference = reader.svarint();
  numbers[from] = first;
  // The headers are read twice, first to find where the words begin: cheaper than keeping them in arrays.
  const headersAt = reader.offset;
  let wordCount = 0;
  for (let start = 1; start < count; start += BLOCK_COUNT) {
    wordCount += packedWordCount(Math.min(BLOCK_COUNT, count - start), reader.u8() & 63);
    reader.svarint();
  }
  reader.align4();
  const words = wordsOf(reader.raw(wordCount * 4));
  const endAt = reader.offset;

  reader.offset = headersAt;
  let at = 0;
  for (let start = 1; start < count; start += BLOCK_COUNT) {
    const blockCount = Math.min(BLOCK_COUNT, count - start);
    const header = reader.u8();
    const least = reader.svarint();
    const width = header & 63;
    unpack({ words, at, width, count: blockCount }, numbers, from + start);
    at += packedWordCount(blockCount, width);
    // The change before the second number is in the header; before later ones it is what the numbers say.
    const change = start === 1 ? firstDifference : undefined;
    restoreBlock(numbers, from + start, blockCount, { order: header >> 6, least, change });
  }
  reader.offset = endAt;
}

type BlockPlan = { readonly order: Order; readonly width: number; readonly least: number };

function planBlock(numbers: Float64Array, start: number, count: number): BlockPlan {
  let best: BlockPlan | undefined;
  for (const order of ORDERS) {
    let least = Infinity;
    let most = -Infinity;
    for (let i = start; i < start + count; i += 1) {
      const value = difference(numbers, i, order);
      if (value < least) least = value;
      if (value > most) most = value;
    }
    const width = bitWidth(most - least);
    if (best === undefined || width < best.width) best = { order, width, least };
  }
  assert(best !== undefined, 'an order was tried');
  return best;
}

/** Of the numbers at `index` >= 1. The column's first difference counts as having no change, since it is in the header. */
function difference(numbers: Float64Array, index: number, order: Order): number {
  const value = numbers[index] as number;
  if (order === 0) return value;
  const before = numbers[index - 1] as number;
  if (order === 1) return value - before;
  return index === 1 ? 0 : value - before - (before - (numbers[index - 2] as number));
}

/** Turns what was packed, in place, into the numbers themselves. */
function restoreBlock(
  numbers: Float64Array,
  start: number,
  count: number,
  { order, least, change: changeBefore }: { order: number; least: number; change: number | undefined },
): void {
  if (order === 0) {
    for (let i = 0; i < count; i += 1) numbers[start + i] = least + (numbers[start + i] as number);
    return;
  }
  let value = numbers[start - 1] as number;
  if (order === 1) {
    for (let i = 0; i < count; i += 1) {
      value += least + (numbers[start + i] as number);
      numbers[start + i] = value;
    }
    return;
  }
  let change = changeBefore ?? value - (numbers[start - 2] as number);
  for (let i = 0; i < count; i += 1) {
    change += least + (numbers[start + i] as number);
    value += change;
    numbers[start + i] = value;
  }
}
