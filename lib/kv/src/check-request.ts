/** What callers ask for, checked against the bounds before anything is done. All throw `invalid`. */
import { OperatingError } from '@plumb/base';
import type { KeyRange } from './key-range.ts';
import {
  KEY_SIZE_BYTES_MAX,
  LEASE_ID_SIZE_BYTES_MAX,
  LEASE_TTL_MS_MAX,
  TRANSACTION_OPERATIONS_MAX,
  TRANSACTION_SIZE_BYTES_MAX,
  VALUE_SIZE_BYTES_MAX,
} from './limits.ts';
import type { Compare, Operation } from './operation.ts';
import type { RangeQuery, RangeSelection } from './range-query.ts';

/** The end of a range may be a key of the greatest size and what makes it the next. */
const END_SIZE_BYTES_MAX = KEY_SIZE_BYTES_MAX + 1;

export function checkPrefix(prefix: string): void {
  checkText(prefix, KEY_SIZE_BYTES_MAX);
}

export function checkRange(range: string | KeyRange): void {
  if (typeof range === 'string') return checkPrefix(range);
  checkText(range.start, END_SIZE_BYTES_MAX);
  if (range.end !== undefined) checkText(range.end, END_SIZE_BYTES_MAX);
}

export function checkQuery(query: RangeQuery): void {
  checkSelection(query);
  if (query.revision !== undefined) checkRevision(query.revision);
}

export function checkRevision(revision: number): void {
  if (Number.isSafeInteger(revision) && revision >= 0) return;
  throw new OperatingError('invalid', `a revision is a whole number from 0, not ${revision}`);
}

export function checkLease(ttlMs: number, leaseId: string | undefined): void {
  if (!Number.isInteger(ttlMs) || ttlMs < 1 || ttlMs > LEASE_TTL_MS_MAX) {
    const range = `a lease lives 1 to ${LEASE_TTL_MS_MAX} whole milliseconds`;
    throw new OperatingError('invalid', `${range}, not ${ttlMs}`);
  }
  if (leaseId === undefined) return;
  const size = Buffer.byteLength(leaseId);
  if (size >= 1 && size <= LEASE_ID_SIZE_BYTES_MAX && leaseId.isWellFormed()) return;
  throw new OperatingError(
    'invalid',
    `the id of a lease has 1 to ${LEASE_ID_SIZE_BYTES_MAX} bytes of text, not ${size}`,
  );
}

/** Returns the bytes that a transaction puts, whichever of its branches applies. */
export function checkTransaction(
  operations: readonly Operation[],
  compare: readonly Compare[],
  otherwise: readonly Operation[] = [],
): number {
  const count = Math.max(operations.length + otherwise.length, compare.length);
  if (count > TRANSACTION_OPERATIONS_MAX) {
    const limit = `at most ${TRANSACTION_OPERATIONS_MAX} operations and as many conditions`;
    throw new OperatingError('invalid', `a transaction takes ${limit}, not ${count}: split it`);
  }
  for (const condition of compare) {
    if ('key' in condition) checkKey(condition.key);
    else checkRange(condition.range);
  }
  let sizeBytes = 0;
  for (const operation of operations) sizeBytes += checkOperation(operation);
  for (const operation of otherwise) sizeBytes += checkOperation(operation);
  if (sizeBytes <= TRANSACTION_SIZE_BYTES_MAX) return sizeBytes;
  const limit = `a transaction puts at most ${TRANSACTION_SIZE_BYTES_MAX} bytes`;
  throw new OperatingError('invalid', `${limit}, not ${sizeBytes}: split it`);
}

/** Returns the bytes that it puts. */
function checkOperation(operation: Operation): number {
  switch (operation.kind) {
    case 'put':
      checkKey(operation.key);
      return putSize(operation.key, operation.value);
    case 'delete':
    case 'get':
      checkKey(operation.key);
      return 0;
    case 'delete-prefix':
      checkPrefix(operation.prefix);
      return 0;
    case 'delete-range':
      checkRange(operation);
      return 0;
    case 'range':
      checkSelection(operation);
      return 0;
  }
}

function checkSelection(selection: RangeSelection): void {
  checkRange(selection);
  const { limit } = selection;
  if (limit === undefined || (Number.isSafeInteger(limit) && limit > 0)) return;
  throw new OperatingError(
    'invalid',
    `the limit of a range is a positive whole number, not ${limit}: leave it out for all`,
  );
}

function checkKey(key: string): void {
  if (key === '') throw new OperatingError('invalid', 'a key is empty: give it at least one byte');
  checkText(key, KEY_SIZE_BYTES_MAX);
}

function checkText(text: string, sizeBytesMax: number): void {
  if (text.length > sizeBytesMax || Buffer.byteLength(text) > sizeBytesMax) {
    const start = `${text.slice(0, 40)}…`;
    throw new OperatingError('invalid', `the key "${start}" is longer than ${KEY_SIZE_BYTES_MAX} bytes: shorten it`);
  }
  // Two keys with lone surrogates can have the same UTF-8 bytes.
  if (!text.isWellFormed()) {
    throw new OperatingError('invalid', `the key ${JSON.stringify(text)} is not well-formed Unicode: repair it`);
  }
}

function putSize(key: string, value: Uint8Array): number {
  if (value.byteLength <= VALUE_SIZE_BYTES_MAX) return Buffer.byteLength(key) + value.byteLength;
  const limit = `a value has at most ${VALUE_SIZE_BYTES_MAX} bytes`;
  throw new OperatingError('invalid', `${limit}, but that of "${key}" has ${value.byteLength}: store a file instead`);
}
