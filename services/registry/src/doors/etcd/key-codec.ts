/**
 * etcd's keys in the store. They are bytes there and text here: each byte is the character of its number, which keeps their
 * order, below a prefix of their own.
 */
import { type KeyRange, rangeOfKey, rangeOfPrefix } from '@plumb/kv';

export const ETCD_PREFIX = 'etcd/';
const ALL = rangeOfPrefix(ETCD_PREFIX);

export function toStoreKey(key: Uint8Array): string {
  return ETCD_PREFIX + latin1(key);
}

export function fromStoreKey(key: string): Buffer {
  return Buffer.from(key.slice(ETCD_PREFIX.length), 'latin1');
}

/** `key` alone where there is no `rangeEnd`, all from `key` on where that is a zero byte, and else up to, without, it. */
export function toStoreRange(key: Uint8Array, rangeEnd: Uint8Array): KeyRange {
  const start = toStoreKey(key);
  if (rangeEnd.byteLength === 0) return rangeOfKey(start);
  return { start, end: isOpenEnd(rangeEnd) ? ALL.end : toStoreKey(rangeEnd) };
}

/** The longest prefix that all keys of a range share, whether they exist or not. */
export function commonPrefix(key: Uint8Array, rangeEnd: Uint8Array): Uint8Array {
  if (rangeEnd.byteLength === 0) return key;
  if (isOpenEnd(rangeEnd)) return key.subarray(0, 0);
  let length = 0;
  while (length < key.byteLength && key[length] === rangeEnd[length]) length += 1;
  const isNext = rangeEnd.byteLength === length + 1 && rangeEnd[length] === (key[length] ?? Number.NaN) + 1;
  if (!isNext) return key.subarray(0, length);
  // The range ends where the keys with the next byte do, and bytes that cannot grow do not change that.
  length += 1;
  while (key[length] === 0xff) length += 1;
  return key.subarray(0, length);
}

function isOpenEnd(rangeEnd: Uint8Array): boolean {
  return rangeEnd.byteLength === 1 && rangeEnd[0] === 0;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
