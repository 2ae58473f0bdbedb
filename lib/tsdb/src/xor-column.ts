/**
 * Float64 values as the XOR with the value before, leading and trailing zero bits left out: "Gorilla: a fast, scalable,
 * in-memory time series database", VLDB 2015, section 4.1.2. The fallback for values that are not decimal; exact for every
 * bit pattern, since only bits are looked at.
 */
import { bitsOf, type ByteWriter } from './bytes.ts';

/** The lead is stored in 5 bits. */
const LEAD_MAX = 31;

/** Appends the first `count` (>= 1) of `values` to `out`, padded to 4 bytes. */
export function encodeXorColumn(values: Float64Array, count: number, out: ByteWriter): void {
  const bits = bitsOf(values);
  const writer = new BitWriter(out);
  writer.write(bits[1] as number, 32);
  writer.write(bits[0] as number, 32);
  let lead = -1;
  let trail = 0;
  for (let i = 1; i < count; i += 1) {
    const low = ((bits[2 * i] as number) ^ (bits[2 * i - 2] as number)) >>> 0;
    const high = ((bits[2 * i + 1] as number) ^ (bits[2 * i - 1] as number)) >>> 0;
    if (low === 0 && high === 0) {
      writer.write(0, 1);
      continue;
    }
    const ownLead = Math.min(LEAD_MAX, high === 0 ? 32 + Math.clz32(low) : Math.clz32(high));
    const ownTrail = low === 0 ? 32 + trailingZeros(high) : trailingZeros(low);
    if (lead >= 0 && ownLead >= lead && ownTrail >= trail) {
      writer.write(0b10, 2);
    } else {
      lead = ownLead;
      trail = ownTrail;
      writer.write(0b11, 2);
      writer.write(lead, 5);
      writer.write(64 - lead - trail - 1, 6);
    }
    writeShifted(writer, high, low, trail, 64 - lead - trail);
  }
  writer.end();
  out.align4();
}

/** Reads `count` values from `bytes` into `values` from `from`. @throws RangeError when the bytes end too early. */
export function decodeXorColumn(bytes: Uint8Array, count: number, values: Float64Array, from: number): void {
  const bits = bitsOf(values.subarray(from, from + count));
  const reader = new BitReader(bytes);
  let high = reader.read(32);
  let low = reader.read(32);
  bits[1] = high;
  bits[0] = low;
  let trail = 0;
  let length = 0;
  for (let i = 1; i < count; i += 1) {
    if (reader.read(1) === 1) {
      if (reader.read(1) === 1) {
        const lead = reader.read(5);
        length = reader.read(6) + 1;
        trail = 64 - lead - length;
      }
      const upper = length > 32 ? reader.read(length - 32) : 0;
      const lower = reader.read(Math.min(length, 32));
      // The significant bits, shifted left by `trail`.
      if (trail >= 32) {
        high ^= lower << (trail - 32);
      } else if (trail === 0) {
        high ^= upper;
        low ^= lower;
      } else {
        high ^= (upper << trail) | (lower >>> (32 - trail));
        low ^= lower << trail;
      }
    }
    bits[2 * i + 1] = high;
    bits[2 * i] = low;
  }
  if (reader.isBeyondEnd) throw new RangeError('the bits end too early');
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** Writes the `length` bits of high:low above the lowest `trail`. */
function writeShifted(writer: BitWriter, high: number, low: number, trail: number, length: number): void {
  const upper = trail >= 32 ? 0 : high >>> trail;
  const lower = trail >= 32 ? high >>> (trail - 32) : trail === 0 ? low : (low >>> trail) | (high << (32 - trail));
  if (length > 32) writer.write(upper, length - 32);
  writer.write(lower, Math.min(length, 32));
}

/** Bits into bytes, high bits first. */
class BitWriter {
  readonly #out: ByteWriter;
  #byte = 0;
  #free = 8;

  constructor(out: ByteWriter) {
    this.#out = out;
  }

  /** The low `count` bits of `value`; `count` <= 32. */
  write(value: number, count: number): void {
    let rest = count;
    while (rest > 0) {
      const taken = Math.min(this.#free, rest);
      const part = (value >>> (rest - taken)) & ((1 << taken) - 1);
      this.#free -= taken;
      this.#byte |= part << this.#free;
      rest -= taken;
      if (this.#free === 0) this.end();
    }
  }

  /** Writes the byte that is begun, if one is. */
  end(): void {
    if (this.#free === 8) return;
    this.#out.u8(this.#byte);
    this.#byte = 0;
    this.#free = 8;
  }
}

class BitReader {
  readonly #bytes: Uint8Array;
  #bit = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isBeyondEnd(): boolean {
    return this.#bit > this.#bytes.length * 8;
  }

  read(count: number): number {
    let value = 0;
    let rest = count;
    while (rest > 0) {
      const used = this.#bit & 7;
      const taken = Math.min(8 - used, rest);
      const byte = this.#bytes[this.#bit >> 3] ?? 0;
      value = (value << taken) | ((byte >> (8 - used - taken)) & ((1 << taken) - 1));
      this.#bit += taken;
      rest -= taken;
    }
    return value >>> 0;
  }
}
