import { OperatingError, seededRandom } from '@plumb/base';
import { createFakeClock, type FakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import type { FeedItem, FeedRequest } from './feed-item.ts';
import type { Change } from './feed-replica.ts';
import { MARK_EVERY_MS, MARKS_MISSED_MAX } from './publish-limits.ts';
import { createPublisher, type Publisher } from './publisher.ts';
import { plainValue } from './shared-value.ts';
import { subscribe, type Subscription, type SubscriptionSnapshot } from './subscription.ts';

type Watched = Subscription<unknown> & {
  readonly changes: Change<unknown>[];
  readonly snapshots: Omit<SubscriptionSnapshot<unknown>, 'state'>[];
};
type Open = (request: FeedRequest, options: { readonly signal: AbortSignal }) => AsyncIterable<FeedItem>;

function watch(clock: FakeClock, open: Open, prefixes?: readonly string[]): Watched {
  const changes: Change<unknown>[] = [];
  const snapshots: Omit<SubscriptionSnapshot<unknown>, 'state'>[] = [];
  const subscription = subscribe(
    { open, clock, random: seededRandom(1), ...(prefixes === undefined ? {} : { prefixes }) },
    {
      onChange: (more) => void changes.push(...more),
      onSnapshot: ({ removed, missed }) => void snapshots.push({ removed, missed }),
    },
  );
  return { ...subscription, [Symbol.dispose]: () => subscription[Symbol.dispose](), changes, snapshots };
}

/** Feeds of a publisher through a line that a test can cut, or take an item from. */
function openLine(publisher: () => Publisher<unknown>): {
  readonly open: Open;
  readonly requests: FeedRequest[];
  readonly cut: () => void;
  readonly loseNext: (kind: FeedItem['kind']) => void;
} {
  const requests: FeedRequest[] = [];
  let lost: FeedItem['kind'] | undefined;
  let cut = new AbortController();
  return {
    requests,
    cut: () => cut.abort(),
    loseNext: (kind) => void (lost = kind),
    async *open(request, { signal }) {
      requests.push(request);
      cut = new AbortController();
      const feed = publisher().feed(request, { signal: AbortSignal.any([signal, cut.signal]) });
      for await (const item of feed) {
        const plain = plainValue<FeedItem>(item);
        if (plain.kind === lost) lost = undefined;
        else yield plain;
      }
      if (cut.signal.aborted) throw new OperatingError('unavailable', 'the line was cut');
    },
  };
}

test('it has the state, then each change, and says when it has everything', async () => {
  const clock = createFakeClock();
  const publisher = createPublisher<unknown>({ clock });
  publisher.publish('a/1', 1);
  publisher.publish('b/1', 1);
  using reader = watch(clock, (request, options) => plainFeed(publisher, request, options), ['a/']);
  await reader.caughtUp;
  expect(Object.fromEntries(reader.state)).toEqual({ 'a/1': 1 });
  publisher.publish('a/1', 2);
  publisher.event('a/hit', 3);
  publisher.publish('b/1', 2);
  publisher.remove('a/1');
  await clock.advance(1);
  expect(reader.changes.map(({ kind, topic }) => `${kind} ${topic}`)).toEqual([
    'value a/1',
    'event a/hit',
    'removed a/1',
  ]);
  expect(reader.state.size).toBe(0);
  expect(reader.snapshots).toEqual([{ removed: [], missed: undefined }]);
});

async function* plainFeed(
  publisher: Publisher<unknown>,
  request: FeedRequest,
  options: { readonly signal: AbortSignal },
): AsyncGenerator<FeedItem> {
  for await (const item of publisher.feed(request, options)) yield plainValue<FeedItem>(item);
}

test('after a cut it goes on where it was: nothing is missing, and nothing comes twice', async () => {
  const clock = createFakeClock();
  const publisher = createPublisher<unknown>({ clock });
  const line = openLine(() => publisher);
  using reader = watch(clock, line.open);
  await reader.caughtUp;
  for (let i = 1; i <= 9; i += 1) {
    publisher.event('hit', i);
    if (i % 3 === 0) line.cut();
    await clock.advance(100);
  }
  await clock.advance(1_000);
  expect(reader.changes.map(({ value }) => value)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(reader.snapshots).toHaveLength(1);
  expect(line.requests).toHaveLength(4);
});

test('an update that is lost on its way is noticed by the next one, or by a mark, and told again', async () => {
  const clock = createFakeClock();
  const publisher = createPublisher<unknown>({ clock });
  const line = openLine(() => publisher);
  using reader = watch(clock, line.open);
  await reader.caughtUp;
  line.loseNext('updates');
  publisher.publish('a', 1);
  await clock.advance(1);
  publisher.publish('a', 2);
  await clock.advance(500);
  expect(reader.changes.map(({ value }) => value)).toEqual([1, 2]);
  line.loseNext('updates');
  publisher.publish('a', 3);
  await clock.advance(1);
  expect(reader.changes).toHaveLength(2);
  await clock.advance(3 * MARK_EVERY_MS);
  expect(reader.changes.map(({ value }) => value)).toEqual([1, 2, 3]);
  expect(line.requests.map(({ from }) => from?.seq)).toEqual([undefined, 0, 2]);
});

test('when the publisher begins anew, what is gone is removed', async () => {
  const clock = createFakeClock();
  let publisher = createPublisher<unknown>({ clock, epoch: 'one' });
  for (const topic of ['a', 'b']) publisher.publish(topic, 1);
  const line = openLine(() => publisher);
  using reader = watch(clock, line.open);
  await reader.caughtUp;
  publisher[Symbol.dispose]();
  publisher = createPublisher<unknown>({ clock, epoch: 'two' });
  publisher.publish('b', 2);
  await clock.advance(1_000);
  expect(Object.fromEntries(reader.state)).toEqual({ b: 2 });
  const missed = { epoch: 'one', after: 2, upTo: undefined };
  expect(reader.snapshots.at(-1)).toEqual({ removed: ['a'], missed });
});

test('a reader that fell behind is told what it missed', async () => {
  const clock = createFakeClock();
  const publisher = createPublisher<unknown>({ clock, epoch: 'one', limits: { logEntriesMax: 10 } });
  const line = openLine(() => publisher);
  using reader = watch(clock, line.open);
  await reader.caughtUp;
  line.cut();
  for (let i = 1; i <= 20; i += 1) publisher.publish('a', i);
  await clock.advance(500);
  expect(reader.snapshots.at(-1)).toEqual({ removed: [], missed: { epoch: 'one', after: 0, upTo: 20 } });
  expect(reader.state.get('a')).toBe(20);
});

test('a feed that is silent when marks are due is opened again', async () => {
  const clock = createFakeClock();
  let openCount = 0;
  const open: Open = async function* (_, { signal }) {
    openCount += 1;
    yield { kind: 'snapshot', epoch: 'one', seq: 0, part: 0, isLast: true, topics: [], values: [] };
    await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
  };
  using _reader = watch(clock, open);
  await clock.advance(MARKS_MISSED_MAX * MARK_EVERY_MS);
  expect(openCount).toBe(1);
  await clock.advance(MARK_EVERY_MS + 500);
  expect(openCount).toBe(2);
});

test('a handler that takes its time holds the feed back, and is not taken for silence', async () => {
  const clock = createFakeClock();
  const publisher = createPublisher<unknown>({ clock, limits: { logEntriesMax: 10 } });
  const line = openLine(() => publisher);
  let isBusy: PromiseWithResolvers<void> | undefined;
  const seen: unknown[] = [];
  using reader = subscribe(
    { open: line.open, clock, random: seededRandom(1) },
    {
      onChange: async (changes) => {
        seen.push(...changes.map(({ value }) => value));
        isBusy = Promise.withResolvers();
        await isBusy.promise;
      },
    },
  );
  await reader.caughtUp;
  publisher.publish('a', 1);
  await clock.advance(10 * MARKS_MISSED_MAX * MARK_EVERY_MS);
  for (let i = 2; i <= 20; i += 1) publisher.publish('a', i);
  await clock.advance(1);
  expect(seen).toEqual([1]);
  isBusy?.resolve();
  await clock.advance(1);
  expect(reader.state.get('a')).toBe(20);
  expect(line.requests).toHaveLength(1);
});

test('an error that no retry cures, and one of a handler, end it', async () => {
  const clock = createFakeClock();
  const denied = new OperatingError('denied', 'no');
  // oxlint-disable-next-line require-yield -- it fails before its first item.
  const refuse: Open = async function* () {
    throw denied;
  };
  using refused = watch(clock, refuse);
  await expect(refused.ended).rejects.toBe(denied);
  await expect(refused.caughtUp).rejects.toBe(denied);
  const bug = new TypeError('a bug');
  const publisher = createPublisher<unknown>({ clock });
  const handlers = {
    onSnapshot: () => {
      throw bug;
    },
  };
  using broken = subscribe({ open: publisher.feed, clock, random: seededRandom(1) }, handlers);
  await expect(broken.ended).rejects.toBe(bug);
  expect(publisher.stats().feedCount).toBe(0);
});

test('disposing of it, or its signal, ends it and leaves the publisher', async () => {
  const clock = createFakeClock();
  const publisher = createPublisher<unknown>({ clock });
  const stop = new AbortController();
  const options = { open: publisher.feed, clock, random: seededRandom(1) };
  const first = subscribe(options);
  const second = subscribe({ ...options, signal: stop.signal });
  await Promise.all([first.caughtUp, second.caughtUp]);
  expect(publisher.stats().feedCount).toBe(2);
  first[Symbol.dispose]();
  stop.abort();
  await Promise.all([first.ended, second.ended]);
  expect(publisher.stats().feedCount).toBe(0);
  const never = subscribe({ ...options, signal: stop.signal });
  await never.ended;
  await expect(never.caughtUp).rejects.toMatchObject({ code: 'unavailable' });
});
