/**
 * Messages as JSON text, for browsers. What JSON would lose without a word (dates, maps, sets, bytes, big integers, NaN,
 * functions) is refused instead, so that nobody receives an empty object for a Map.
 */
import { describeError, OperatingError } from '@plumb/base';
import type { Message } from './channel.ts';
import { sharedValueOf } from './shared-value.ts';

/** @throws OperatingError `invalid` where JSON cannot carry a value. */
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

function stringify(value: unknown): string {
  try {
    return JSON.stringify(value, refuseLoss);
  } catch (error) {
    if (error instanceof OperatingError) throw error;
    // A cycle, or what a `toJSON` or a getter throws.
    throw new OperatingError('invalid', `the message cannot be sent as JSON: ${describeError(error)}`, {
      cause: error,
    });
  }
}

/** `this` holds the value as it was before its own `toJSON`, which is how a Date is known. */
function refuseLoss(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || value === undefined) {
    if (this[key] instanceof Date) throw unfit('a Date');
    return value;
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw unfit(String(value));
    return value;
  }
  if (typeof value !== 'object') throw unfit(`a ${typeof value}`);
  if (Symbol.asyncIterator in value) throw unfit('an async iterable');
  if (value instanceof Map) throw unfit('a Map');
  if (value instanceof Set) throw unfit('a Set');
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) throw unfit('bytes');
  return value;
}

function dropProto(key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value;
}

function unfit(what: string): OperatingError {
  return new OperatingError('invalid', `JSON cannot carry ${what}: use text, finite numbers, lists and plain objects`);
}
