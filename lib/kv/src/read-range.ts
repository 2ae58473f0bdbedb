/** Answers a question about a range from a view: pure. */
import type { KvView } from './kv-state.ts';
import type { Entry } from './kv.ts';
import type { RangeResult, RangeSelection } from './range-query.ts';

const NO_VALUE = new Uint8Array();

export function readRange(view: KvView, selection: RangeSelection): Omit<RangeResult, 'revision'> {
  const { limit = Number.POSITIVE_INFINITY, keysOnly = false, countOnly = false } = selection;
  const count = view.count(selection);
  if (countOnly) return { entries: [], count, more: false };
  const entries = selectEntries(view, selection, Math.min(limit, count));
  return { entries: keysOnly ? entries.map(withoutValue) : entries, count, more: count > limit };
}

function selectEntries(view: KvView, selection: RangeSelection, limit: number): Entry[] {
  const { order = 'ascending', sortBy = 'key' } = selection;
  const isDescending = order === 'descending';
  if (sortBy === 'key') {
    const entries: Entry[] = [];
    if (limit === 0) return entries;
    for (const entry of view.range(selection, isDescending)) {
      entries.push(entry);
      if (entries.length === limit) break;
    }
    return entries;
  }
  const direction = isDescending ? -1 : 1;
  const compare = COMPARE[sortBy];
  return [...view.range(selection)].sort((a, b) => direction * compare(a, b)).slice(0, limit);
}

const COMPARE: Readonly<Record<'version' | 'create' | 'mod' | 'value', (a: Entry, b: Entry) => number>> = {
  version: (a, b) => a.version - b.version,
  create: (a, b) => a.createRevision - b.createRevision,
  mod: (a, b) => a.modRevision - b.modRevision,
  value: (a, b) => Buffer.compare(a.value, b.value),
};

export function withoutValue(entry: Entry): Entry {
  return { ...entry, value: NO_VALUE };
}
