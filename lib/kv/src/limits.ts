/** The bounds of the store, and the check of a transaction against them before anything is done. */
import { OperatingError } from '@plumb/base';
import type { Compare, Operation } from './kv.ts';

/** Bytes of UTF-8 in a key: a deep path of names fits, and a key never dominates its value. */
export const KEY_SIZE_BYTES_MAX = 1_024;
/** Bytes of a value: larger things are files or assets, and every watcher would be sent them. */
export const VALUE_SIZE_BYTES_MAX = 1_048_576;
/** Operations, and conditions, of one transaction: an application with all its services is a few dozen. */
export const TRANSACTION_OPERATIONS_MAX = 1_024;
/** Bytes of keys and values that one transaction puts: it is held in memory a few times over while it is written. */
export const TRANSACTION_SIZE_BYTES_MAX = 8 * 1_048_576;
/** Transactions that wait for the disk: beyond it the disk is too slow for the load, and waiting longer does not help. */
export const PENDING_TRANSACTIONS_MAX = 10_000;
/** Bytes that those transactions put. */
export const PENDING_SIZE_BYTES_MAX = 32 * 1_048_576;
/** Bytes after which a group commit takes no further transaction, so that one write stays short. */
export const GROUP_SIZE_BYTES_MAX = 4 * 1_048_576;
/** Bytes of all keys and values: the whole store is kept in memory. */
export const STORE_SIZE_BYTES_MAX = 512 * 1_048_576;
/** Changed keys that a slow watcher may fall behind before it is sent a new snapshot instead. */
export const WATCH_QUEUE_MAX = 4_096;
/** Leases at a time: one for each instance of a large installation, a hundred times over. */
export const LEASES_MAX = 100_000;
/** The longest delay of a JavaScript timer, 24.8 days. */
export const LEASE_TTL_MS_MAX = 2 ** 31 - 1;

/** @throws OperatingError `invalid` when `key` is empty, too long, or not well-formed text. */
function checkKey(key: string): void {
  if (key === '') throw new OperatingError('invalid', 'a key is empty: give it at least one byte');
  checkPrefix(key);
}

/** Like `checkKey`, but the empty prefix is every key's. */
export function checkPrefix(prefix: string): void {
  if (prefix.length > KEY_SIZE_BYTES_MAX || Buffer.byteLength(prefix) > KEY_SIZE_BYTES_MAX) {
    const start = `${prefix.slice(0, 40)}…`;
    throw new OperatingError('invalid', `the key "${start}" is longer than ${KEY_SIZE_BYTES_MAX} bytes: shorten it`);
  }
  // Two keys with lone surrogates can have the same UTF-8 bytes.
  if (!prefix.isWellFormed()) {
    throw new OperatingError('invalid', `the key ${JSON.stringify(prefix)} is not well-formed Unicode: repair it`);
  }
}

/** Returns the bytes that a transaction puts. @throws OperatingError `invalid` beyond a bound. */
export function checkTransaction(operations: readonly Operation[], compare: readonly Compare[]): number {
  const count = Math.max(operations.length, compare.length);
  if (count > TRANSACTION_OPERATIONS_MAX) {
    const limit = `at most ${TRANSACTION_OPERATIONS_MAX} operations and as many conditions`;
    throw new OperatingError('invalid', `a transaction takes ${limit}, not ${count}: split it`);
  }
  for (const { key } of compare) checkKey(key);
  let sizeBytes = 0;
  for (const operation of operations) {
    if (operation.kind === 'delete-prefix') checkPrefix(operation.prefix);
    else checkKey(operation.key);
    if (operation.kind === 'put') sizeBytes += putSize(operation.key, operation.value);
  }
  if (sizeBytes > TRANSACTION_SIZE_BYTES_MAX) {
    const limit = `a transaction puts at most ${TRANSACTION_SIZE_BYTES_MAX} bytes`;
    throw new OperatingError('invalid', `${limit}, not ${sizeBytes}: split it`);
  }
  return sizeBytes;
}

function putSize(key: string, value: Uint8Array): number {
  if (value.byteLength <= VALUE_SIZE_BYTES_MAX) return Buffer.byteLength(key) + value.byteLength;
  const limit = `a value has at most ${VALUE_SIZE_BYTES_MAX} bytes`;
  throw new OperatingError('invalid', `${limit}, but that of "${key}" has ${value.byteLength}: store a file instead`);
}
