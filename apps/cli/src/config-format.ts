/** Configuration values and what became different, for people. A secret is never shown: whether there is one, is. */
import { isSealedValue } from '@plumb/config/feed';
import type { ValueChange } from '@plumb/config-store';
import { plainText, type Style } from './style.ts';

/** What one line of a terminal shows; "config get" prints all of it. */
const SHOWN_CHARS_MAX = 100;

/** On one line, whole. */
export function formatValue(value: unknown): string {
  if (value === undefined) return '(none)';
  // A secret for others comes without what is sealed.
  if (isSealedValue(value)) return value.$sealed === '' ? '[secret, not for you]' : '[secret]';
  return typeof value === 'string' ? plainText(value) : plainText(JSON.stringify(value));
}

/** In a table or a diff: text in quotes where it would be taken for something else, and cut where it is long. */
export function formatShort(value: unknown): string {
  const isPlain = typeof value !== 'string' || (/^[^\s"'[{]/.test(value) && !isJson(value));
  return shorten(isPlain ? formatValue(value) : plainText(JSON.stringify(value)));
}

/** A line each; under the name of their layer where there are several. */
export function formatChanges(changes: readonly ValueChange[], style: Style): string[] {
  const rankOf = ({ layer }: ValueChange): number => (layer === 'manifest' ? 0 : layer === 'common' ? 1 : 2);
  const byLayer = Map.groupBy(
    changes.toSorted((a, b) => rankOf(a) - rankOf(b)),
    ({ layer }) => layer,
  );
  const width = Math.max(0, ...changes.map(({ key }) => key.length));
  return [...byLayer].flatMap(([layer, own]) => [
    ...(byLayer.size > 1 || layer !== 'common' ? [style.dim(layer)] : []),
    ...own.map((change) => formatChange(change, width, style)),
  ]);
}

function formatChange({ key, before, after }: ValueChange, width: number, style: Style): string {
  const name = key.padEnd(width);
  if (before === undefined) return `  ${style.green('+')} ${name}  ${formatShort(after)}`;
  if (after === undefined) return `  ${style.red('-')} ${name}  ${formatShort(before)}`;
  return `  ${style.yellow('~')} ${name}  ${formatShort(before)} → ${formatShort(after)}`;
}

function shorten(line: string): string {
  return line.length > SHOWN_CHARS_MAX ? `${line.slice(0, SHOWN_CHARS_MAX)}…` : line;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
