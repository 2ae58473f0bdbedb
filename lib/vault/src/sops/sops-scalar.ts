/** Scalars in the form that SOPS hashes and encrypts (that of Go's `strconv`), and as values. */
import { OperatingError } from '@plumb/base';
import { type SopsScalar, type SopsType, textScalar } from './sops-tree.ts';

/** A leaf as a value. Integers that a number cannot keep exactly come as their digits. */
export type SopsScalarValue = null | boolean | number | string | Uint8Array;

/** What Go's `int` holds. */
const [INT_MIN, INT_MAX] = [-(2n ** 63n), 2n ** 63n - 1n];

/** @throws OperatingError `invalid` for text that is not UTF-8, which tells none of it. */
export function scalarToValue({ type, bytes }: SopsScalar): SopsScalarValue {
  if (type === 'bytes') return bytes;
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new OperatingError('invalid', 'a value is not text in UTF-8: read the file as binary');
  switch (type) {
    case 'str':
      return text;
    case 'bool':
      return text === 'True';
    case 'int':
      return Number.isSafeInteger(Number(text)) ? Number(text) : text;
    case 'float':
      return parseFloatText(text) ?? Number.NaN;
  }
}

/** @throws OperatingError `invalid` for what no file of SOPS can hold. */
export function valueToScalar(value: unknown): SopsScalar | null {
  if (value === null) return null;
  if (typeof value === 'boolean') return scalarOf('bool', value ? 'True' : 'False');
  if (typeof value === 'number' && Number.isSafeInteger(value)) return scalarOf('int', String(value));
  if (typeof value === 'number' && Number.isFinite(value)) return scalarOf('float', formatFloat(value));
  if (typeof value === 'string' && value.isWellFormed()) return textScalar(value);
  throw new OperatingError(
    'invalid',
    `a ${typeof value} cannot be written: use text, finite numbers, booleans or null`,
  );
}

/** What was decrypted, in its canonical form; undefined where the text is not of its type. */
export function parseScalar(type: string, bytes: Uint8Array): SopsScalar | undefined {
  if (type === 'str' || type === 'bytes') return { type, bytes };
  const text = decodeUtf8(bytes) ?? '';
  if (type === 'bool') {
    if (/^(1|t|T|true|True|TRUE)$/.test(text)) return scalarOf('bool', 'True');
    return /^(0|f|F|false|False|FALSE)$/.test(text) ? scalarOf('bool', 'False') : undefined;
  }
  if (type === 'int') return intScalar(text, 10);
  const number = type === 'float' ? parseFloatText(text) : undefined;
  return number === undefined ? undefined : scalarOf('float', formatFloat(number));
}

/** Undefined where the digits are none, or more than Go's `int` holds. */
export function intScalar(text: string, base: 2 | 8 | 10 | 16): SopsScalar | undefined {
  const [, sign = '', digits = ''] = /^([+-]?)([0-9a-f]+)$/i.exec(text) ?? [];
  const prefix = { 2: '0b', 8: '0o', 10: '', 16: '0x' }[base];
  let number: bigint;
  try {
    number = BigInt(prefix + digits);
  } catch {
    return undefined;
  }
  if (digits === '') return undefined;
  if (sign === '-') number = -number;
  return number < INT_MIN || number > INT_MAX ? undefined : scalarOf('int', number.toString());
}

export function floatScalar(number: number): SopsScalar {
  return scalarOf('float', formatFloat(number));
}

/** As `strconv.FormatFloat(number, 'f', -1, 64)`: the fewest digits that give the number back, never an exponent. */
export function formatFloat(number: number): string {
  if (Number.isNaN(number)) return 'NaN';
  if (!Number.isFinite(number)) return number > 0 ? '+Inf' : '-Inf';
  const sign = number < 0 || Object.is(number, -0) ? '-' : '';
  const [, whole = '', fraction = '', exponent = '0'] =
    /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(Math.abs(number))) ?? [];
  const point = whole.length + Number(exponent);
  const digits = whole + fraction;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits + '0'.repeat(point - digits.length);
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function parseFloatText(text: string): number | undefined {
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  if (/^\+?inf(inity)?$/i.test(text)) return Infinity;
  if (/^-inf(inity)?$/i.test(text)) return -Infinity;
  return /^nan$/i.test(text) ? Number.NaN : undefined;
}

function scalarOf(type: SopsType, text: string): SopsScalar {
  return { type, bytes: new TextEncoder().encode(text) };
}
