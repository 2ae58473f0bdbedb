import { expect, test } from 'vitest';
import { History } from './history.ts';
import type { KvChange } from './kv-state.ts';

const value = new Uint8Array(1_000);

/** A change of one key that replaced a value of 1,000 bytes: some 1,400 bytes of history. */
function changeAt(revision: number): KvChange {
  const entry = { key: 'a', value, createRevision: 1, modRevision: revision, version: revision };
  return { revision, puts: [entry], deletes: [], previous: [{ ...entry, modRevision: revision - 1 }] };
}

function add(history: History, changes: readonly KvChange[]): void {
  const oldest = history.oldestWith(changes);
  for (const change of changes) history.append(change);
  history.compact(oldest);
}

test('history is bounded by number', () => {
  const history = new History({ revisionsMax: 1_000, sizeBytesMax: Number.POSITIVE_INFINITY });
  for (let revision = 1; revision <= 5_000; revision += 1) add(history, [changeAt(revision)]);
  expect(history.oldestRevision).toBe(4_001);
  expect([history.at(4_000), history.at(5_001)]).toEqual([undefined, undefined]);
  for (const revision of [4_001, 4_500, 5_000]) expect(history.at(revision)?.revision).toBe(revision);
});

test('history is bounded by bytes, and is empty when one change alone is too large', () => {
  const history = new History({ revisionsMax: 1_000, sizeBytesMax: 10_000 });
  for (let revision = 1; revision <= 100; revision += 1) add(history, [changeAt(revision)]);
  expect(history.sizeBytes).toBeLessThanOrEqual(10_000);
  expect(history.oldestRevision).toBe(94);
  const large = { ...changeAt(101), previous: Array.from({ length: 20 }, () => changeAt(1).puts[0] as never) };
  add(history, [large]);
  expect([history.sizeBytes, history.oldestRevision, history.at(101)]).toEqual([0, 102, undefined]);
  add(history, [changeAt(102), changeAt(103)]);
  expect([history.oldestRevision, history.at(102)?.revision]).toEqual([102, 102]);
});

test('the first of many changes that come together make room for the last', () => {
  const history = new History({ revisionsMax: 3, sizeBytesMax: Number.POSITIVE_INFINITY });
  add(history, [1, 2, 3, 4, 5].map(changeAt));
  expect(history.oldestRevision).toBe(3);
  expect([2, 3, 5].map((revision) => history.at(revision)?.revision)).toEqual([undefined, 3, 5]);
});
