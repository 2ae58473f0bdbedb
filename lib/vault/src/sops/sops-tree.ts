/**
 * What SOPS sees of a file: keys in their order, values, and comments as members of the map or list that they stand in.
 * Each knows its place in the text, so a file is encrypted and decrypted by replacing values in it: indentation, blank
 * lines and comments stay as they are.
 */
import { OperatingError } from '@plumb/base';

/** From `start` up to `end`, in UTF-16 units of the text. */
export type TextRange = { readonly start: number; readonly end: number };

/** `bytes` are as SOPS hashes and encrypts them: UTF-8, digits, `True` or `False`. */
export type SopsScalar = { readonly type: SopsType; readonly bytes: Uint8Array };
export type SopsType = 'str' | 'int' | 'float' | 'bool' | 'bytes';

export type SopsLeaf = {
  readonly kind: 'leaf';
  /** Null stays null: it is neither encrypted nor hashed. */
  readonly scalar: SopsScalar | null;
  /** What to replace. */
  readonly range: TextRange;
  /** What to replace by a line break: the lines of a block scalar, below its header. */
  readonly body?: TextRange;
  /** Whether a ciphertext, which has commas and brackets, needs quotes here. */
  readonly needsQuotes: boolean;
};
export type SopsComment = {
  readonly kind: 'comment';
  /** What follows the number sign, or what stands in a list in its place. */
  readonly text: string;
  /** From the number sign on; for a comment that SOPS wrote as an item of a list, the item. */
  readonly range: TextRange;
};
export type SopsEntry = {
  readonly kind: 'entry';
  readonly key: string;
  readonly range: TextRange;
  readonly value: SopsNode;
};
export type SopsMap = {
  readonly kind: 'map';
  readonly range: TextRange;
  /** In braces. */
  readonly isFlow: boolean;
  readonly items: readonly (SopsEntry | SopsComment)[];
};
export type SopsList = {
  readonly kind: 'list';
  readonly range: TextRange;
  /** In brackets. */
  readonly isFlow: boolean;
  readonly items: readonly (SopsNode | SopsComment)[];
};
export type SopsNode = SopsLeaf | SopsMap | SopsList;

/** A secret file is configuration: one of megabytes is something else. */
export const SOPS_TEXT_MAX = 4 * 1_024 * 1_024;
/** As deep as plain data goes elsewhere (`PLAIN_DEPTH_MAX` of `@plumb/cbor`). */
export const SOPS_DEPTH_MAX = 128;

export type Edit = TextRange & { readonly text: string };

/** The text with each range replaced. The ranges do not overlap; their order is free. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let [result, at] = ['', 0];
  for (const edit of [...edits].sort((a, b) => a.start - b.start || a.end - b.end)) {
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at);
}

/** From 1, as editors count. */
export type TextPosition = { readonly line: number; readonly column: number };

/** Says where an offset is; each call costs a look at the line starts. */
export function createLocator(text: string): (offset: number) => TextPosition {
  const starts = [0];
  for (let i = text.indexOf('\n'); i !== -1; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  return (offset) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}

/** `invalid`, with the place. `what` must not quote the text: it may be a secret. */
export function faultAt(text: string, offset: number, what: string): OperatingError {
  const { line, column } = createLocator(text)(offset);
  return new OperatingError('invalid', `line ${line}, column ${column}: ${what}`, { details: { line, column } });
}

export function textScalar(text: string): SopsScalar {
  return { type: 'str', bytes: new TextEncoder().encode(text) };
}
