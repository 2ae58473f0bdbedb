/** What publish and subscribe promise over every kind of connection; a part of `rpc-suite.ts`. */
import { silentLog, systemClock } from '@plumb/base';
import { until } from '@plumb/testing';
import { expect, test } from 'vitest';
import {
  type Change,
  type Contract,
  createClient,
  createDispatcher,
  createPublisher,
  subscribe,
  subscribeMethod,
  type SubscribeOptions,
} from '../src/index.ts';
import type { Open } from './rpc-suite.ts';

const contract = { watch: subscribeMethod({ scope: 'feed:read' }) } as const satisfies Contract;

export function feedSuite(open: Open, values: readonly unknown[]): void {
  const openFeed = async () => {
    const publisher = createPublisher();
    const dispatcher = createDispatcher({ log: silentLog, clock: systemClock });
    dispatcher.add('feed', contract, { watch: publisher.feed });
    const opened = await open(dispatcher, { id: 'tester', scopes: ['feed:read'] });
    const client = createClient(contract, 'feed', opened.connection);
    const options = (prefixes: readonly string[]): SubscribeOptions<unknown> => ({
      open: client.watch,
      prefixes,
    });
    return { publisher, client, options, opened, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
  };

  test('subscribers get the state and then each change, values as they were, by prefix', async () => {
    await using feed = await openFeed();
    const topicOf = (i: number): string => `${i % 2 === 0 ? 'even' : 'odd'}/${i}`;
    for (const [i, value] of values.entries()) feed.publisher.publish(topicOf(i), value);
    const changes: Change<unknown>[] = [];
    using all = subscribe(feed.options(['']), { onChange: (more) => void changes.push(...more) });
    using same = subscribe(feed.options(['']));
    using even = subscribe(feed.options(['even/']));
    await Promise.all([all.caughtUp, same.caughtUp, even.caughtUp]);
    expect([...all.state]).toEqual(values.map((value, i) => [topicOf(i), value]));
    expect([...even.state.keys()]).toEqual(values.map((_, i) => topicOf(i)).filter((_, i) => i % 2 === 0));
    feed.publisher.remove('odd/1');
    for (const [i, value] of values.entries()) feed.publisher.event(topicOf(i), value);
    await until('the changes are there', () => changes.length > values.length);
    expect(changes).toEqual([
      { kind: 'removed', topic: 'odd/1', value: undefined },
      ...values.map((value, i) => ({ kind: 'event', topic: topicOf(i), value })),
    ]);
    expect(all.state.size).toBe(values.length - 1);
  });

  test('a large state comes whole, and what is published meanwhile after it', async () => {
    await using feed = await openFeed();
    const count = 5_000;
    for (let i = 0; i < count; i += 1) feed.publisher.publish(`t${i}`, { count: 0, text: 'x'.repeat(100) });
    let snapshotCount = 0;
    using reader = subscribe(feed.options(['t']), {
      onSnapshot: ({ state }) => {
        snapshotCount += 1;
        expect(state.size).toBe(count);
      },
    });
    for (let i = 0; i < count; i += 1) {
      feed.publisher.publish(`t${i}`, { count: 1 });
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until('everything came', () => reader.position()?.seq === 2 * count);
    expect(new Set([...reader.state.values()].map((value) => (value as { count: number }).count))).toEqual(
      new Set([1]),
    );
    expect(snapshotCount).toBe(1);
  });

  test('who does not read is not sent more, and costs its place alone', async () => {
    await using feed = await openFeed();
    const items = feed.client.watch({ prefixes: [''] })[Symbol.asyncIterator]();
    await items.next();
    for (let i = 0; i < 200; i += 1) {
      for (let j = 0; j < 100; j += 1) feed.publisher.publish('a', `${i} ${j}`.padEnd(1_000, '.'));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { lagMax, sharedBytes, logBytes } = feed.publisher.stats();
    expect(lagMax).toBeGreaterThan(10_000);
    expect(sharedBytes + logBytes).toBeLessThan(21 * 2 ** 20);
    await items.return?.();
    await until('the publisher knows', () => feed.publisher.stats().feedCount === 0);
  });

  test('a lost connection ends the feed on both sides', async () => {
    await using feed = await openFeed();
    const items = feed.client.watch({ prefixes: [''] })[Symbol.asyncIterator]();
    await items.next();
    await items.next();
    const waiting = items.next();
    feed.opened.cut();
    await expect(waiting).rejects.toMatchObject({ code: 'unavailable' });
    await until('the publisher knows', () => feed.publisher.stats().feedCount === 0);
  });
}
