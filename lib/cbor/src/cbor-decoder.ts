/**
 * Reads CBOR (RFC 8949) of anybody, also of an enemy: every length is checked against the bytes that are there before
 * anything is made, nesting is bounded, unknown tags are refused, and nothing that the bytes say is ever run. Indefinite
 * lengths, half floats and 64-bit integers are read too, since other languages write them.
 */
import { OperatingError } from '@plumb/base';
import { PROBLEM, TAG, typedArrayOf, type TypedArrayType, typedArrayType } from './cbor-tags.ts';
import { errorFromFields } from './error-fields.ts';
import { CACHED_KEY_BYTES_MAX, KeyCache, readText } from './key-cache.ts';
import { BIGINT_BYTES_MAX, PLAIN_DEPTH_MAX } from './plain-limits.ts';

const BREAK = 0xff;
const INDEFINITE = 31;
const NOTHING = Buffer.alloc(0);
type Fields = Record<string | number, unknown>;

/** Decodes one message after another, and remembers their keys: use one for each peer or collection. */
export class CborDecoder {
  readonly #keys = new KeyCache();
  #bytes: Buffer = NOTHING;
  #view: DataView | undefined;
  #position = 0;
  #depth = 0;

  /** The one value in `bytes`. @throws OperatingError `invalid`. */
  decode(bytes: Uint8Array): unknown {
    const values = this.decodeSequence(bytes);
    if (values.length !== 1) throw malformed('there must be exactly one value');
    return values[0];
  }

  /** The values of a CBOR sequence (RFC 8742) from `start` on, in order. @throws OperatingError `invalid`. */
  decodeSequence(bytes: Uint8Array, start = 0): unknown[] {
    this.#bytes = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = undefined;
    this.#position = start;
    this.#depth = 0;
    try {
      const values: unknown[] = [];
      while (this.#position < this.#bytes.length) values.push(this.#value());
      return values;
    } finally {
      // What was read must not keep a whole frame in memory.
      this.#bytes = NOTHING;
      this.#view = undefined;
    }
  }

  #value(): unknown {
    const byte = this.#byte();
    // What is frequent is told by its first byte alone.
    if (byte < 0x18) return byte;
    if (byte >= 0x60 && byte < 0x78) return readText(this.#bytes, this.#skip(byte - 0x60), byte - 0x60);
    switch (byte) {
      case 0x19:
        return this.#uint16(this.#skip(2));
      case 0x1a:
        return this.#uint32(this.#skip(4));
      case 0xf4:
        return false;
      case 0xf5:
        return true;
      case 0xfb:
        return this.#viewed().getFloat64(this.#skip(8));
      default:
        return this.#other(byte >> 5, byte & 0x1f);
    }
  }

  #other(major: number, detail: number): unknown {
    switch (major) {
      case 0:
        return this.#count(detail);
      case 1: {
        const count = this.#count(detail);
        return typeof count === 'bigint' ? -1n - count : -1 - count;
      }
      case 2:
        return this.#byteString(detail);
      case 3:
        return this.#text(detail);
      case 4:
        return this.#list(detail);
      case 5:
        return this.#fields(detail);
      case 6:
        return this.#tagged(this.#length(detail));
      default:
        return this.#simple(detail);
    }
  }

  #list(detail: number): unknown[] {
    this.#enter();
    const items: unknown[] = [];
    if (detail === INDEFINITE) {
      while (!this.#isBreak()) items.push(this.#value());
    } else {
      for (let left = this.#itemCount(detail, 1); left > 0; left -= 1) items.push(this.#value());
    }
    this.#depth -= 1;
    return items;
  }

  #fields(detail: number): Fields {
    this.#enter();
    const fields: Fields = {};
    if (detail === INDEFINITE) {
      this.#keys.begin(0);
      while (!this.#isBreak()) this.#field(fields);
    } else {
      const count = this.#itemCount(detail, 2);
      this.#keys.begin(count);
      for (let left = count; left > 0; left -= 1) this.#field(fields);
    }
    this.#depth -= 1;
    return fields;
  }

  #field(fields: Fields): void {
    const key = this.#key();
    const value = this.#value();
    // It would change the prototype.
    if (key !== '__proto__') fields[key] = value;
  }

  #key(): string | number {
    const byte = this.#byte();
    // Text whose length is in the same byte: nearly always.
    if (byte >= 0x60 && byte < 0x78) {
      const length = byte - 0x60;
      return this.#keys.read(this.#bytes, this.#skip(length), length);
    }
    const detail = byte & 0x1f;
    if (byte >> 5 === 3 && detail !== INDEFINITE) {
      const length = this.#length(detail);
      const at = this.#skip(length);
      if (length <= CACHED_KEY_BYTES_MAX) return this.#keys.read(this.#bytes, at, length);
      return readText(this.#bytes, at, length);
    }
    this.#position -= 1;
    const key = this.#value();
    if (typeof key !== 'string' && typeof key !== 'number') throw malformed('the keys of an object must be text');
    return key;
  }

  /** What a tag is of is read as exactly that, so a tag does not nest. */
  #tagged(tag: number): unknown {
    switch (tag) {
      case TAG.dateText:
        return dateOf(this.#scalar(), 'string');
      case TAG.dateSeconds:
        return dateOf(this.#scalar(), 'number');
      case TAG.bigInt:
        return this.#bigInt();
      case TAG.negativeBigInt:
        return -1n - this.#bigInt();
      case TAG.set:
        return new Set(this.#list(this.#head(4, 'a set must hold a list')));
      case TAG.map:
        return this.#map(this.#head(5, 'a map must hold pairs'));
      case TAG.problemDetails:
        return errorOf(this.#fields(this.#head(5, 'an error must hold fields')));
      case TAG.selfDescribed: {
        this.#enter();
        const value = this.#value();
        this.#depth -= 1;
        return value;
      }
      default: {
        const type = typedArrayType(tag);
        if (type === undefined) throw malformed(`tag ${tag} is not known`);
        return this.#typedArray(type);
      }
    }
  }

  #map(detail: number): Map<unknown, unknown> {
    this.#enter();
    const map = new Map<unknown, unknown>();
    if (detail === INDEFINITE) {
      while (!this.#isBreak()) map.set(this.#value(), this.#value());
    } else {
      for (let left = this.#itemCount(detail, 2); left > 0; left -= 1) map.set(this.#value(), this.#value());
    }
    this.#depth -= 1;
    return map;
  }

  #typedArray(type: TypedArrayType): ArrayBufferView {
    const array = typedArrayOf(type, this.#byteString(this.#head(2, 'a typed array must be bytes')));
    if (array === undefined) throw malformed('a typed array ends within a number');
    return array;
  }

  #bigInt(): bigint {
    const bytes = this.#byteString(this.#head(2, 'a big integer must be bytes'));
    if (bytes.length > BIGINT_BYTES_MAX) throw malformed(`a big integer has more than ${BIGINT_BYTES_MAX} bytes`);
    return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes.buffer).toString('hex')}`);
  }

  /** A value that has nothing below it. */
  #scalar(): unknown {
    const major = (this.#bytes[this.#position] ?? 0xe0) >> 5;
    return major >= 4 && major <= 6 ? undefined : this.#value();
  }

  #text(detail: number): string {
    if (detail === INDEFINITE) return this.#parts(3).toString('utf8');
    const length = this.#length(detail);
    return readText(this.#bytes, this.#skip(length), length);
  }

  /** A copy, so that a small value does not keep a whole message in memory. */
  #byteString(detail: number): Uint8Array<ArrayBuffer> {
    if (detail === INDEFINITE) return new Uint8Array(this.#parts(2));
    const length = this.#length(detail);
    const start = this.#skip(length);
    return new Uint8Array(this.#bytes.subarray(start, start + length));
  }

  #parts(major: number): Buffer {
    const parts: Buffer[] = [];
    while (!this.#isBreak()) {
      const length = this.#length(this.#head(major, 'a string in parts holds something else'));
      const start = this.#skip(length);
      parts.push(this.#bytes.subarray(start, start + length));
    }
    return Buffer.concat(parts);
  }

  #simple(detail: number): unknown {
    switch (detail) {
      case 22:
        return null;
      case 23:
        return undefined;
      case 25:
        return this.#viewed().getFloat16(this.#skip(2));
      case 26:
        return this.#viewed().getFloat32(this.#skip(4));
      case INDEFINITE:
        throw malformed('a break where a value must be');
      default:
        throw malformed('a simple value is not known');
    }
  }

  #count(detail: number): number | bigint {
    if (detail < 24) return detail;
    switch (detail) {
      case 24:
        return this.#bytes[this.#skip(1)] as number;
      case 25:
        return this.#uint16(this.#skip(2));
      case 26:
        return this.#uint32(this.#skip(4));
      case 27: {
        const at = this.#skip(8);
        const high = this.#uint32(at);
        // Up to 2^53 - 1 it is a number.
        if (high < 0x20_0000) return high * 0x1_0000_0000 + this.#uint32(at + 4);
        return this.#viewed().getBigUint64(at);
      }
      default:
        throw malformed('a length is not known');
    }
  }

  #uint16(at: number): number {
    const bytes = this.#bytes;
    return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  }

  #uint32(at: number): number {
    const bytes = this.#bytes;
    const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    return high * 0x1_0000 + (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number));
  }

  #length(detail: number): number {
    const count = this.#count(detail);
    if (typeof count === 'bigint') throw malformed('a length is out of range');
    return count;
  }

  /** How many items follow: never more than there are bytes for. */
  #itemCount(detail: number, itemBytesMin: number): number {
    const count = this.#length(detail);
    if (count * itemBytesMin > this.#bytes.length - this.#position) throw malformed('it ends too early');
    return count;
  }

  /** The detail of a head that must be of `major`. */
  #head(major: number, otherwise: string): number {
    const byte = this.#byte();
    if (byte >> 5 !== major) throw malformed(otherwise);
    return byte & 0x1f;
  }

  #isBreak(): boolean {
    if (this.#position < this.#bytes.length && this.#bytes[this.#position] !== BREAK) return false;
    this.#skip(1);
    return true;
  }

  #enter(): void {
    this.#depth += 1;
    if (this.#depth > PLAIN_DEPTH_MAX) throw malformed(`values nest more than ${PLAIN_DEPTH_MAX} deep`);
  }

  #byte(): number {
    const at = this.#position;
    if (at >= this.#bytes.length) throw malformed('it ends too early');
    this.#position = at + 1;
    return this.#bytes[at] as number;
  }

  /** Moves on, and returns where the skipped bytes begin. */
  #skip(sizeBytes: number): number {
    const start = this.#position;
    if (sizeBytes > this.#bytes.length - start) throw malformed('it ends too early');
    this.#position = start + sizeBytes;
    return start;
  }

  /** For numbers that are read seldom; made when the first of a message is. */
  #viewed(): DataView {
    this.#view ??= viewOf(this.#bytes);
    return this.#view;
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function dateOf(value: unknown, type: 'string' | 'number'): Date {
  if (typeof value !== type) throw malformed(`a date must be a ${type}`);
  return new Date(typeof value === 'number' ? Math.round(value * 1_000) : String(value));
}

/** Concise problem details (RFC 9290); also those that another language wrote, of which a name may be missing. */
function errorOf(fields: Fields): Error {
  const { [PROBLEM.title]: name, [PROBLEM.detail]: message, [PROBLEM.more]: more } = fields;
  const { code, details, cause } = (typeof more === 'object' && more !== null ? more : {}) as Fields;
  return errorFromFields({
    name: typeof name === 'string' ? name : 'Error',
    message: typeof message === 'string' ? message : '',
    code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
    details,
    cause,
  });
}

function malformed(why: string): OperatingError {
  return new OperatingError('invalid', `the bytes are not readable CBOR: ${why}`);
}
