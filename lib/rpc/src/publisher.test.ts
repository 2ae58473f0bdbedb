import { OperatingError } from '@plumb/base';
import { CborEncoder, decodeCbor } from '@plumb/cbor';
import { PLAIN_DEPTH_MAX } from '@plumb/cbor/plain';
import { createFakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import * as v from 'valibot';
import type { FeedItem, FeedRequest } from './feed-item.ts';
import { decodeJson, encodeJson } from './json-codec.ts';
import { BATCH_ENTRIES_MAX, MARK_EVERY_MS, PREFIXES_MAX, TOPIC_LENGTH_MAX, VALUE_BYTES_MAX } from './publish-limits.ts';
import { createPublisher, type Publisher, type PublisherOptions } from './publisher.ts';
import { plainValue, type SharedValue } from './shared-value.ts';

const clock = createFakeClock();

function open(options: Partial<PublisherOptions<unknown>> = {}): Publisher<unknown> {
  return createPublisher({ clock, epoch: 'one', ...options });
}

type Reader = { readonly next: () => Promise<FeedItem>; readonly shared: () => Promise<SharedValue<FeedItem>> };

function read(publisher: Publisher<unknown>, request: Partial<FeedRequest> = {}): Reader {
  const iterator = publisher.feed({ prefixes: [''], ...request })[Symbol.asyncIterator]();
  const shared = async (): Promise<SharedValue<FeedItem>> => {
    const result = await iterator.next();
    if (result.done === true) throw new Error('the feed ended');
    return result.value;
  };
  return { shared, next: async () => plainValue<FeedItem>(await shared()) };
}

function codeOf(work: () => unknown): string {
  try {
    work();
    return 'it did not fail';
  } catch (error) {
    return error instanceof OperatingError ? error.code : String(error);
  }
}

test('a reader gets the state, hears that this is all, and then each change in order', async () => {
  const publisher = open();
  expect([publisher.publish('a/1', 1), publisher.publish('b/1', 2), publisher.publish('a/1', 3)]).toEqual([1, 2, 3]);
  const { next } = read(publisher);
  const state = {
    kind: 'snapshot',
    epoch: 'one',
    seq: 3,
    part: 0,
    isLast: true,
    topics: ['a/1', 'b/1'],
    values: [3, 2],
  };
  expect(await next()).toEqual(state);
  expect(await next()).toEqual({ kind: 'mark', after: 3, seq: 3 });
  publisher.publish('a/2', { deep: [1] });
  publisher.event('a/hit', 'now');
  publisher.remove('b/1');
  expect(await next()).toEqual({
    kind: 'updates',
    after: 3,
    seq: 6,
    topics: ['a/2', 'a/hit', 'b/1'],
    values: [{ deep: [1] }, 'now', null],
    events: [1],
    removed: [2],
  });
  expect(publisher.get('a/1')).toBe(3);
  expect(publisher.get('a/hit')).toBeUndefined();
  expect(publisher.get('b/1')).toBeUndefined();
});

test('changes of one turn come together, and are awaited', async () => {
  const publisher = open();
  const { next } = read(publisher);
  await next();
  await next();
  const waiting = next();
  for (let i = 0; i < 10; i += 1) publisher.publish('a', i);
  expect(await waiting).toMatchObject({ after: 0, seq: 10, values: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] });
});

test('what is removed twice, or was never there, is no change', () => {
  const publisher = open();
  publisher.publish('a', 1);
  expect([publisher.remove('b'), publisher.remove('a'), publisher.remove('a')]).toEqual([undefined, 2, undefined]);
  expect(publisher.stats()).toMatchObject({ seq: 2, topicCount: 0, stateBytes: 0 });
});

test('a value that is changed after it was published stays as it was', async () => {
  const publisher = open();
  const value = {
    list: [1],
    at: new Date(5),
    map: new Map([['a', 1]]),
    bytes: new Uint8Array([1]),
    big: 5n,
    none: null,
  };
  publisher.publish('a', value);
  value.list.push(2);
  value.map.clear();
  expect(publisher.get('a')).toEqual({ ...value, list: [1], map: new Map([['a', 1]]) });
});

test('prefixes choose topics, and what others get is not told', async () => {
  const publisher = open();
  for (const topic of ['a', 'ab/1', 'b/1', 'c', 'ż/1']) publisher.publish(topic, topic);
  const check = async (prefixes: string[], expected: string[]): Promise<void> => {
    expect(await read(publisher, { prefixes }).next(), String(prefixes)).toMatchObject({ topics: expected });
  };
  await check([''], ['a', 'ab/1', 'b/1', 'c', 'ż/1']);
  await check(['a'], ['a', 'ab/1']);
  await check(['ab', 'a', 'ab/1'], ['a', 'ab/1']);
  await check(['b/', 'c', 'ż'], ['b/1', 'c', 'ż/1']);
  await check(['nothing'], []);
  const { next } = read(publisher, { prefixes: ['b/', 'c'] });
  await next();
  await next();
  const waiting = next();
  for (const topic of ['a', 'b/2', 'ab', 'c', 'a']) publisher.publish(topic, 1);
  expect(await waiting).toEqual({ kind: 'updates', after: 5, seq: 10, topics: ['b/2', 'c'], values: [1, 1] });
});

test('bad prefixes are refused', () => {
  const publisher = open();
  expect(codeOf(() => publisher.feed({ prefixes: [] }))).toBe('invalid');
  expect(codeOf(() => publisher.feed({ prefixes: ['x'.repeat(TOPIC_LENGTH_MAX + 1)] }))).toBe('invalid');
  const many = Array.from({ length: PREFIXES_MAX + 1 }, String);
  expect(codeOf(() => publisher.feed({ prefixes: many }))).toBe('invalid');
  publisher.feed({ prefixes: many.slice(1) });
});

test('a reader that comes back goes on where it was, as long as the log reaches there', async () => {
  const publisher = open({ limits: { logEntriesMax: 4 } });
  for (let i = 1; i <= 6; i += 1) publisher.publish('a', i);
  const { next } = read(publisher, { from: { epoch: 'one', seq: 3 } });
  expect(await next()).toEqual({ kind: 'resume', epoch: 'one', seq: 3 });
  expect(await next()).toMatchObject({ kind: 'updates', after: 3, seq: 6, values: [4, 5, 6] });
  expect(await next()).toEqual({ kind: 'mark', after: 6, seq: 6 });
  const check = async (from: FeedRequest['from'], kind: string): Promise<void> => {
    expect(await read(publisher, { from }).next(), JSON.stringify(from)).toMatchObject({ kind });
  };
  await check({ epoch: 'one', seq: 2 }, 'resume');
  await check({ epoch: 'one', seq: 1 }, 'snapshot');
  await check({ epoch: 'one', seq: 7 }, 'snapshot');
  await check({ epoch: 'two', seq: 6 }, 'snapshot');
  await check(undefined, 'snapshot');
});

test('a reader that the log has left behind gets the state again', async () => {
  const publisher = open({ limits: { logEntriesMax: 4 } });
  const { next } = read(publisher);
  await next();
  await next();
  for (let i = 1; i <= 5; i += 1) publisher.publish(`t${i % 2}`, i);
  expect(await next()).toMatchObject({ kind: 'snapshot', seq: 5, topics: ['t1', 't0'], values: [5, 4] });
  publisher.publish('t1', 6);
  expect(await next()).toMatchObject({ kind: 'updates', after: 5, seq: 6 });
});

test('readers with equal prefixes that are in step share what is sent', async () => {
  const publisher = open();
  const [left, right] = [read(publisher, { prefixes: ['a', 'b'] }), read(publisher, { prefixes: ['b', 'a', 'ab'] })];
  const other = read(publisher, { prefixes: ['a'] });
  expect(await left.shared()).toBe(await right.shared());
  await Promise.all([left.next(), right.next(), other.next(), other.next()]);
  for (let i = 0; i < 3; i += 1) {
    const waiting = [left.shared(), right.shared(), other.shared()];
    publisher.publish('a', i);
    const [first, second, third] = await Promise.all(waiting);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  }
});

test('one who joins between two changes is told the same, after what it was told itself', async () => {
  const publisher = open();
  const early = read(publisher, { prefixes: ['a'] });
  await early.next();
  await early.next();
  publisher.publish('other', 1);
  const late = read(publisher, { prefixes: ['a'] });
  expect(await late.next()).toMatchObject({ seq: 0 });
  expect(await late.next()).toMatchObject({ kind: 'mark', after: 0, seq: 1 });
  publisher.publish('a', 1);
  expect(await early.next()).toMatchObject({ after: 0, seq: 2, topics: ['a'] });
  expect(await late.next()).toMatchObject({ after: 1, seq: 2, topics: ['a'] });
  publisher.publish('a', 2);
  expect(await early.shared()).toBe(await late.shared());
});

test('a large state comes in parts that are one moment, whatever is published between them', async () => {
  const publisher = open();
  const count = 2 * BATCH_ENTRIES_MAX + 1;
  for (let i = 0; i < count; i += 1) publisher.publish(`t${i}`, 'old');
  const { next } = read(publisher);
  for (let part = 0; part < 3; part += 1) {
    const item = await next();
    expect(item).toMatchObject({ kind: 'snapshot', seq: count, part, isLast: part === 2 });
    if (item.kind === 'snapshot') expect(new Set(item.values)).toEqual(new Set(['old']));
    publisher.publish(`t${count - 1}`, 'new');
  }
  expect(await next()).toMatchObject({ kind: 'updates', after: count, seq: count + 3 });
});

test('large values are sent in small batches', async () => {
  const publisher = open();
  const { next } = read(publisher);
  await next();
  await next();
  for (let i = 0; i < 4; i += 1) publisher.publish('a', 'x'.repeat(100_000));
  expect([await next(), await next()]).toMatchObject([{ seq: 2 }, { seq: 4 }]);
});

test('an idle reader is told how far it is, which a change for others moves on', async () => {
  const publisher = open();
  const { next } = read(publisher, { prefixes: ['a'] });
  await next();
  await next();
  const waiting = next();
  publisher.publish('b', 1);
  await clock.advance(2 * MARK_EVERY_MS);
  expect(await waiting).toEqual({ kind: 'mark', after: 0, seq: 1 });
  const again = next();
  await clock.advance(2 * MARK_EVERY_MS);
  expect(await again).toEqual({ kind: 'mark', after: 1, seq: 1 });
});

test('at each bound it is refused at once, and nothing has changed', () => {
  const publisher = open({ limits: { topicsMax: 2, stateBytesMax: 1_000 } });
  publisher.publish('a', 1);
  publisher.publish('b', 1);
  expect(codeOf(() => publisher.publish('c', 1))).toBe('exhausted');
  expect(codeOf(() => publisher.publish('a', 'x'.repeat(1_000)))).toBe('exhausted');
  expect(codeOf(() => publisher.event('a', 'x'.repeat(VALUE_BYTES_MAX)))).toBe('exhausted');
  expect(publisher.stats()).toMatchObject({ seq: 2, topicCount: 2 });
  expect(publisher.get('a')).toBe(1);
  publisher.event('c', 'x'.repeat(2_000));
  publisher.remove('a');
  publisher.publish('c', 1);
});

test('what is no topic or no plain data is refused', () => {
  const publisher = open({ value: v.unknown() });
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  for (const topic of ['', 'x'.repeat(TOPIC_LENGTH_MAX + 1), '\ud800']) {
    expect(codeOf(() => publisher.publish(topic, 1))).toBe('invalid');
  }
  for (const value of [
    () => 1,
    Symbol('a'),
    cycle,
    { a: [() => 1] },
    new Promise(() => undefined),
    /a/,
    new Map([[1, /a/]]),
  ]) {
    expect(codeOf(() => publisher.publish('a', value))).toBe('invalid');
  }
  expect(publisher.stats()).toMatchObject({ seq: 0, topicCount: 0 });
});

test('a value that lies as deep as a message may is sent, and one that lies deeper is refused at once', async () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
  const deepest = Array.from({ length: PLAIN_DEPTH_MAX }, (_, depth) => depth).findLast(
    (depth) => codeOf(() => open().publish('a', nested(depth))) === 'it did not fail',
  );
  expect(deepest).toBeGreaterThan(PLAIN_DEPTH_MAX - 5);
  const publisher = open();
  publisher.publish('a', nested(deepest ?? 0));
  const message = { kind: 'item', id: 1, value: await read(publisher).next() };
  expect(decodeCbor(new CborEncoder().encode(message))).toEqual(message);
  expect(decodeJson(encodeJson(message))).toEqual(message);
});

test('a value that the schema does not allow is refused, with the place named', () => {
  const publisher = createPublisher({ clock, value: v.object({ price: v.number() }) });
  publisher.publish('a', { price: 1 });
  expect(() => publisher.publish('a', { price: 'much' as unknown as number })).toThrow('price');
});

test('there are at most so many readers, and who leaves makes room', async () => {
  const publisher = open({ limits: { feedsMax: 2 } });
  const stop = new AbortController();
  const feed = publisher.feed({ prefixes: [''] }, { signal: stop.signal });
  const first = feed[Symbol.asyncIterator]();
  const second = feed[Symbol.asyncIterator]();
  expect(codeOf(() => feed[Symbol.asyncIterator]())).toBe('exhausted');
  await first.return?.();
  expect(publisher.stats().feedCount).toBe(1);
  await second.next();
  await second.next();
  const waiting = second.next();
  stop.abort();
  expect(await waiting).toEqual({ done: true, value: undefined });
  expect(publisher.stats().feedCount).toBe(0);
});

test('a publisher that closes ends its feeds with an error that a retry cures', async () => {
  const publisher = open();
  const { next } = read(publisher);
  await next();
  await next();
  const waiting = next();
  publisher[Symbol.dispose]();
  await expect(waiting).rejects.toMatchObject({ code: 'unavailable' });
  expect(codeOf(() => read(publisher))).toBe('unavailable');
});

// Goal: a reader that stops reading costs its place, whatever is published. Method: count what is held.
test('a paused reader holds nothing that grows', async () => {
  const publisher = open({ limits: { logEntriesMax: 1_000, logBytesMax: 50_000, stateBytesMax: 50_000 } });
  const paused = Array.from({ length: 20 }, (_, i) => read(publisher, { prefixes: [`t${i % 5}`] }));
  for (const { next } of paused) await next();
  for (let i = 0; i < 100_000; i += 1) publisher.publish(`t${i % 100}`, { count: i, text: 'some text' });
  const { logEntries, logBytes, stateBytes, sharedBytes, lagMax } = publisher.stats();
  expect(logEntries).toBeLessThanOrEqual(1_000);
  expect(logBytes).toBeLessThanOrEqual(50_000);
  expect(stateBytes).toBeLessThanOrEqual(50_000);
  expect(sharedBytes).toBeLessThanOrEqual(4 * 50_000);
  expect(lagMax).toBe(100_000);
  for (const { next } of paused) expect(await next()).toMatchObject({ kind: 'snapshot', seq: 100_000 });
});

// Goal: the parts of old states that slow readers are in the middle of do not pile up.
test('readers that stop in the middle of a state share few of them, and begin again when theirs is dropped', async () => {
  const publisher = open({ limits: { logEntriesMax: 100, stateBytesMax: 400_000 } });
  const fill = (round: number): void => {
    for (let i = 0; i < 2 * BATCH_ENTRIES_MAX; i += 1) publisher.publish(`topic ${i}`, `${round}`.padEnd(100));
  };
  const readers: Reader[] = [];
  for (let round = 0; round < 20; round += 1) {
    fill(round);
    const reader = read(publisher);
    readers.push(reader);
    expect(await reader.next()).toMatchObject({ kind: 'snapshot', part: 0, isLast: false });
    expect(publisher.stats().sharedBytes).toBeLessThanOrEqual(4 * 400_000);
  }
  const items = [];
  for (const { next } of readers) items.push(await next());
  expect(items[0]).toMatchObject({ part: 0, seq: 20 * 2 * BATCH_ENTRIES_MAX });
  expect(items[19]).toMatchObject({ part: 1, seq: 20 * 2 * BATCH_ENTRIES_MAX });
});
