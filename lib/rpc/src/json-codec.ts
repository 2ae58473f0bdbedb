/**
 * Messages as JSON text, for browsers. What JSON would lose without a word (dates, maps, sets, bytes, errors, big
 * integers, NaN, undefined in a list) is refused instead, so that nobody receives an empty object for a Map. A field that
 * is undefined is left out.
 */
import { OperatingError } from '@plumb/base';
import { isPlainObject, PLAIN_DEPTH_MAX, unfitError } from '@plumb/cbor/plain';
import type { Message } from './channel.ts';
import { sharedValueOf } from './shared-value.ts';

/** @throws OperatingError `invalid` where JSON cannot carry a value, with its path. */
export function encodeJson(message: Message): string {
  const shared = sharedValueOf(message);
  if (shared === undefined) return stringify(message);
  const { value: _, ...rest } = message;
  const value = shared.json(stringify);
  // A message has other fields than its value, so its text ends with one.
  return `${stringify(rest).slice(0, -1)},"value":${value}}`;
}

/** @throws OperatingError `invalid` where `text` is not JSON. A key `__proto__` is left out. */
export function decodeJson(text: string): unknown {
  try {
    return text.includes('__proto__') ? JSON.parse(text, dropProto) : JSON.parse(text);
  } catch (error) {
    throw new OperatingError('invalid', 'the message is not JSON', { cause: error });
  }
}

/** The check is a walk of its own, since a function that `JSON.stringify` calls for each field makes it ten times slower. */
function stringify(value: unknown): string {
  if (!fitsJson(value, 0)) throw unfitError(value, 'JSON');
  return JSON.stringify(value);
}

/** No `toJSON` is ever called: it would be a function among the fields, or the value an instance of a class. */
function fitsJson(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'object':
      return value === null || (depth < PLAIN_DEPTH_MAX && objectFitsJson(value, depth + 1));
    case 'number':
      return Number.isFinite(value);
    case 'string':
    case 'boolean':
    case 'undefined':
      return true;
    case 'bigint':
    case 'function':
    case 'symbol':
      return false;
  }
}

function objectFitsJson(value: object, depth: number): boolean {
  if (Array.isArray(value)) {
    // In a list, JSON would make null of it.
    for (const item of value as readonly unknown[]) if (item === undefined || !fitsJson(item, depth)) return false;
    return true;
  }
  if (!isPlainObject(value) || Symbol.asyncIterator in value) return false;
  for (const key of Object.keys(value)) {
    if (!fitsJson((value as Readonly<Record<string, unknown>>)[key], depth)) return false;
  }
  return true;
}

function dropProto(key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value;
}
