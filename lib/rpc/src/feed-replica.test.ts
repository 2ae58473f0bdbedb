import { OperatingError } from '@plumb/base';
import { expect, test } from 'vitest';
import type { FeedItem } from './feed-item.ts';
import { FeedReplica } from './feed-replica.ts';

function part(seq: number, entries: Readonly<Record<string, unknown>>, more: object = {}): FeedItem {
  const [topics, values] = [Object.keys(entries), Object.values(entries)];
  return { kind: 'snapshot', epoch: 'one', seq, part: 0, isLast: true, topics, values, ...more };
}

function update(after: number, seq: number, value: unknown = seq): FeedItem {
  return { kind: 'updates', after, seq, topics: ['a'], values: [value] };
}

function filled(): FeedReplica<unknown> {
  const replica = new FeedReplica<unknown>();
  replica.apply(part(5, { a: 1, b: 2 }));
  return replica;
}

function codeOf(work: () => unknown): string {
  try {
    work();
    return 'it did not fail';
  } catch (error) {
    return error instanceof OperatingError ? error.code : String(error);
  }
}

test('changes are told in order, with what happened to each topic', () => {
  const replica = filled();
  const entries = { topics: ['a', 'a', 'b', 'c'], values: [3, 'hit', null, undefined], events: [1], removed: [2] };
  const item: FeedItem = { kind: 'updates', after: 5, seq: 9, ...entries };
  expect(replica.apply(item)).toEqual({
    kind: 'changes',
    changes: [
      { kind: 'value', topic: 'a', value: 3 },
      { kind: 'event', topic: 'a', value: 'hit' },
      { kind: 'removed', topic: 'b', value: undefined },
      { kind: 'value', topic: 'c', value: undefined },
    ],
  });
  expect([...replica.state]).toEqual([
    ['a', 3],
    ['c', undefined],
  ]);
  expect(replica.position).toEqual({ epoch: 'one', seq: 9 });
});

test('the same item twice counts once', () => {
  const replica = filled();
  expect(replica.apply(update(5, 6)).kind).toBe('changes');
  expect(replica.apply(update(5, 6, 'again')).kind).toBe('nothing');
  expect(replica.apply({ kind: 'mark', after: 5, seq: 6 }).kind).toBe('nothing');
  expect(replica.apply({ kind: 'mark', after: 6, seq: 8 }).kind).toBe('mark');
  expect(replica.state.get('a')).toBe(6);
});

test('an item that does not follow on what came before is refused, and changes nothing', () => {
  const check = (item: FeedItem): void => {
    const replica = filled();
    expect(
      codeOf(() => replica.apply(item)),
      JSON.stringify(item),
    ).toBe('unavailable');
    expect(replica.position).toEqual({ epoch: 'one', seq: 5 });
    expect(Object.fromEntries(replica.state)).toEqual({ a: 1, b: 2 });
  };
  check(update(6, 7));
  check(update(4, 7));
  check({ kind: 'mark', after: 6, seq: 7 });
  check({ kind: 'resume', epoch: 'one', seq: 4 });
  check({ kind: 'resume', epoch: 'two', seq: 5 });
  check(part(9, {}, { part: 1 }));
  expect(codeOf(() => new FeedReplica().apply(update(0, 1)))).toBe('unavailable');
});

test('a state in parts counts when its last part has come, and not before', () => {
  const replica = filled();
  replica.apply(part(9, { c: 1 }, { isLast: false }));
  expect(Object.fromEntries(replica.state)).toEqual({ a: 1, b: 2 });
  expect(codeOf(() => replica.apply(update(5, 6)))).toBe('unavailable');
  expect(codeOf(() => replica.apply(part(9, {}, { part: 2 })))).toBe('unavailable');
  expect(codeOf(() => replica.apply(part(8, {}, { part: 1 })))).toBe('unavailable');
  const applied = replica.apply(part(9, { a: 7 }, { part: 1 }));
  expect(applied).toEqual({ kind: 'snapshot', removed: ['b'], missed: { epoch: 'one', after: 5, upTo: 9 } });
  expect(Object.fromEntries(replica.state)).toEqual({ c: 1, a: 7 });
});

test('parts of a state that was given up do not count', () => {
  const replica = filled();
  replica.apply(part(9, { c: 1 }, { isLast: false }));
  replica.apply(part(12, { d: 1 }, { isLast: false }));
  replica.restart();
  for (const item of [update(5, 6), { kind: 'mark', after: 5, seq: 5 } as const]) {
    expect(codeOf(() => replica.apply(item))).toBe('unavailable');
  }
  expect(replica.apply({ kind: 'resume', epoch: 'one', seq: 5 }).kind).toBe('nothing');
  expect(replica.apply(update(5, 6)).kind).toBe('changes');
});

test('after a restart of the publisher it is not known how much was missed; at first nothing was', () => {
  const replica = new FeedReplica();
  expect(replica.apply(part(5, { a: 1 }))).toMatchObject({ removed: [], missed: undefined });
  expect(replica.apply(part(5, { a: 1 }))).toMatchObject({ removed: [], missed: undefined });
  const missed = { epoch: 'one', after: 5, upTo: undefined };
  expect(replica.apply(part(2, { b: 1 }, { epoch: 'two' }))).toMatchObject({ removed: ['a'], missed });
});
