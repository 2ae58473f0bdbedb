/** Answers a question about a range from a view: pure. */
import type { KvView } from './kv-state.ts';
import type { Entry } from './kv.ts';
import type { RangeResult, RangeSelection } from './range-query.ts';

const NO_VALUE = new Uint8Array();

export function readRange(view: KvView, selection: RangeSelection): Omit<RangeResult, 'revision'> {
  const { limit = Number.POSITIVE_INFINITY, order, sortBy = 'key', countOnly = false } = selection;
  const count = view.count(selection);
  if (countOnly) return { entries: [], count, more: false };
  const wanted = sortBy === 'key' ? Math.min(limit, count) : count;
  const entries: Entry[] = [];
  if (wanted > 0) {
    for (const entry of view.range(selection, sortBy === 'key' && order === 'descending')) {
      entries.push(entry);
      if (entries.length === wanted) break;
    }
  }
  return { entries: selectEntries(entries, selection), count, more: count > limit };
}

/** Sorts what is not sorted by key, which `entries` are, in the order that is asked for; cuts it, and leaves out values. */
export function selectEntries(entries: readonly Entry[], selection: RangeSelection): readonly Entry[] {
  const { limit, order, sortBy = 'key', keysOnly = false } = selection;
  const direction = order === 'descending' ? -1 : 1;
  const sorted =
    sortBy === 'key' ? entries : entries.toSorted((a, b) => direction * COMPARE[sortBy](a, b)).slice(0, limit);
  return keysOnly ? sorted.map((entry) => ({ ...entry, value: NO_VALUE })) : sorted;
}

const COMPARE: Readonly<Record<'version' | 'create' | 'mod' | 'value', (a: Entry, b: Entry) => number>> = {
  version: (a, b) => a.version - b.version,
  create: (a, b) => a.createRevision - b.createRevision,
  mod: (a, b) => a.modRevision - b.modRevision,
  value: (a, b) => Buffer.compare(a.value, b.value),
};
