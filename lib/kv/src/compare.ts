/** Whether conditions hold: pure. */
import { rangeOfKey } from './key-range.ts';
import type { KvView } from './kv-state.ts';
import type { Entry, Key } from './kv.ts';
import type { Compare, CompareOperator, CompareTarget } from './operation.ts';

export type FailedCompare = { readonly key: Key; readonly current: Entry | undefined };

/** The first condition that does not hold in `view`, with the first key for which it does not. */
export function findFailedCompare(view: KvView, compare: readonly Compare[]): FailedCompare | undefined {
  for (const condition of compare) {
    const entries = 'key' in condition ? existing(view.get(condition.key)) : view.range(condition.range);
    const failed = findFailedEntry(condition, entries);
    if (failed !== undefined) return failed;
  }
  return undefined;
}

/** As `findFailedCompare`, of one condition whose keys hold `entries`. */
export function findFailedEntry(condition: Compare, entries: Iterable<Entry>): FailedCompare | undefined {
  const target: CompareTarget =
    'modRevision' in condition ? { target: 'mod', operator: '=', value: condition.modRevision } : condition;
  let isEmpty = true;
  for (const entry of entries) {
    isEmpty = false;
    if (!holds(target, entry)) return { key: entry.key, current: entry };
  }
  if (!isEmpty || holds(target, undefined)) return undefined;
  return { key: 'key' in condition ? condition.key : condition.range.start, current: undefined };
}

/** The range of keys that a condition speaks of. */
export function rangeOfCompare(condition: Compare): { readonly start: string; readonly end?: string | undefined } {
  return 'key' in condition ? rangeOfKey(condition.key) : condition.range;
}

function existing(entry: Entry | undefined): Entry[] {
  return entry === undefined ? [] : [entry];
}

function holds(target: CompareTarget, entry: Entry | undefined): boolean {
  switch (target.target) {
    case 'value':
      return entry !== undefined && hasOrder(Buffer.compare(entry.value, target.value), target.operator);
    case 'version':
      return hasOrder((entry?.version ?? 0) - target.value, target.operator);
    case 'create':
      return hasOrder((entry?.createRevision ?? 0) - target.value, target.operator);
    case 'mod':
      return hasOrder((entry?.modRevision ?? 0) - target.value, target.operator);
    case 'lease':
      return hasOrder(compareLeaseIds(entry?.leaseId ?? '', target.value), target.operator);
  }
}

function hasOrder(order: number, operator: CompareOperator): boolean {
  switch (operator) {
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '>':
      return order > 0;
  }
}

function compareLeaseIds(a: string, b: string): number {
  return a.length - b.length || Buffer.compare(Buffer.from(a), Buffer.from(b));
}
