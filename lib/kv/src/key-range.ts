/** Half-open ranges of keys, in the order of their UTF-8 bytes. */
import type { Key } from './kv.ts';
import { compareKeys } from './sorted-map.ts';

/** The keys from `start` on, without `end` and what is above it; without an `end`, to the last key there is. */
export type KeyRange = { readonly start: string; readonly end?: string | undefined };

const CODE_POINT_MAX = 0x10_ffff;
/** What well-formed text skips: surrogates, which stand for nothing alone. */
const SURROGATES = { first: 0xd800, last: 0xdfff };

/** The range of all keys that start with `prefix`; of all keys, when that is empty. */
export function rangeOfPrefix(prefix: string): KeyRange {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    if (last === CODE_POINT_MAX) continue;
    const next = last + 1 === SURROGATES.first ? SURROGATES.last + 1 : last + 1;
    return { start: prefix, end: String.fromCodePoint(...points, next) };
  }
  return { start: prefix };
}

/** The range that holds `key` and nothing else. */
export function rangeOfKey(key: Key): KeyRange {
  return { start: key, end: `${key}\0` };
}

/** Text stands for the range of its prefix. */
export function toKeyRange(range: string | KeyRange): KeyRange {
  return typeof range === 'string' ? rangeOfPrefix(range) : range;
}

export function isInRange(key: Key, { start, end }: KeyRange): boolean {
  return compareKeys(key, start) >= 0 && (end === undefined || compareKeys(key, end) < 0);
}
