// The feed, at the handler: what is shared, what a slow reader gets.
import type { ConfigFeedEvent } from '@plumb/config/feed';
import { type Caller, SharedValue } from '@plumb/rpc';
import { expect, test } from 'vitest';
import { openConfigWorld } from '../test/config-world.ts';

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

test('feeds end with the service', async () => {
  const world = await openConfigWorld();
  const feed = watchAs(world, { id: 'shop-1', scopes: [], ...at }, new AbortController().signal);
  await feed.next();
  const rest = feed.next();
  const ended = expect(rest).rejects.toMatchObject({ code: 'unavailable' });
  await world[Symbol.asyncDispose]();
  await ended;
});
