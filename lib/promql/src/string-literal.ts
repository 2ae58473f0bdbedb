/** String literals as in Go: "…" and '…' with escapes, `…` without. */
import { parseError } from './parse-error.ts';

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
};
const CODE_ESCAPE = /u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})/y;
/** Bytes of UTF-8, which several escapes together may spell. */
const BYTE_ESCAPES = /(?:\\x[0-9a-fA-F]{2}|\\[0-3][0-7]{2})+/y;

/** Reads the literal that begins at `start`. @throws OperatingError `invalid` when it does not end, or for a bad escape. */
export function readString(text: string, start: number): { readonly value: string; readonly end: number } {
  const quote = text[start];
  let value = '';
  let offset = start + 1;
  while (offset < text.length) {
    const character = text[offset] as string;
    if (character === quote) return { value, end: offset + 1 };
    if (character === '\n' && quote !== '`') break;
    if (character === '\\' && quote !== '`') {
      const escape = readBytes(text, offset) ?? readEscape(text, offset);
      value += escape.value;
      offset = escape.end;
    } else {
      value += character;
      offset += 1;
    }
  }
  throw parseError(text, { start, end: offset }, 'the string is not closed: add a quotation mark');
}

/**
 * A run of byte escapes as text. A byte that is not UTF-8 becomes a lone surrogate, U+DC80 to U+DCFF, so that the text is
 * not well-formed and prints as it was written. Undefined when none begins here.
 */
function readBytes(text: string, start: number): { readonly value: string; readonly end: number } | undefined {
  BYTE_ESCAPES.lastIndex = start;
  const run = BYTE_ESCAPES.exec(text)?.[0];
  if (run === undefined) return undefined;
  const bytes = Uint8Array.from(run.slice(1).split('\\'), (code) =>
    code.startsWith('x') ? Number.parseInt(code.slice(1), 16) : Number.parseInt(code, 8),
  );
  return { value: decodeBytes(bytes), end: start + run.length };
}

function decodeBytes(bytes: Uint8Array): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const length = [1, 2, 3, 4].find((count) => isText(decoder, bytes.subarray(at, at + count)));
    text +=
      length === undefined
        ? String.fromCharCode(0xdc00 + (bytes[at] as number))
        : decoder.decode(bytes.subarray(at, at + length));
    at += length ?? 1;
  }
  return text;
}

function isText(decoder: TextDecoder, bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function readEscape(text: string, start: number): { readonly value: string; readonly end: number } {
  const letter = text[start + 1] ?? '';
  const simple = SIMPLE_ESCAPES[letter];
  if (simple !== undefined) return { value: simple, end: start + 2 };
  CODE_ESCAPE.lastIndex = start + 1;
  const found = CODE_ESCAPE.exec(text);
  const [all = '', short, long] = found ?? [];
  const code = Number.parseInt(short ?? long ?? '', 16);
  if (found === null || code > 0x10ffff) {
    throw parseError(text, { start, end: start + 2 }, `"\\${letter}" is not an escape: write \\\\ for a backslash`);
  }
  return { value: String.fromCodePoint(code), end: start + 1 + all.length };
}

/** A literal in double quotes that reads back as `value`. */
export function formatString(value: string): string {
  const escaped = value.replaceAll(/[\\"]|\p{Cc}/gu, (character) => {
    const short = { '\\': '\\\\', '"': '\\"', '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
    return short ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  // Lone surrogates stand for bytes that are not UTF-8.
  const bytes = escaped.replaceAll(
    /\p{Surrogate}/gu,
    (unit) => `\\x${(unit.charCodeAt(0) & 0xff).toString(16).padStart(2, '0')}`,
  );
  return `"${bytes}"`;
}
