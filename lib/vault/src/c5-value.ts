/** C5Store's encrypted values in a configuration: they are found anywhere, in lists too, and become secrets. */
import { OperatingError } from '@plumb/base';
import type { C5Encrypted, C5KeyStore } from './c5-key-store.ts';
import { Secret } from './secret.ts';

/** The key that marks an encrypted value unless another is configured. */
export const C5_SEGMENT = '.c5encval';

/** As deep as plain data goes elsewhere (`PLAIN_DEPTH_MAX` of `@plumb/cbor`). */
const DEPTH_MAX = 128;

/**
 * The parts of an encrypted value; undefined for anything that has not its mark.
 * @throws OperatingError `invalid` for what has the mark and is not `[algorithm, keyName, text]`. It never repeats the text.
 */
export function parseC5Encrypted(value: unknown, segment: string = C5_SEGMENT): C5Encrypted | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined;
  const parts: unknown = (value as Readonly<Record<string, unknown>>)[segment];
  const count = Object.keys(value).length;
  if (count !== 1)
    throw new OperatingError('invalid', `${segment} has ${count - 1} keys beside it: move them elsewhere`);
  if (!Array.isArray(parts) || parts.length !== 3 || !parts.every((part) => typeof part === 'string' && part !== '')) {
    throw new OperatingError(
      'invalid',
      `${segment} is not [algorithm, name of the key, base 64]: encrypt the value again`,
    );
  }
  const [algorithm, keyName, text] = parts as [string, string, string];
  return { algorithm, keyName, text };
}

/**
 * A copy of `value` in which each encrypted value is a `Secret` of its bytes, opened at its first reveal. What is not
 * encrypted is kept as it is.
 * @throws OperatingError `invalid` with the dotted path of a value that is malformed.
 */
export function holdC5Secrets(
  value: unknown,
  { keys, segment = C5_SEGMENT }: { readonly keys: C5KeyStore; readonly segment?: string },
): unknown {
  const visit = (inner: unknown, path: string, depth: number): unknown => {
    if (typeof inner !== 'object' || inner === null) return inner;
    if (depth > DEPTH_MAX)
      throw new OperatingError('invalid', `${path} is nested more than ${DEPTH_MAX} deep: flatten it`);
    if (Array.isArray(inner)) return inner.map((item: unknown, i) => visit(item, `${path}[${i}]`, depth + 1));
    const encrypted = at(path, () => parseC5Encrypted(inner, segment));
    if (encrypted !== undefined)
      return new Secret(() => keys.decrypt(encrypted).catch((error: unknown) => fail(path, error)));
    const prototype: unknown = Object.getPrototypeOf(inner);
    if (prototype !== Object.prototype && prototype !== null) return inner;
    const entries = Object.entries(inner);
    return Object.fromEntries(
      entries.map(([name, child]) => [name, visit(child, path === '' ? name : `${path}.${name}`, depth + 1)]),
    );
  };
  return visit(value, '', 0);
}

/** What the bytes of an encrypted value can be read as. */
export type C5Type = 'text' | 'integer' | 'float';

/**
 * The bytes of an encrypted value as C5Store reads them into a type: text is UTF-8; numbers are big-endian of exact
 * width (integers 1, 2, 4 or 8 bytes, signed; floats 4 or 8), or else text that is a number. Integers above 2^53 are
 * refused, because a number could not keep them.
 * @throws OperatingError `invalid`, which tells nothing of the bytes.
 */
export function readC5Bytes(bytes: Uint8Array, type: 'text'): string;
export function readC5Bytes(bytes: Uint8Array, type: 'integer' | 'float'): number;
export function readC5Bytes(bytes: Uint8Array, type: C5Type): string | number {
  const text = decodeText(bytes);
  if (type === 'text') {
    if (text === undefined)
      throw new OperatingError('invalid', 'an encrypted value is not text in UTF-8: read its bytes');
    return text;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const number = type === 'integer' ? readInteger(view, text) : readFloat(view, text);
  if (number === undefined) {
    throw new OperatingError('invalid', `an encrypted value of ${bytes.length} bytes is no ${type}: read it as text`);
  }
  return number;
}

/** Digits first: "1234" is four bytes too, and a person means the text. */
function readInteger(view: DataView, text: string | undefined): number | undefined {
  if (text !== undefined && /^[+-]?\d+$/.test(text.trim())) return safe(Number(text));
  if (view.byteLength === 1) return view.getInt8(0);
  if (view.byteLength === 2) return view.getInt16(0);
  if (view.byteLength === 4) return view.getInt32(0);
  return view.byteLength === 8 ? safe(Number(view.getBigInt64(0))) : undefined;
}

function readFloat(view: DataView, text: string | undefined): number | undefined {
  if (text !== undefined && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim())) return Number(text);
  if (view.byteLength === 4) return view.getFloat32(0);
  return view.byteLength === 8 ? view.getFloat64(0) : undefined;
}

function safe(number: number): number | undefined {
  return Number.isSafeInteger(number) ? number : undefined;
}

function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function at<T>(path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    return fail(path, error);
  }
}

function fail(path: string, cause: unknown): never {
  const code = cause instanceof OperatingError ? cause.code : 'invalid';
  throw new OperatingError(code, `${path === '' ? 'the value' : path} was not decrypted`, { cause });
}
