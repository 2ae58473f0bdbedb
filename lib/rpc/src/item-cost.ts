/** Credit counts items; a large item counts as several, so that what a reader has not read stays bounded in bytes too. */
import { STREAM_CREDIT_ITEMS } from './limits.ts';
import { SharedValue } from './shared-value.ts';

/** Values nested deeper are left uncounted: either they are a cycle, or hardly any. */
const DEPTH_MAX = 128;
/** The head of a value, and of a number the value too. */
const VALUE_BYTES = 4;

/**
 * Credits that `item` takes: one for each `pieceBytes` of its rough size that it begins. An item as large as the whole
 * window takes all of it and is counted no further, which also bounds the time that this takes.
 */
export function itemCost(item: unknown, pieceBytes: number): number {
  const windowBytes = pieceBytes * STREAM_CREDIT_ITEMS;
  const sizeBytes = item instanceof SharedValue ? item.sizeBytes : roughSizeBytes(item, windowBytes);
  return Math.max(1, Math.min(STREAM_CREDIT_ITEMS, Math.ceil(sizeBytes / pieceBytes)));
}

/** What `value` takes, encoded, by a rough count that stops at `sizeBytesMax`. */
export function roughSizeBytes(value: unknown, sizeBytesMax: number): number {
  return sizeBytesMax - bytesLeftAfter(value, sizeBytesMax, 0);
}

function bytesLeftAfter(value: unknown, leftBytes: number, depth: number): number {
  if (typeof value === 'string') return leftBytes - VALUE_BYTES - value.length;
  if (typeof value === 'bigint') return leftBytes - VALUE_BYTES - value.toString(16).length / 2;
  if (typeof value !== 'object' || value === null || depth === DEPTH_MAX) return leftBytes - VALUE_BYTES;
  let left = leftBytes - VALUE_BYTES;
  // What nearly all are: none of the questions below.
  if (Object.getPrototypeOf(value) === Object.prototype) return bytesLeftAfterFields(value, left, depth);
  if (value instanceof Error) left -= value.message.length;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return left - value.byteLength;
  if (Array.isArray(value) || value instanceof Set) {
    for (const item of value) {
      if (left <= 0) return left;
      left = bytesLeftAfter(item, left, depth + 1);
    }
    return left;
  }
  if (value instanceof Map) {
    for (const [key, item] of value) {
      if (left <= 0) return left;
      left = bytesLeftAfter(item, bytesLeftAfter(key, left, depth + 1), depth + 1);
    }
    return left;
  }
  return bytesLeftAfterFields(value, left, depth);
}

function bytesLeftAfterFields(value: object, leftBytes: number, depth: number): number {
  let left = leftBytes;
  for (const key in value) {
    if (left <= 0) return left;
    left = bytesLeftAfter((value as Readonly<Record<string, unknown>>)[key], left - key.length - 1, depth + 1);
  }
  return left;
}
