/**
 * Copies plain values within the process, with the same outcome as if they had crossed a socket: nothing is shared,
 * errors lose their stack, what has no plain form is refused with its path. Several times faster than `structuredClone`.
 */
import {
  ERROR_CAUSES_MAX,
  errorFields,
  errorFromFields,
  isPlainObject,
  isTooGreat,
  PLAIN_DEPTH_MAX,
  unfitError,
} from '@plumb/cbor/plain';

/** Thrown and caught here: a value has no plain form. */
const UNFIT = Symbol('unfit');

type Copying = {
  /** Errors around the value that is copied, of which it is a cause or a detail. */
  causes: number;
  readonly onError: ((error: Error) => void) | undefined;
};

/**
 * `onError` is called with each error of the copy.
 * @throws OperatingError `invalid`, with the path of what has no plain form.
 */
export function copyPlain<T>(value: T, onError?: (error: Error) => void): T {
  try {
    return copy(value, 0, { causes: 0, onError }) as T;
  } catch (error) {
    throw error === UNFIT ? unfitError(value, 'RPC') : error;
  }
}

function copy(value: unknown, depth: number, copying: Copying): unknown {
  switch (typeof value) {
    case 'object':
      return value === null ? null : copyObject(value, depth + 1, copying);
    case 'bigint':
      if (isTooGreat(value)) throw UNFIT;
      return value;
    case 'function':
    case 'symbol':
      throw UNFIT;
    case 'string':
    case 'number':
    case 'boolean':
    case 'undefined':
      return value;
  }
}

function copyObject(value: object, depth: number, copying: Copying): unknown {
  if (depth > PLAIN_DEPTH_MAX) throw UNFIT;
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (let i = 0; i < value.length; i += 1) items.push(copy(value[i], depth, copying));
    return items;
  }
  if (isPlainObject(value)) return copyFields(value, depth, copying);
  if (value instanceof Date) return new Date(value);
  if (ArrayBuffer.isView(value)) return copyView(value);
  if (value instanceof Map) {
    const map = new Map<unknown, unknown>();
    for (const [key, item] of value) map.set(copy(key, depth, copying), copy(item, depth, copying));
    return map;
  }
  if (value instanceof Set) {
    const set = new Set<unknown>();
    for (const item of value) set.add(copy(item, depth, copying));
    return set;
  }
  if (value instanceof Error) return copyError(value, depth, copying);
  if (value instanceof ArrayBuffer) return new Uint8Array(value.slice());
  throw UNFIT;
}

function copyFields(value: object, depth: number, copying: Copying): object {
  if (Symbol.asyncIterator in value) throw UNFIT;
  const fields: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const item = copy((value as Readonly<Record<string, unknown>>)[key], depth, copying);
    // It would change the prototype.
    if (key !== '__proto__') fields[key] = item;
  }
  return fields;
}

/** Bytes of any kind become a `Uint8Array`, as over a socket. */
function copyView(view: ArrayBufferView): ArrayBufferView {
  if (view instanceof Uint8Array) return new Uint8Array(view);
  if (view instanceof DataView) throw UNFIT;
  return (view as Int8Array).slice();
}

function copyError(error: Error, depth: number, copying: Copying): Error {
  const { details, cause, ...fields } = errorFields(error);
  if (details === undefined && cause === undefined && fields.code === undefined) {
    const bare = errorFromFields(fields);
    copying.onError?.(bare);
    return bare;
  }
  // As deep as it is written: a map of the error's own is between.
  if (depth + 1 > PLAIN_DEPTH_MAX) throw UNFIT;
  const hasCause = cause !== undefined && copying.causes < ERROR_CAUSES_MAX;
  copying.causes += 1;
  const copied = errorFromFields({
    ...fields,
    details: copy(details, depth + 1, copying),
    ...(hasCause && { cause: copy(cause, depth + 1, copying) }),
  });
  copying.causes -= 1;
  copying.onError?.(copied);
  return copied;
}
