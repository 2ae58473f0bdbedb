/**
 * Plain values as CBOR (RFC 8949), with the tags of `cbor-tags.ts` only. The hot path knows no names: where a value
 * turns out to have no plain form it gives up, and `find-fault.ts` walks the value again to say where and why.
 */
import { ByteWriter } from './byte-writer.ts';
import { PROBLEM, TAG, typedArrayTag } from './cbor-tags.ts';
import { ERROR_CAUSES_MAX, errorFields } from './error-fields.ts';
import { unfitError } from './find-fault.ts';
import { BIGINT_MAX, PLAIN_DEPTH_MAX } from './plain-limits.ts';

const OBJECT_PROTOTYPE = Object.prototype;
/** Thrown and caught here: a value has no plain form. */
const UNFIT = Symbol('unfit');

type Fields = Readonly<Record<string, unknown>>;

/** Writes one value after another. Not reentrant: a getter must not use the writer that reads it. */
export class CborWriter {
  readonly out: ByteWriter;
  #isPolluted = false;
  #causes = 0;

  constructor(sizeBytesMax: number) {
    this.out = new ByteWriter(sizeBytesMax);
  }

  /** @throws OperatingError `invalid` with the path, `exhausted` where it is too large. Nothing was written then. */
  write(value: unknown): void {
    const start = this.#begin();
    try {
      this.#value(value, 0);
    } catch (error) {
      this.out.cut(start);
      throw error === UNFIT ? unfitError(value, 'CBOR') : error;
    }
  }

  /** Writes the fields of an object, and one more whose value is `encoded` already. Throws as `write` does. */
  writeWith(fields: object, key: string, encoded: Uint8Array): void {
    const start = this.#begin();
    try {
      this.out.byte(0xa0);
      const count = this.#writeFields(fields, 1, this.#isPolluted);
      this.out.text(key);
      this.out.raw(encoded);
      this.out.setCount(start, 0xa0, count + 1);
    } catch (error) {
      this.out.cut(start);
      throw error === UNFIT ? unfitError(fields, 'CBOR') : error;
    }
  }

  /** Returns where the value begins. */
  #begin(): number {
    this.#isPolluted = isPrototypePolluted();
    this.#causes = 0;
    return this.out.end;
  }

  #value(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'string':
        return this.out.text(value);
      case 'number':
        return this.out.number(value);
      case 'boolean':
        return this.out.byte(value ? 0xf5 : 0xf4);
      case 'undefined':
        return this.out.byte(0xf7);
      case 'object':
        return value === null ? this.out.byte(0xf6) : this.#object(value, depth + 1);
      case 'bigint':
        return this.#bigInt(value);
      case 'function':
      case 'symbol':
        throw UNFIT;
    }
  }

  #object(value: object, depth: number): void {
    if (depth > PLAIN_DEPTH_MAX) throw UNFIT;
    if (Array.isArray(value)) return this.#list(value, depth);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === OBJECT_PROTOTYPE || prototype === null) return this.#fields(value, depth, this.#isPolluted);
    return this.#instance(value, prototype as object, depth);
  }

  #list(items: readonly unknown[], depth: number): void {
    const { length } = items;
    this.out.head(0x80, length);
    for (let i = 0; i < length; i += 1) {
      const item = items[i];
      if (typeof item === 'number') this.out.number(item);
      else this.#value(item, depth);
    }
  }

  #fields(value: object, depth: number, inherits: boolean): void {
    if ((value as { readonly [Symbol.asyncIterator]?: unknown })[Symbol.asyncIterator] !== undefined) throw UNFIT;
    const at = this.out.end;
    this.out.byte(0xa0);
    this.out.setCount(at, 0xa0, this.#writeFields(value, depth, inherits));
  }

  /**
   * Returns how many there are. `for in` is several times faster than `Object.keys`, and the same as long as nobody has
   * added to `Object.prototype`.
   */
  #writeFields(value: object, depth: number, inherits: boolean): number {
    let count = 0;
    for (const key in value) {
      if (inherits && !Object.hasOwn(value, key)) continue;
      count += 1;
      this.out.text(key);
      this.#value((value as Fields)[key], depth);
    }
    return count;
  }

  #instance(value: object, prototype: object, depth: number): void {
    const { out } = this;
    if (ArrayBuffer.isView(value)) {
      this.#view(value);
    } else if (value instanceof Date) {
      out.head(0xc0, TAG.dateSeconds);
      out.number(value.getTime() / 1_000);
    } else if (value instanceof Map) {
      out.head(0xc0, TAG.map);
      out.head(0xa0, value.size);
      for (const [key, item] of value) {
        this.#value(key, depth);
        this.#value(item, depth);
      }
    } else if (value instanceof Set) {
      out.head(0xc0, TAG.set);
      out.head(0x80, value.size);
      for (const item of value) this.#value(item, depth);
    } else if (value instanceof Error) {
      this.#error(value, depth);
    } else if (value instanceof ArrayBuffer) {
      out.bytes(new Uint8Array(value));
    } else if (Object.getPrototypeOf(prototype) === null) {
      // The plain object of another realm.
      this.#fields(value, depth, true);
    } else throw UNFIT;
  }

  #view(view: ArrayBufferView): void {
    if (view instanceof Uint8Array) return this.out.bytes(view);
    const tag = typedArrayTag(view);
    if (tag === undefined) throw UNFIT;
    this.out.head(0xc0, tag);
    this.out.bytes(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  }

  #bigInt(value: bigint): void {
    const magnitude = value >= 0n ? value : -1n - value;
    if (magnitude > BIGINT_MAX) throw UNFIT;
    this.out.head(0xc0, value >= 0n ? TAG.bigInt : TAG.negativeBigInt);
    const digits = magnitude.toString(16);
    this.out.bytes(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex'));
  }

  /** Concise problem details (RFC 9290): the name as title, the message as detail, the rest in a map of ours. */
  #error(error: Error, depth: number): void {
    const { out } = this;
    const { name, message, cause, ...rest } = errorFields(error);
    const more = cause === undefined || this.#causes >= ERROR_CAUSES_MAX ? rest : { ...rest, cause };
    const hasMore = Object.keys(more).length > 0;
    out.head(0xc0, TAG.problemDetails);
    out.head(0xa0, hasMore ? 3 : 2);
    out.number(PROBLEM.title);
    out.text(name);
    out.number(PROBLEM.detail);
    out.text(message);
    if (!hasMore) return;
    out.text(PROBLEM.more);
    this.#causes += 1;
    this.#object(more, depth + 1);
    this.#causes -= 1;
  }
}

/** Whether `for in` would see more than an object's own fields. */
function isPrototypePolluted(): boolean {
  for (const _key in OBJECT_PROTOTYPE) return true;
  return false;
}
