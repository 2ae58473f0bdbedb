import { OperatingError } from '@plumb/base';
import { roughSizeBytes } from './item-cost.ts';

/** As deep as the encodings go; deeper is a cycle. */
const DEPTH_MAX = 120;
/** The head of a value, and of a number the value too. */
const VALUE_BYTES = 4;

/**
 * Copies plain data, so that its owner may go on changing it, and counts roughly what it takes. Knows the
 * values that RPC carries, and no others. Not reentrant.
 */
export class PlainCopier {
  readonly #sizeBytesMax: number;
  /** Of the last value that was copied. */
  sizeBytes = 0;

  constructor(sizeBytesMax: number) {
    this.#sizeBytesMax = sizeBytesMax;
  }

  /** @throws OperatingError `invalid` where the value is not plain data, `exhausted` where it is too large. */
  copy<T>(value: T): T {
    this.sizeBytes = 0;
    return this.#copy(value, 0) as T;
  }

  #copy(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case 'string':
        this.#count(VALUE_BYTES + value.length);
        return value;
      case 'number':
      case 'boolean':
      case 'undefined':
        this.#count(VALUE_BYTES);
        return value;
      case 'bigint':
        this.#count(roughSizeBytes(value, this.#sizeBytesMax + 1));
        return value;
      case 'object':
        if (value !== null) return this.#copyObject(value, depth + 1);
        this.#count(VALUE_BYTES);
        return null;
      case 'function':
      case 'symbol':
        throw unfit(`a ${typeof value}`);
    }
  }

  #copyObject(value: object, depth: number): unknown {
    if (depth > DEPTH_MAX) throw unfit(`values nested more than ${DEPTH_MAX} deep, or a cycle,`);
    this.#count(VALUE_BYTES);
    if (Array.isArray(value)) return value.map((item) => this.#copy(item, depth));
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return this.#copyInstance(value, depth);
    const copy: Record<string, unknown> = {};
    for (const key of Object.keys(value)) {
      this.#count(key.length);
      // Set on an object it would change what that is; the encodings leave it out too.
      if (key !== '__proto__') copy[key] = this.#copy((value as Readonly<Record<string, unknown>>)[key], depth);
    }
    return copy;
  }

  #copyInstance(value: object, depth: number): unknown {
    if (value instanceof Date) return new Date(value);
    if (value instanceof Map) {
      return new Map(Array.from(value, ([key, item]) => [this.#copy(key, depth), this.#copy(item, depth)]));
    }
    if (value instanceof Set) return new Set(Array.from(value, (item) => this.#copy(item, depth)));
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
      this.#count(value.byteLength);
      return structuredClone(value);
    }
    // Nobody changes an error, and a copy would lose its code.
    if (value instanceof Error) return value;
    throw unfit(`a value of the class ${value.constructor.name}`);
  }

  #count(sizeBytes: number): void {
    this.sizeBytes += sizeBytes;
    if (this.sizeBytes <= this.#sizeBytesMax) return;
    const advice = `at most ${this.#sizeBytesMax} can be published: publish a reference to it`;
    throw new OperatingError('exhausted', `the value has more than ${this.#sizeBytesMax} bytes, ${advice}`);
  }
}

function unfit(what: string): OperatingError {
  return new OperatingError('invalid', `${what} cannot be published: use plain data`);
}
