// The feed, at the handler: what is shared, what a slow reader gets, and what a rollout does to it.
import { systemClock } from '@plumb/base';
import type { ConfigFeedEvent } from '@plumb/config/feed';
import { openMemoryKv } from '@plumb/kv';
import { type Caller, SharedValue } from '@plumb/rpc';
import { expect, test } from 'vitest';
import { openConfigWorld } from '../test/config-world.ts';
import { ConfigStore } from './config-store.ts';

const at = { application: 'shop' } as const;

/** The handler's own stream, as a connection reads it. */
function watchAs(
  { service }: Awaited<ReturnType<typeof openConfigWorld>>,
  caller: Caller,
  signal: AbortSignal,
): AsyncIterator<SharedValue<ConfigFeedEvent>> {
  const events = service.handlers.watch(at, { caller, signal }) as AsyncIterable<SharedValue<ConfigFeedEvent>>;
  return events[Symbol.asyncIterator]();
}

test('readers at one place are sent the same events, each made and encoded once', async () => {
  await using world = await openConfigWorld();
  await world.config.set({ ...at, key: 'title', value: 'Shop' });
  const stop = new AbortController();
  const readers = Array.from({ length: 50 }, (_, i) =>
    watchAs(world, { id: `shop-${i}`, scopes: [], ...at }, stop.signal),
  );
  const read = async (): Promise<Set<unknown>> =>
    new Set((await Promise.all(readers.map((one) => one.next()))).map((one) => one.value));
  expect((await read()).size).toBe(1);
  await world.config.change({
    ...at,
    changes: [
      { key: 'title', value: 'Sale' },
      { key: 'port', value: 1 },
    ],
  });
  const [event, ...others] = await read();
  expect(others).toEqual([]);
  expect(event).toBeInstanceOf(SharedValue);
  expect((event as SharedValue<ConfigFeedEvent>).value).toMatchObject({ changes: [{ key: 'port' }, { key: 'title' }] });
  stop.abort();
});

test('a reader that falls behind gets all values anew instead of what it missed, and then goes on', async () => {
  await using world = await openConfigWorld();
  const stop = new AbortController();
  const slow = watchAs(world, { id: 'shop-1', scopes: [], ...at }, stop.signal);
  await slow.next();
  for (let i = 0; i <= 64; i += 1) await world.config.set({ ...at, key: 'count', value: i });
  expect((await slow.next()).value.value).toMatchObject({ kind: 'snapshot', values: { count: 64 } });
  await world.config.set({ ...at, key: 'count', value: 65 });
  expect((await slow.next()).value.value).toMatchObject({ kind: 'change', changes: [{ key: 'count', value: 65 }] });
  // Within the bound it misses nothing.
  for (let i = 0; i < 64; i += 1) await world.config.set({ ...at, key: 'count', value: i });
  for (let i = 0; i < 64; i += 1) {
    expect((await slow.next()).value.value).toMatchObject({ kind: 'change', changes: [{ key: 'count', value: i }] });
  }
  stop.abort();
});

test('members of a rollout get its values at once, nobody else, and its end changes nothing for them', async () => {
  await using kv = await openMemoryKv({ clock: systemClock });
  const store = new ConfigStore(kv, systemClock);
  const by = { author: 'ada' };
  const commit = async (
    planned: Omit<
      Parameters<typeof store.commit>[1] extends (state: never) => infer P ? Extract<P, { kind: 'commit' }> : never,
      'kind'
    >,
  ): Promise<void> => {
    await store.commit('shop', () => ({ kind: 'commit', ...planned }), by);
  };
  await commit({
    changes: [
      { layer: 'common', key: 'title', value: 'Old' },
      { layer: 'common', key: 'gone', value: 1 },
    ],
  });
  using lease = await store.open('shop');
  const stop = new AbortController();
  const open = (instance: string): AsyncIterator<SharedValue<ConfigFeedEvent>> =>
    lease.hub.watch({ coordinates: {}, instance, mayOpen: () => false }, stop.signal);
  const [member, other, late] = [open('a'), open('b'), open('c')];
  for (const one of [member, other, late]) await one.next();
  const changes = [
    { layer: 'common', key: 'title', value: 'New' },
    { layer: 'common', key: 'gone' },
  ];
  await commit({ changes: [], overlay: { id: 'r', changes, members: ['a'] } });
  const given = { kind: 'change', changes: [{ key: 'gone' }, { key: 'title', value: 'New' }] };
  expect((await member.next()).value.value).toMatchObject(given);
  await expect(commit({ changes: [{ layer: 'env:live', key: 'title', value: 'x' }] })).rejects.toThrow(
    'rolled out by r',
  );
  await commit({ changes: [], overlay: { id: 'r', changes, members: ['a', 'c'] }, rollout: 'r' });
  expect((await late.next()).value.value).toMatchObject(given);
  // Who comes while it goes on is a member or not, as its record says.
  expect((await open('a').next()).value.value).toMatchObject({ kind: 'snapshot', values: { title: 'New' } });
  await commit({ changes, overlay: null, rollout: 'r' });
  expect((await other.next()).value.value).toMatchObject(given);
  await commit({ changes: [{ layer: 'common', key: 'title', value: 'Next' }] });
  for (const one of [member, other, late]) {
    expect((await one.next()).value.value).toMatchObject({ changes: [{ key: 'title', value: 'Next' }] });
  }
  await commit({
    changes: [],
    overlay: { id: 's', changes: [{ layer: 'common', key: 'title', value: 'Bad' }], members: ['a'] },
  });
  expect((await member.next()).value.value).toMatchObject({ changes: [{ key: 'title', value: 'Bad' }] });
  await commit({ changes: [], overlay: null, rollout: 's' });
  expect((await member.next()).value.value).toMatchObject({ changes: [{ key: 'title', value: 'Next' }] });
  stop.abort();
  await store.close();
});

test('feeds end with the service', async () => {
  const world = await openConfigWorld();
  const feed = watchAs(world, { id: 'shop-1', scopes: [], ...at }, new AbortController().signal);
  await feed.next();
  const rest = feed.next();
  const ended = expect(rest).rejects.toMatchObject({ code: 'unavailable' });
  await world[Symbol.asyncDispose]();
  await ended;
});
