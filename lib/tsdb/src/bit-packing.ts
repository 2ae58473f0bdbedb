/**
 * Whole numbers of `width` bits each, one after another in 32-bit words, low bits first. Wider numbers than 32 bits are
 * two runs: first all low words, then the high parts packed at `width - 32` bits.
 */

const WORD = 4_294_967_296;

/** Bits that the largest of the numbers, `max` >= 0, needs: 0 for 0. */
export function bitWidth(max: number): number {
  return max < WORD ? 32 - Math.clz32(max) : 64 - Math.clz32(Math.floor(max / WORD));
}

/** Words that `count` numbers of `width` bits take. */
export function packedWordCount(count: number, width: number): number {
  if (width <= 32) return Math.ceil((count * width) / 32);
  return count + Math.ceil((count * (width - 32)) / 32);
}

/** Packs the first `count` of `numbers`, all in [0, 2^width), into `words` from `at`. The words there must be zero. */
export function pack(numbers: Float64Array, count: number, width: number, words: Uint32Array, at: number): void {
  if (width <= 32) {
    packNarrow(numbers, count, width, words, at);
    return;
  }
  const high = new Float64Array(count);
  for (let i = 0; i < count; i += 1) {
    const number = numbers[i] as number;
    words[at + i] = number % WORD;
    high[i] = Math.floor(number / WORD);
  }
  packNarrow(high, count, width - 32, words, at + count);
}

/** `count` numbers of `width` bits that begin with the word `at`. */
export type Packed = {
  readonly words: Uint32Array;
  readonly at: number;
  readonly width: number;
  readonly count: number;
};

/** The inverse of `pack`, into `numbers` from `start`. */
export function unpack({ words, at, width, count }: Packed, numbers: Float64Array, start: number): void {
  if (width <= 32) {
    unpackNarrow({ words, at, width, count }, numbers, start);
    return;
  }
  unpackNarrow({ words, at: at + count, width: width - 32, count }, numbers, start);
  for (let i = 0; i < count; i += 1) {
    numbers[start + i] = (numbers[start + i] as number) * WORD + (words[at + i] as number);
  }
}

function packNarrow(numbers: Float64Array, count: number, width: number, words: Uint32Array, at: number): void {
  if (width === 0) return;
  let word = at;
  let bit = 0;
  for (let i = 0; i < count; i += 1) {
    const number = numbers[i] as number;
    words[word] = (words[word] as number) | (number << bit);
    const end = bit + width;
    if (end > 32) words[word + 1] = number >>> (32 - bit);
    word += end >> 5;
    bit = end & 31;
  }
}

function unpackNarrow({ words, at, width, count }: Packed, numbers: Float64Array, start: number): void {
  if (width === 0) {
    numbers.fill(0, start, start + count);
    return;
  }
  const mask = width === 32 ? 0xffff_ffff : (1 << width) - 1;
  let word = at;
  let bit = 0;
  for (let i = start; i < start + count; i += 1) {
    let number = (words[word] as number) >>> bit;
    const end = bit + width;
    if (end > 32) number |= (words[word + 1] as number) << (32 - bit);
    numbers[i] = (number & mask) >>> 0;
    word += end >> 5;
    bit = end & 31;
  }
}
