/**
 * Reads a JSON body as Go and Consul do: the names of fields in any case and with or without underscores, unknown ones
 * ignored, absent ones empty. What has another type than it should is refused with the name of the field.
 */
import { badRequest } from './consul-error.ts';
import { fromNanoseconds, parseGoDuration } from './go-duration.ts';

export class Fields {
  readonly #values = new Map<string, unknown>();
  readonly #path: string;

  private constructor(value: object, path: string) {
    this.#path = path;
    for (const [name, field] of Object.entries(value)) this.#values.set(normal(name), field);
  }

  /** @throws ConsulError 400 for what is not JSON, or no object. An empty body is an empty object. */
  static parse(body: Uint8Array): Fields {
    return Fields.of(parseJson(body) ?? {}, '');
  }

  static of(value: unknown, path: string): Fields {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return new Fields(value, path);
    throw badRequest(`Request decode failed: ${path === '' ? 'the body' : path} is not an object`);
  }

  text(name: string): string | undefined {
    return this.#read(name, 'a string', (value) => (typeof value === 'string' ? value : undefined));
  }

  boolean(name: string): boolean | undefined {
    return this.#read(name, 'a boolean', (value) => (typeof value === 'boolean' ? value : undefined));
  }

  wholeNumber(name: string): number | undefined {
    return this.#read(name, 'a whole number', (value) => (Number.isSafeInteger(value) ? (value as number) : undefined));
  }

  /** Milliseconds: text such as `10s`, or a number of nanoseconds. */
  durationMs(name: string): number | undefined {
    return this.#read(name, 'a duration such as "10s"', (value) => {
      if (typeof value === 'number' && value >= 0) return fromNanoseconds(value);
      if (value === '') return 0;
      return typeof value === 'string' ? parseGoDuration(value) : undefined;
    });
  }

  texts(name: string): readonly string[] | undefined {
    return this.#read(name, 'a list of strings', (value) =>
      Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined,
    );
  }

  /** Names are kept as they are. */
  textMap(name: string): Readonly<Record<string, string>> | undefined {
    return this.#read(name, 'a map of strings', (value) =>
      isMap(value) && Object.values(value).every((item) => typeof item === 'string')
        ? (value as Record<string, string>)
        : undefined,
    );
  }

  textListMap(name: string): Readonly<Record<string, readonly string[]>> | undefined {
    const isList = (list: unknown): boolean => Array.isArray(list) && list.every((item) => typeof item === 'string');
    return this.#read(name, 'a map of lists of strings', (value) =>
      isMap(value) && Object.values(value).every(isList) ? (value as Record<string, string[]>) : undefined,
    );
  }

  fields(name: string): Fields | undefined {
    return this.#read(name, 'an object', (value) => (isMap(value) ? Fields.of(value, this.#pathOf(name)) : undefined));
  }

  list(name: string): readonly Fields[] | undefined {
    return this.#read(name, 'a list of objects', (value) =>
      Array.isArray(value) && value.every(isMap)
        ? value.map((item, i) => Fields.of(item, `${this.#pathOf(name)}[${i}]`))
        : undefined,
    );
  }

  /** By the names as they are. */
  fieldsMap(name: string): ReadonlyMap<string, Fields> | undefined {
    return this.#read(name, 'a map of objects', (value) =>
      isMap(value) && Object.values(value).every(isMap)
        ? new Map(Object.entries(value).map(([key, item]) => [key, Fields.of(item, `${this.#pathOf(name)}.${key}`)]))
        : undefined,
    );
  }

  /** As it is in the body. */
  raw(name: string): unknown {
    return this.#values.get(normal(name));
  }

  has(name: string): boolean {
    const value = this.raw(name);
    return value !== undefined && value !== null;
  }

  #read<T>(name: string, kind: string, convert: (value: unknown) => T | undefined): T | undefined {
    if (!this.has(name)) return undefined;
    const converted = convert(this.raw(name));
    if (converted !== undefined) return converted;
    throw badRequest(`Request decode failed: ${this.#pathOf(name)} is not ${kind}`);
  }

  #pathOf(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }
}

/** @throws ConsulError 400. Undefined for an empty body. */
export function parseJson(
  body: Uint8Array,
  reviver?: (key: string, value: unknown, source: string) => unknown,
): unknown {
  const text = new TextDecoder().decode(body);
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text, reviver === undefined ? undefined : withSource(reviver));
  } catch (error) {
    throw badRequest(`Request decode failed: ${(error as Error).message}`);
  }
}

/** The text that a value was read from comes with it in ECMAScript 2026: numbers beyond 2^53 are exact in it. */
function withSource(
  reviver: (key: string, value: unknown, source: string) => unknown,
): (this: unknown, key: string, value: unknown) => unknown {
  return (key: string, value: unknown, ...[context]: { readonly source?: string }[]) =>
    reviver(key, value, context?.source ?? '');
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function normal(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}
