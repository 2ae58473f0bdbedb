/**
 * What of a call's input cannot be sent but can be called back: functions, and whatever iterates asynchronously. They are
 * found in lists and plain objects; elsewhere (in a Map, in a cycle) they stay, and the channel refuses them by name.
 */
import type { Reference } from './protocol.ts';

/** Lists and objects nested deeper are not looked into. Channels refuse such values anyway. */
const DEPTH_MAX = 128;

export type FoundReference = Pick<Reference, 'at' | 'kind'> & { readonly value: object };

/** `input` is a copy with null in place of each reference; what has none in it is shared with the original. */
export type Extracted = { readonly input: unknown; readonly found: readonly FoundReference[] };

/** Undefined where there are none. */
export function extractReferences(input: unknown): Extracted | undefined {
  const extraction = new Extraction();
  const rest = extraction.without(input);
  return extraction.found.length === 0 ? undefined : { input: rest, found: extraction.found };
}

export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

class Extraction {
  readonly found: FoundReference[] = [];
  readonly #at: (string | number)[] = [];
  readonly #ancestors = new Set<object>();

  without(value: unknown): unknown {
    if (typeof value === 'function') return this.#add('function', value);
    if (isAsyncIterable(value)) return this.#add('stream', value);
    if (!isContainer(value) || this.#ancestors.has(value) || this.#at.length === DEPTH_MAX) return value;
    this.#ancestors.add(value);
    const copy = Array.isArray(value) ? this.#withoutInList(value) : this.#withoutInFields(value);
    this.#ancestors.delete(value);
    return copy;
  }

  #add(kind: FoundReference['kind'], value: object): null {
    this.found.push({ at: [...this.#at], kind, value });
    return null;
  }

  #withoutInList(list: readonly unknown[]): readonly unknown[] {
    let copy: unknown[] | undefined;
    list.forEach((item, index) => {
      const rest = this.#withoutAt(index, item);
      if (!Object.is(rest, item)) (copy ??= [...list])[index] = rest;
    });
    return copy ?? list;
  }

  #withoutInFields(fields: object): object {
    let copy: Record<string, unknown> | undefined;
    for (const [key, item] of Object.entries(fields)) {
      // It cannot be put back over there.
      if (key === '__proto__') continue;
      const rest = this.#withoutAt(key, item);
      if (!Object.is(rest, item)) (copy ??= { ...fields })[key] = rest;
    }
    return copy ?? fields;
  }

  #withoutAt(step: string | number, item: unknown): unknown {
    this.#at.push(step);
    const rest = this.without(item);
    this.#at.pop();
    return rest;
  }
}

/** Lists, and objects whose fields are what is sent of them; not dates, maps, bytes and the like. */
function isContainer(value: unknown): value is object {
  return Array.isArray(value) || Object.prototype.toString.call(value) === '[object Object]';
}
