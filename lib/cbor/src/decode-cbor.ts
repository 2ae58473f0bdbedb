/**
 * Reads CBOR (RFC 8949) of anybody, also of an enemy: every length is checked against the bytes that are there before
 * anything is made, nesting is bounded, unknown tags are refused, and nothing that the bytes say is ever run. Indefinite
 * lengths and half floats are read too, since other languages write them.
 */
import { OperatingError } from '@plumb/base';
import { CBOR_DEPTH_MAX } from './cbor-encoder.ts';

/** Of one big integer; arithmetic on greater ones is a way to keep a processor busy. */
const BIGINT_BYTES_MAX = 1_024;

const SHORT_TEXT_LENGTH_MAX = 24;
const INDEFINITE = Infinity;
const BREAK = Symbol('break');

/** The values of a CBOR sequence (RFC 8742), in order. @throws OperatingError `invalid`. */
export function decodeCborSequence(bytes: Uint8Array): unknown[] {
  const reader = new CborReader(bytes);
  const values: unknown[] = [];
  while (!reader.isAtEnd) values.push(reader.read());
  return values;
}

/** The one value in `bytes`. @throws OperatingError `invalid`. */
export function decodeCbor(bytes: Uint8Array): unknown {
  const [value, ...rest] = decodeCborSequence(bytes);
  if (bytes.length === 0 || rest.length > 0) throw malformed('there must be exactly one value');
  return value;
}

class CborReader {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  #position = 0;
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#position === this.#bytes.length;
  }

  read(): unknown {
    const value = this.#readItem();
    if (value === BREAK) throw malformed('a break outside a list');
    return value;
  }

  #readItem(): unknown {
    const byte = this.#view.getUint8(this.#skip(1));
    const detail = byte & 0x1f;
    switch (byte >> 5) {
      case 0:
        return this.#readCount(detail);
      case 1: {
        const count = this.#readCount(detail);
        return typeof count === 'bigint' ? -1n - count : -1 - count;
      }
      case 2:
        return this.#readBytes(detail);
      case 3:
        return this.#readText(detail);
      case 7:
        return this.#readSimple(detail);
      default:
        return this.#readNested(byte >> 5, detail);
    }
  }

  #readNested(major: number, detail: number): unknown {
    this.#depth += 1;
    if (this.#depth > CBOR_DEPTH_MAX) throw malformed(`values nest more than ${CBOR_DEPTH_MAX} deep`);
    const value =
      major === 4
        ? this.#readList(detail)
        : major === 5
          ? this.#readFields(detail)
          : this.#readTagged(this.#readLength(detail));
    this.#depth -= 1;
    return value;
  }

  #readTagged(tag: number): unknown {
    switch (tag) {
      case 0:
        return dateOf(this.read(), 'string');
      case 1:
        return dateOf(this.read(), 'number');
      case 2:
        return bigIntOf(this.read());
      case 3:
        return -1n - bigIntOf(this.read());
      case 258: {
        const items = this.read();
        if (!Array.isArray(items)) throw malformed('a set must hold a list');
        return new Set(items);
      }
      case 259:
        return this.#readMap();
      case 55_799: // "This is CBOR": says nothing about the value.
        return this.read();
      default:
        throw malformed(`tag ${tag} is not known`);
    }
  }

  #readList(detail: number): unknown[] {
    const count = this.#readItemCount(detail, 1);
    const items: unknown[] = [];
    while (items.length < count) {
      const item = this.#readItem();
      if (item === BREAK) {
        if (count === INDEFINITE) break;
        throw malformed('a break inside a list of known length');
      }
      items.push(item);
    }
    return items;
  }

  #readFields(detail: number): Record<string, unknown> {
    const count = this.#readItemCount(detail, 2);
    const fields: Record<string, unknown> = {};
    for (let i = 0; i < count; i += 1) {
      const key = this.#readKey(count);
      if (key === BREAK) break;
      if (typeof key !== 'string' && typeof key !== 'number') throw malformed('the keys of an object must be text');
      const value = this.read();
      if (key !== '__proto__') fields[key] = value;
    }
    return fields;
  }

  #readMap(): Map<unknown, unknown> {
    const byte = this.#view.getUint8(this.#skip(1));
    if (byte >> 5 !== 5) throw malformed('a map must hold pairs');
    const count = this.#readItemCount(byte & 0x1f, 2);
    const map = new Map<unknown, unknown>();
    for (let i = 0; i < count; i += 1) {
      const key = this.#readKey(count);
      if (key === BREAK) break;
      map.set(key, this.read());
    }
    return map;
  }

  #readKey(count: number): unknown {
    const key = this.#readItem();
    if (key === BREAK && count !== INDEFINITE) throw malformed('a break inside a map of known length');
    return key;
  }

  #readText(detail: number): string {
    if (detail === 31) return this.#readParts(3).toString('utf8');
    const sizeBytes = this.#readLength(detail);
    const start = this.#skip(sizeBytes);
    if (sizeBytes > SHORT_TEXT_LENGTH_MAX) return this.#bytes.toString('utf8', start, start + sizeBytes);
    let text = '';
    for (let i = start; i < start + sizeBytes; i += 1) {
      const byte = this.#bytes[i] as number;
      if (byte > 0x7f) return this.#bytes.toString('utf8', start, start + sizeBytes);
      text += String.fromCharCode(byte);
    }
    return text;
  }

  /** A copy, so that a small value does not keep a whole message in memory. */
  #readBytes(detail: number): Uint8Array {
    if (detail === 31) return new Uint8Array(this.#readParts(2));
    const sizeBytes = this.#readLength(detail);
    const start = this.#skip(sizeBytes);
    return new Uint8Array(this.#bytes.subarray(start, start + sizeBytes));
  }

  #readParts(major: number): Buffer {
    const parts: Buffer[] = [];
    for (;;) {
      const byte = this.#view.getUint8(this.#skip(1));
      if (byte === 0xff) return Buffer.concat(parts);
      if (byte >> 5 !== major || (byte & 0x1f) === 31) throw malformed('a string in parts holds something else');
      const sizeBytes = this.#readLength(byte & 0x1f);
      const start = this.#skip(sizeBytes);
      parts.push(this.#bytes.subarray(start, start + sizeBytes));
    }
  }

  #readSimple(detail: number): unknown {
    switch (detail) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
        return null;
      case 23:
        return undefined;
      case 25:
        return halfFloat(this.#view.getUint16(this.#skip(2)));
      case 26:
        return this.#view.getFloat32(this.#skip(4));
      case 27:
        return this.#view.getFloat64(this.#skip(8));
      case 31:
        return BREAK;
      default:
        throw malformed('a simple value is not known');
    }
  }

  #readCount(detail: number): number | bigint {
    if (detail < 24) return detail;
    switch (detail) {
      case 24:
        return this.#view.getUint8(this.#skip(1));
      case 25:
        return this.#view.getUint16(this.#skip(2));
      case 26:
        return this.#view.getUint32(this.#skip(4));
      case 27: {
        const start = this.#skip(8);
        const high = this.#view.getUint32(start);
        // Up to 2^53 - 1 it is a number.
        if (high < 0x20_0000) return high * 0x1_0000_0000 + this.#view.getUint32(start + 4);
        return this.#view.getBigUint64(start);
      }
      default:
        throw malformed('a length is not known');
    }
  }

  #readLength(detail: number): number {
    const count = this.#readCount(detail);
    if (typeof count === 'bigint') throw malformed('a length is out of range');
    return count;
  }

  /** How many items follow: never more than there are bytes for, unless a break ends them. */
  #readItemCount(detail: number, itemBytesMin: number): number {
    if (detail === 31) return INDEFINITE;
    const count = this.#readLength(detail);
    if (count * itemBytesMin > this.#bytes.length - this.#position) throw malformed('it ends too early');
    return count;
  }

  /** Moves on, and returns where the skipped bytes begin. */
  #skip(sizeBytes: number): number {
    const start = this.#position;
    if (sizeBytes > this.#bytes.length - start) throw malformed('it ends too early');
    this.#position = start + sizeBytes;
    return start;
  }
}

function dateOf(value: unknown, type: 'string' | 'number'): Date {
  if (typeof value !== type) throw malformed(`a date must be a ${type}`);
  return new Date(typeof value === 'number' ? Math.round(value * 1_000) : String(value));
}

function bigIntOf(value: unknown): bigint {
  if (!(value instanceof Uint8Array)) throw malformed('a big integer must be bytes');
  if (value.length > BIGINT_BYTES_MAX) throw malformed(`a big integer has more than ${BIGINT_BYTES_MAX} bytes`);
  return value.length === 0 ? 0n : BigInt(`0x${Buffer.from(value).toString('hex')}`);
}

/** RFC 8949, appendix D. */
function halfFloat(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const [exponent, fraction] = [(bits >> 10) & 0x1f, bits & 0x3ff];
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1_024 + fraction) * 2 ** (exponent - 25);
}

function malformed(why: string): OperatingError {
  return new OperatingError('invalid', `the bytes are not readable CBOR: ${why}`);
}
