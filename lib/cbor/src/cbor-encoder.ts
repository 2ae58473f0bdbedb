/**
 * CBOR (RFC 8949) with registered tags only: 1 for dates, 2 and 3 for big integers, 258 for sets, 259 for maps. Objects
 * are maps with text keys; bytes are byte strings. What has no plain form (functions, errors, cycles) is refused.
 */
import { OperatingError } from '@plumb/base';

/** Values nested deeper are taken for a cycle. The decoder has the same bound. */
export const CBOR_DEPTH_MAX = 128;

/** Where each text or object begins, the buffer has at least this much room, so that headers are written unchecked. */
const ROOM_BYTES = 64;

/** Strings up to this many characters are written by a loop, which is faster than a call into the engine. */
const SHORT_TEXT_LENGTH_MAX = 40;

/** Encodes one value after another into a buffer of its own. Not reentrant: use one for each owner. */
export class CborEncoder {
  #buffer: Buffer = Buffer.allocUnsafe(8_192);
  #end = 0;

  /** The bytes are a copy that the caller owns. @throws OperatingError `invalid` where a value has no plain form. */
  encode(value: unknown): Buffer {
    this.#end = 0;
    this.#write(value, 0);
    return Buffer.from(this.#buffer.subarray(0, this.#end));
  }

  #write(value: unknown, depth: number): void {
    this.#reserve(ROOM_BYTES);
    switch (typeof value) {
      case 'string':
        return this.#writeText(value);
      case 'number':
        return this.#writeNumber(value);
      case 'boolean':
        return this.#writeByte(value ? 0xf5 : 0xf4);
      case 'undefined':
        return this.#writeByte(0xf7);
      case 'bigint':
        return this.#writeBigInt(value);
      case 'object':
        return value === null ? this.#writeByte(0xf6) : this.#writeObject(value, depth + 1);
      case 'function':
      case 'symbol':
        throw unfit(`a ${typeof value}`);
    }
  }

  #writeObject(value: object, depth: number): void {
    if (depth > CBOR_DEPTH_MAX) throw unfit(`values nested more than ${CBOR_DEPTH_MAX} deep, or a cycle`);
    if (Array.isArray(value)) {
      this.#writeHead(0x80, value.length);
      for (const item of value) this.#write(item, depth);
    } else if (value instanceof Uint8Array) {
      this.#writeBytes(value);
    } else if (value instanceof Date) {
      this.#writeByte(0xc1);
      this.#writeNumber(value.getTime() / 1_000);
    } else if (value instanceof Map) {
      this.#writeHead(0xc0, 259);
      this.#writeHead(0xa0, value.size);
      for (const [key, item] of value) {
        this.#write(key, depth);
        this.#write(item, depth);
      }
    } else if (value instanceof Set) {
      this.#writeHead(0xc0, 258);
      this.#writeHead(0x80, value.size);
      for (const item of value) this.#write(item, depth);
    } else {
      this.#writeFields(value, depth);
    }
  }

  #writeFields(value: object, depth: number): void {
    if (value instanceof Error || value instanceof RegExp || value instanceof Promise)
      throw unfit(value.constructor.name);
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) throw unfit('bytes that are not a Uint8Array');
    const keys = Object.keys(value);
    this.#writeHead(0xa0, keys.length);
    for (const key of keys) {
      this.#reserve(ROOM_BYTES);
      this.#writeText(key);
      this.#write((value as Readonly<Record<string, unknown>>)[key], depth);
    }
  }

  #writeText(text: string): void {
    const { length } = text;
    if (length <= SHORT_TEXT_LENGTH_MAX && this.#writeShortAscii(text)) return;
    const sizeBytes = Buffer.byteLength(text);
    this.#writeHead(0x60, sizeBytes);
    this.#reserve(sizeBytes + ROOM_BYTES);
    this.#end += this.#buffer.write(text, this.#end, sizeBytes, 'utf8');
  }

  #writeShortAscii(text: string): boolean {
    const { length } = text;
    const start = this.#end + (length < 24 ? 1 : 2);
    for (let i = 0; i < length; i += 1) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) return false;
      this.#buffer[start + i] = unit;
    }
    this.#writeHead(0x60, length);
    this.#end += length;
    return true;
  }

  #writeBytes(bytes: Uint8Array): void {
    this.#writeHead(0x40, bytes.length);
    this.#reserve(bytes.length + ROOM_BYTES);
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  #writeNumber(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      if (value >= 0) this.#writeHead(0x00, value);
      else this.#writeHead(0x20, -1 - value);
      return;
    }
    this.#writeByte(0xfb);
    this.#end = this.#buffer.writeDoubleBE(value, this.#end);
  }

  #writeBigInt(value: bigint): void {
    const magnitude = value >= 0n ? value : -1n - value;
    this.#writeByte(value >= 0n ? 0xc2 : 0xc3);
    const digits = magnitude.toString(16);
    this.#writeBytes(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex'));
  }

  /** A major type with its count or value, in the shortest form. */
  #writeHead(major: number, count: number): void {
    const buffer = this.#buffer;
    if (count < 24) {
      buffer[this.#end++] = major | count;
    } else if (count < 0x1_00) {
      buffer[this.#end++] = major | 24;
      buffer[this.#end++] = count;
    } else if (count < 0x1_0000) {
      buffer[this.#end++] = major | 25;
      this.#end = buffer.writeUInt16BE(count, this.#end);
    } else if (count < 0x1_0000_0000) {
      buffer[this.#end++] = major | 26;
      this.#end = buffer.writeUInt32BE(count, this.#end);
    } else {
      buffer[this.#end++] = major | 27;
      this.#end = buffer.writeUInt32BE(Math.floor(count / 0x1_0000_0000), this.#end);
      this.#end = buffer.writeUInt32BE(count % 0x1_0000_0000, this.#end);
    }
  }

  #writeByte(byte: number): void {
    this.#buffer[this.#end++] = byte;
  }

  #reserve(sizeBytes: number): void {
    const needed = this.#end + sizeBytes;
    if (needed <= this.#buffer.length) return;
    const greater = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    greater.set(this.#buffer.subarray(0, this.#end));
    this.#buffer = greater;
  }
}

function unfit(what: string): OperatingError {
  return new OperatingError('invalid', `CBOR cannot carry ${what}: use plain data`);
}
