/**
 * Reads CBOR (RFC 8949) of anybody, also of an enemy: every length is checked against the bytes that are there before
 * anything is made, nesting is bounded, unknown tags are refused, and nothing that the bytes say is ever run. Indefinite
 * lengths, half floats and 64-bit integers are read too, since other languages write them.
 */
import { ByteReader, INDEFINITE, malformed } from './byte-reader.ts';
import { PROBLEM, TAG, typedArrayOf, type TypedArrayType, typedArrayType } from './cbor-tags.ts';
import { errorFromFields } from './error-fields.ts';
import { CACHED_KEY_BYTES_MAX, KeyCache } from './key-cache.ts';
import { BIGINT_BYTES_MAX, PLAIN_DEPTH_MAX } from './plain-limits.ts';
import { readText } from './read-text.ts';

/** Items that a list has room for before they are read. A list that says it has more costs no more than this. */
const LIST_ROOM_MAX = 1_024;

/** A list of so many items is worth a look whether they are numbers, which are read several times faster in a row. */
const NUMBERS_MIN = 16;

type Fields = Record<string | number, unknown>;

export type CborDecoderOptions = {
  /**
   * A byte string of so many bytes or more that is most of the memory it is in becomes a view of it, so it keeps at most
   * twice its size. Nobody may write to that memory later. Without it every byte string is a copy, and so is what has a tag.
   */
  readonly viewBytesMin?: number | undefined;
};

/** Decodes one message after another, and remembers their keys: use one for each peer or collection. */
export class CborDecoder {
  readonly #in = new ByteReader();
  /** Made when it decodes for the second time: for a single value it would cost more than it saves. */
  #keys: KeyCache | undefined;
  #isUsed = false;
  readonly #viewBytesMin: number;
  #depth = 0;

  constructor({ viewBytesMin = Infinity }: CborDecoderOptions = {}) {
    this.#viewBytesMin = viewBytesMin;
  }

  /** The one value in `bytes`. @throws OperatingError `invalid`. */
  decode(bytes: Uint8Array): unknown {
    const values = this.decodeSequence(bytes);
    if (values.length !== 1) throw malformed('there must be exactly one value');
    return values[0];
  }

  /** The values of a CBOR sequence (RFC 8742) from `start` on, in order. @throws OperatingError `invalid`. */
  decodeSequence(bytes: Uint8Array, start = 0): unknown[] {
    if (this.#isUsed) this.#keys ??= new KeyCache();
    this.#isUsed = true;
    this.#depth = 0;
    this.#in.open(bytes, start);
    try {
      const values: unknown[] = [];
      while (!this.#in.isAtEnd) values.push(this.#value());
      return values;
    } finally {
      this.#in.close();
    }
  }

  #value(): unknown {
    const reader = this.#in;
    const byte = reader.byte();
    // What is frequent is told by its first byte alone.
    if (byte < 0x18) return byte;
    if (byte >= 0x60 && byte < 0x78) return readText(reader.bytes, reader.skip(byte - 0x60), byte - 0x60);
    switch (byte) {
      case 0x19:
        return reader.uint16(reader.skip(2));
      case 0x1a:
        return reader.uint32(reader.skip(4));
      case 0xf4:
        return false;
      case 0xf5:
        return true;
      case 0xfb:
        return reader.float64();
      default:
        return this.#other(byte >> 5, byte & 0x1f);
    }
  }

  #other(major: number, detail: number): unknown {
    switch (major) {
      case 0:
        return this.#in.count(detail);
      case 1: {
        const count = this.#in.count(detail);
        return typeof count === 'bigint' ? -1n - count : -1 - count;
      }
      case 2:
        return this.#in.byteView(detail, this.#viewBytesMin);
      case 3:
        return this.#in.text(detail);
      case 4:
        return this.#list(detail);
      case 5:
        return this.#fields(detail);
      case 6:
        return this.#tagged(this.#in.length(detail));
      default:
        return this.#simple(detail);
    }
  }

  #list(detail: number): unknown[] {
    this.#enter();
    const items = this.#listItems(detail);
    this.#depth -= 1;
    return items;
  }

  #listItems(detail: number): unknown[] {
    if (detail === INDEFINITE) {
      const items: unknown[] = [];
      while (!this.#in.isBreak()) items.push(this.#value());
      return items;
    }
    const count = this.#in.itemCount(detail, 1);
    const items = Array<unknown>(Math.min(count, LIST_ROOM_MAX));
    let i = count >= NUMBERS_MIN ? this.#in.numbers(items, 0, count) : 0;
    const isNumbers = i > 0;
    while (i < count) {
      items[i] = this.#value();
      i += 1;
      if (isNumbers) i = this.#in.numbers(items, i, count);
    }
    return items;
  }

  #fields(detail: number): Fields {
    this.#enter();
    const fields: Fields = {};
    if (detail === INDEFINITE) {
      this.#keys?.begin(0);
      while (!this.#in.isBreak()) this.#field(fields);
    } else {
      const count = this.#in.itemCount(detail, 2);
      this.#keys?.begin(count);
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
    const byte = this.#in.peek();
    // Text whose length is in the same byte: nearly always.
    if (byte >= 0x60 && byte < 0x78) return this.#name(this.#in.byte() - 0x60);
    if (byte >> 5 === 3 && byte !== 0x60 + INDEFINITE) return this.#name(this.#in.length(this.#in.byte() & 0x1f));
    const key = this.#value();
    if (typeof key !== 'string' && typeof key !== 'number') throw malformed('the keys of an object must be text');
    return key;
  }

  #name(length: number): string {
    const { bytes } = this.#in;
    const at = this.#in.skip(length);
    const keys = this.#keys;
    return keys === undefined || length > CACHED_KEY_BYTES_MAX
      ? readText(bytes, at, length)
      : keys.read(bytes, at, length);
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
        return new Set(this.#list(this.#in.head(4, 'a set must hold a list')));
      case TAG.map:
        return this.#map(this.#in.head(5, 'a map must hold pairs'));
      case TAG.problemDetails:
        return errorOf(this.#fields(this.#in.head(5, 'an error must hold fields')));
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
      while (!this.#in.isBreak()) map.set(this.#value(), this.#value());
    } else {
      for (let left = this.#in.itemCount(detail, 2); left > 0; left -= 1) map.set(this.#value(), this.#value());
    }
    this.#depth -= 1;
    return map;
  }

  #typedArray(type: TypedArrayType): ArrayBufferView {
    const array = typedArrayOf(type, this.#in.byteString(this.#in.head(2, 'a typed array must be bytes')));
    if (array === undefined) throw malformed('a typed array ends within a number');
    return array;
  }

  #bigInt(): bigint {
    const bytes = this.#in.byteString(this.#in.head(2, 'a big integer must be bytes'));
    if (bytes.length > BIGINT_BYTES_MAX) throw malformed(`a big integer has more than ${BIGINT_BYTES_MAX} bytes`);
    return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes.buffer).toString('hex')}`);
  }

  /** A value that has nothing below it; undefined where another comes. */
  #scalar(): unknown {
    const major = this.#in.peek() >> 5;
    return major >= 4 && major <= 6 ? undefined : this.#value();
  }

  #simple(detail: number): unknown {
    switch (detail) {
      case 22:
        return null;
      case 23:
        return undefined;
      case 25:
        return this.#in.float16();
      case 26:
        return this.#in.float32();
      case INDEFINITE:
        throw malformed('a break where a value must be');
      default:
        throw malformed('a simple value is not known');
    }
  }

  #enter(): void {
    this.#depth += 1;
    if (this.#depth > PLAIN_DEPTH_MAX) throw malformed(`values nest more than ${PLAIN_DEPTH_MAX} deep`);
  }
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
