/** Nested values and the leaves that they are made of. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { OperatingError } from '@plumb/base';
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
  return isBranch(value) && Object.keys(value).length === 0;
}

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
