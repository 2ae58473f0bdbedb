import { OperatingError } from '@plumb/base';

/** Values nested deeper are taken for a cycle, as by the encodings. */
const DEPTH_MAX = 128;

/**
 * For channels that clone: a structured clone of an async iterable is an empty object, so it is refused by name before.
 * @throws OperatingError `invalid`; for a cycle too, which no other channel carries.
 */
export function refuseStreams(value: unknown, depth = 0): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  if (depth > DEPTH_MAX) throw unfit(`values nested more than ${DEPTH_MAX} deep, or a cycle`);
  if (Symbol.asyncIterator in value) throw unfit('an async iterable');
  if (Array.isArray(value) || value instanceof Set) {
    for (const item of value) refuseStreams(item, depth + 1);
  } else if (value instanceof Map) {
    for (const [key, item] of value) {
      refuseStreams(key, depth + 1);
      refuseStreams(item, depth + 1);
    }
  } else {
    for (const key in value) refuseStreams((value as Readonly<Record<string, unknown>>)[key], depth + 1);
  }
}

function unfit(what: string): OperatingError {
  return new OperatingError('invalid', `the message cannot carry ${what}: send plain data`);
}
