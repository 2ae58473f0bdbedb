/** Which keys the page lists: by what is searched for and what they are. */
import { type ConfigValue, isSealedValue } from '@plumb/config/feed';
import type { ConfigEntry } from '@plumb/config-store';
import { valueText } from './config-value.ts';

export const KEY_FILTERS = ['all', 'set', 'secret', 'unused'] as const;
export type KeyFilter = (typeof KEY_FILTERS)[number];

export type ListQuery = {
  readonly text: string;
  readonly filter: KeyFilter;
  /** Keys that nobody reads. */
  readonly unused: ReadonlySet<string>;
};

/** Those that match, in the order that they are in. All words must be found, in the key or in the value. */
export function findEntries(entries: readonly ConfigEntry[], { text, filter, unused }: ListQuery): ConfigEntry[] {
  const words = text
    .trim()
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return entries.filter((entry) => {
    if (!fitsFilter(entry, filter, unused)) return false;
    if (words.length === 0) return true;
    const hay = `${entry.key}\n${isSealedValue(entry.value) ? '' : valueText(entry.value)}`.toLowerCase();
    return words.every((word) => hay.includes(word));
  });
}

function fitsFilter(entry: ConfigEntry, filter: KeyFilter, unused: ReadonlySet<string>): boolean {
  switch (filter) {
    case 'all':
      return true;
    case 'set':
      return entry.layer !== 'manifest';
    case 'secret':
      return isSealedValue(entry.value);
    case 'unused':
      return unused.has(entry.key);
  }
}

/** A value on one line: a secret by the word, never by its content. */
export function shortValue(value: ConfigValue | undefined): string {
  if (value === undefined) return '–';
  if (isSealedValue(value)) return 'secret';
  const text = valueText(value);
  return text === '' ? '(empty)' : text;
}

/** Rows of a list that are worth drawing: those in sight, and some around them. */
export type RowWindow = { readonly from: number; readonly to: number };

/** Rows beyond the edges: what a quick turn of the wheel passes before the next frame. */
const ROWS_AROUND = 12;

/** `top`: how far the list's beginning is above the upper edge of the view, in px; negative while it is below. */
export function rowWindow(count: number, rowHeight: number, top: number, viewHeight: number): RowWindow {
  const first = Math.floor(top / rowHeight) - ROWS_AROUND;
  const last = Math.ceil((top + viewHeight) / rowHeight) + ROWS_AROUND;
  return { from: Math.max(0, Math.min(first, count)), to: Math.max(0, Math.min(last, count)) };
}
