/**
 * Writing and reading of the little-endian primitives that the file formats are made of. Typed arrays are laid over the
 * same bytes, so the machine must be little-endian, which every platform of Node.js but s390x is.
 */
import { assert } from '@plumb/base';

/** A growing byte array. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  size = 0;

  constructor(capacityBytes = 256) {
    this.#bytes = new Uint8Array(capacityBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.size] = value;
    this.size += 1;
  }

  u16(value: number): void {
    this.#reserve(2);
    this.#view.setUint16(this.size, value, true);
    this.size += 2;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.size, value, true);
    this.size += 4;
  }

  f64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.size, value, true);
    this.size += 8;
  }

  /** A whole number in [0, 2^53] as LEB128, at most 8 bytes. */
  varint(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.size] = (rest % 0x80) | 0x80;
      this.size += 1;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.size] = rest;
    this.size += 1;
  }

  /** A whole number in [-2^52, 2^52], zigzag: small magnitudes are short, whatever their sign. */
  svarint(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  text(value: string): void {
    const bytes = Buffer.from(value, 'utf8');
    this.varint(bytes.length);
    this.raw(bytes);
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.size);
    this.size += bytes.length;
  }

  align4(): void {
    while (this.size % 4 !== 0) this.u8(0);
  }

  setU32(offset: number, value: number): void {
    this.#view.setUint32(offset, value, true);
  }

  /** The bytes so far: a view, good until the next write. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.size);
  }

  /** A copy of the bytes so far, that begins at an aligned address. */
  copy(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.size);
  }

  clear(): void {
    this.size = 0;
  }

  #reserve(count: number): void {
    if (this.size + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.size + count));
    grown.set(this.#bytes.subarray(0, this.size));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Reads what `ByteWriter` wrote. Reading beyond the end throws a `RangeError`, as `DataView` does. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.offset = offset;
  }

  get isAtEnd(): boolean {
    return this.offset >= this.#bytes.length;
  }

  u8(): number {
    this.offset += 1;
    return this.#view.getUint8(this.offset - 1);
  }

  u32(): number {
    this.offset += 4;
    return this.#view.getUint32(this.offset - 4, true);
  }

  f64(): number {
    this.offset += 8;
    return this.#view.getFloat64(this.offset - 8, true);
  }

  varint(): number {
    const first = this.#bytes[this.offset];
    if (first !== undefined && first < 0x80) {
      this.offset += 1;
      return first;
    }
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 8; count += 1) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    throw new RangeError('a varint is longer than 8 bytes');
  }

  svarint(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /**
   * Pairs of svarints, each the difference to the pair before, as running sums: the refs and times of a log record. What a
   * restart does most of the time, so the common case, one byte, is decoded in place.
   */
  deltaPairs(refs: Uint32Array, times: Float64Array): void {
    const bytes = this.#bytes;
    let ref = 0;
    let at = 0;
    for (let i = 0; i < refs.length; i += 1) {
      const first = bytes[this.offset] ?? 0xff;
      if (first < 0x80) this.offset += 1;
      ref += first >= 0x80 ? this.svarint() : (first & 1) === 0 ? first >> 1 : -((first + 1) >> 1);
      const second = bytes[this.offset] ?? 0xff;
      if (second < 0x80) this.offset += 1;
      at += second >= 0x80 ? this.svarint() : (second & 1) === 0 ? second >> 1 : -((second + 1) >> 1);
      refs[i] = ref;
      times[i] = at;
    }
  }

  text(): string {
    return Buffer.from(this.raw(this.varint())).toString('utf8');
  }

  /** A view of all bytes from here on; they are not passed. */
  rest(): Uint8Array {
    return this.#bytes.subarray(this.offset);
  }

  /** A view of the next `count` bytes. */
  raw(count: number): Uint8Array {
    if (this.offset + count > this.#bytes.length) throw new RangeError('the bytes end too early');
    this.offset += count;
    return this.#bytes.subarray(this.offset - count, this.offset);
  }

  align4(): void {
    this.offset = (this.offset + 3) & ~3;
  }
}

/** The 32-bit words under `bytes`; copies when they begin at an odd address. */
export function wordsOf(bytes: Uint8Array): Uint32Array {
  assert(bytes.byteLength % 4 === 0, 'a run of words is a multiple of 4 bytes');
  if (bytes.byteOffset % 4 === 0) return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  return new Uint32Array(new Uint8Array(bytes).buffer); // Not `slice`: a Buffer's is a view, not a copy.
}

/** The bits of float64 values as pairs of words, low word first: a view. The only exact way to see or copy a NaN. */
export function bitsOf(values: Float64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
}

export function bytesOf(values: Float64Array | Uint32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
