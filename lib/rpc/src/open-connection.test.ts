import { createLog, OperatingError, seededRandom, silentLog } from '@plumb/base';
import { createFakeClock, type FakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import {
  type Channel,
  type Connection,
  createChannelPair,
  createDispatcher,
  hasNotRun,
  openConnection,
} from './index.ts';

type World = {
  readonly clock: FakeClock;
  readonly connection: Connection;
  readonly logged: string[];
  openCount: number;
  /** What the next attempts to open do: succeed where it is undefined. */
  failure: OperatingError | undefined;
  server: Channel | undefined;
};

function createWorld(): World {
  const clock = createFakeClock();
  const dispatcher = createDispatcher({ log: silentLog, clock });
  dispatcher.addObject('math', { double: (n: number) => n * 2, hang: () => new Promise(() => undefined) });
  const logged: string[] = [];
  const open = async (): Promise<Channel> => {
    world.openCount += 1;
    if (world.failure !== undefined) throw world.failure;
    const [near, far] = createChannelPair();
    world.server = far;
    dispatcher.accept(far, { id: 'tester', scopes: [] });
    return near;
  };
  const log = createLog((_level, event) => logged.push(event));
  const connection = openConnection({ open, clock, random: seededRandom(1), log });
  const world: World = { clock, connection, logged, openCount: 0, failure: undefined, server: undefined };
  return world;
}

const outcome = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);
const down = new OperatingError('unavailable', 'the server is down');

test('it opens at the first call, and once for all calls', async () => {
  const world = createWorld();
  expect(world.openCount).toBe(0);
  const calls = [1, 2, 3].map((n) => world.connection.call('math.double', n));
  expect(await Promise.all(calls)).toEqual([2, 4, 6]);
  expect(world.openCount).toBe(1);
});

test('a call that runs when the connection is lost fails; a later one waits until it is back', async () => {
  const world = createWorld();
  await world.connection.call('math.double', 1);
  const running = outcome(world.connection.call('math.hang', []));
  world.server?.close();
  expect(await running).toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('math.hang may or may not'),
  });
  const later = world.connection.call('math.double', 5);
  await world.clock.advance(1_000);
  expect(await later).toBe(10);
  expect(world.openCount).toBe(2);
  expect(world.logged).toContain('rpc.connection-lost');
});

test('attempts come ever later while it fails, and stop when nobody waits', async () => {
  const world = createWorld();
  world.failure = down;
  const call = outcome(world.connection.call('math.double', 1, { timeoutMs: 60_000 }));
  await world.clock.advance(1_000);
  const early = world.openCount;
  expect(early).toBeGreaterThanOrEqual(3);
  await world.clock.advance(59_000);
  expect(await call).toMatchObject({
    code: 'deadline',
    message: 'math.double was not answered within 60000 ms: there is no connection: the server is down',
  });
  const count = world.openCount;
  expect(count).toBeLessThan(40);
  await world.clock.advance(60_000);
  expect(world.openCount).toBeLessThanOrEqual(count + 1);
});

test('an error that no retry cures is told to those who wait, and the next call tries again', async () => {
  const world = createWorld();
  world.failure = new OperatingError('denied', 'the token is not valid');
  expect(await outcome(world.connection.call('math.double', 1))).toMatchObject({ code: 'denied' });
  world.failure = undefined;
  const next = world.connection.call('math.double', 1);
  await world.clock.advance(1_000);
  expect(await next).toBe(2);
});

test('a server that takes every connection and drops it is not stormed', async () => {
  const world = createWorld();
  for (let i = 0; i < 30; i += 1) {
    const call = outcome(world.connection.call('math.double', 1, { timeoutMs: 1_000 }));
    await world.clock.advance(1_000);
    await call;
    world.server?.close();
    await world.clock.advance(0);
  }
  expect(world.openCount).toBeLessThan(16);
});

test('a call that its caller aborts while it waits rejects with the reason', async () => {
  const world = createWorld();
  world.failure = down;
  const stop = new AbortController();
  const call = outcome(world.connection.call('math.double', 1, { signal: stop.signal }));
  await world.clock.advance(100);
  stop.abort(new Error('enough'));
  expect(await call).toMatchObject({ message: 'enough' });
});

test('a closed connection refuses calls, and those that wait fail', async () => {
  const world = createWorld();
  world.failure = down;
  const waiting = outcome(world.connection.call('math.double', 1));
  await world.clock.advance(10);
  world.connection.close();
  await world.clock.advance(1_000);
  expect(await waiting).toMatchObject({ code: 'unavailable' });
  expect(await outcome(world.connection.call('math.double', 1))).toMatchObject({ code: 'unavailable' });
});

test('of calls that wait when the connection is closed, only one that was never sent is told that it did not run', async () => {
  const world = createWorld();
  await world.connection.call('math.double', 1);
  const sent = outcome(world.connection.call('math.hang', [], { idempotent: true }));
  await world.clock.advance(0);
  world.failure = down;
  world.server?.close();
  await world.clock.advance(0);
  const unsent = outcome(world.connection.call('math.double', 1));
  await world.clock.advance(0);
  world.connection.close();
  await world.clock.advance(0);
  expect([hasNotRun(await sent), hasNotRun(await unsent)]).toEqual([false, true]);
});
