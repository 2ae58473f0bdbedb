/** Nested values and the leaves that they are made of. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { OperatingError } from '@plumb/base';
import { Secret } from '@plumb/vault';
import { escapeName } from './config-path.ts';
import { type ConfigValue, isSealedValue } from './feed.ts';

export type ConfigObject = { readonly [key: string]: ConfigValue };

/**
 * The leaves of `values` by dotted path. Keys at the top are paths already; names below are escaped. Lists, empty objects
 * and sealed values are leaves; what is undefined is not there.
 * @throws OperatingError `invalid` for an empty name.
 */
export function flatten(values: Iterable<readonly [path: string, value: ConfigValue]>): Map<string, ConfigValue> {
  const flat = new Map<string, ConfigValue>();
  const visit = (path: string, value: ConfigValue | undefined): void => {
    if (value === undefined) return;
    const entries = isBranch(value) ? Object.entries(value) : [];
    if (entries.length === 0) flat.set(path, value);
    for (const [name, inner] of entries) visit(`${path}.${escapeName(nonEmpty(name, path))}`, inner);
  };
  for (const [path, value] of values) visit(nonEmpty(path, ''), value);
  return flat;
}

function nonEmpty(name: string, at: string): string {
  if (name !== '') return name;
  throw new OperatingError('invalid', `${at === '' ? 'the configuration' : `"${at}"`} has an empty name: give it one`);
}

/** An object whose names are paths on. Lists, sealed values and instances of classes, such as `Secret`, are one value. */
export function isBranch(value: ConfigValue): value is ConfigObject {
  return typeof value === 'object' && value !== null && isPlain(value) && !isSealedValue(value);
}

/** An instance of a class, such as `Secret`: equal to itself only, and nothing of it is looked at. */
export function isOpaque(value: ConfigValue): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isPlain(value);
}

export function isEqualValue(a: ConfigValue, b: ConfigValue): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  return !isOpaque(a) && !isOpaque(b) && isDeepStrictEqual(a, b);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

export function isEmptyObject(value: ConfigValue): boolean {
  return typeof value === 'object' && isBranch(value) && Object.keys(value).length === 0;
}

/** The object that leaves make, each by the names on the way to it. */
export function objectOf(leaves: Iterable<readonly [names: readonly string[], value: ConfigValue]>): ConfigObject {
  const root: { [key: string]: ConfigValue } = {};
  for (const [names, value] of leaves) {
    let object = root;
    for (const name of names.slice(0, -1)) {
      if (!Object.hasOwn(object, name)) define(object, name, {});
      object = object[name] as { [key: string]: ConfigValue };
    }
    define(object, names.at(-1) ?? '', value);
  }
  return root;
}

/** What keeps `value`, from code that is not ours, from being configuration; undefined for nothing. */
export function valueFault(value: unknown, path = ''): string | undefined {
  const where = path === '' ? 'it' : `"${path}"`;
  if (value === null || ['string', 'boolean'].includes(typeof value) || value instanceof Secret) return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${where} is ${value}, which is no value`;
  if (typeof value !== 'object')
    return `${where} is ${value === undefined ? 'undefined' : `a ${typeof value}`}, which is no value`;
  if (!Array.isArray(value) && !isPlain(value)) return `${where} is an instance of a class, which is no value`;
  if (path.length > VALUE_PATH_CHARS_MAX) return 'it is nested too deeply, or contains itself';
  for (const [name, inner] of Object.entries(value)) {
    const fault = valueFault(inner, path === '' ? escapeName(name) : `${path}.${escapeName(name)}`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Far more than any path that is read, and far less than what would overflow the stack. */
const VALUE_PATH_CHARS_MAX = 2_000;

/** As a property of its own, whatever its name: `__proto__` and `constructor` are names like others. */
export function define(object: { [key: string]: ConfigValue }, name: string, value: ConfigValue): void {
  if (name === '__proto__') {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  } else {
    object[name] = value;
  }
}

export function freezeDeep(value: ConfigValue): ConfigValue {
  if (typeof value !== 'object' || value === null || isOpaque(value) || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) freezeDeep(inner);
  return Object.freeze(value);
}
