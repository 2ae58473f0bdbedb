import { OperatingError } from '@plumb/base';
import { expect, test } from 'vitest';
import { createWorld, type World } from '../test/replicas.ts';
import { CALLS_IN_FLIGHT_MAX, ENDPOINTS_MAX } from './index.ts';

const outcome = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);
const run = (world: World, timeoutMs = 10_000): Promise<unknown> =>
  outcome(world.connection.call('tasks.run', [], { timeoutMs }));
const runMany = (world: World, count: number): Promise<unknown[]> =>
  Promise.all(Array.from({ length: count }, () => run(world)));
const down = new OperatingError('unavailable', 'nobody listens');

test('every instance of the list is connected to at once, and each gets its part of the calls', async () => {
  using world = createWorld();
  await world.list('a', 'b', 'c');
  expect(world.connection.state().map(({ id, state }) => `${id} ${state}`)).toEqual(['a open', 'b open', 'c open']);
  for (let i = 0; i < 300; i += 1) await run(world);
  for (const id of ['a', 'b', 'c']) expect(world.replica(id).callCount).toBeGreaterThan(70);
});

test('an instance with more calls under way gets fewer, down to none', async () => {
  using world = createWorld();
  await world.list('a', 'b');
  world.replica('a').delayMs = 1_000;
  world.replica('b').delayMs = 10;
  const first = runMany(world, 2);
  await world.clock.advance(20);
  // One hangs at a, so b is free for each that follows.
  for (let i = 0; i < 20; i += 1) {
    const next = run(world);
    await world.clock.advance(20);
    await next;
  }
  expect(world.replica('a').callCount).toBe(1);
  expect(world.connection.state()[0]).toMatchObject({ id: 'a', inFlight: 1 });
  await world.clock.advance(1_000);
  expect(await first).toEqual(expect.arrayContaining(['a', 'b']));
});

test('a busy instance gets calls only where all are busy', async () => {
  using world = createWorld();
  await world.list('a', 'b', 'c');
  world.replica('a').isBusy = true;
  expect(world.stateOf('a')).toBe('busy');
  await runMany(world, 50);
  expect(world.replica('a').callCount).toBe(0);
  for (const id of ['b', 'c']) world.replica(id).isBusy = true;
  await runMany(world, 50);
  expect(world.replica('a').callCount).toBeGreaterThan(5);
});

test('streams are spread by streams, whatever calls there are', async () => {
  using world = createWorld();
  await world.list('a', 'b');
  const streams = Array.from({ length: 10 }, () => world.connection.stream('tasks.watch', [])[Symbol.asyncIterator]());
  for (const stream of streams) await stream.next();
  expect(world.connection.state().map(({ streamCount }) => streamCount)).toEqual([5, 5]);
  for (const stream of streams) await stream.return?.();
  expect(world.connection.state().map(({ streamCount }) => streamCount)).toEqual([0, 0]);
});

test('who fails five times in a row is left out, for longer each time, and one good call brings it back', async () => {
  using world = createWorld();
  await world.list('a', 'b', 'c');
  const a = world.replica('a');
  a.failure = new OperatingError('internal', 'a bug');
  await runMany(world, 60);
  expect(world.stateOf('a')).toBe('ejected');
  expect(world.warnings).toEqual(['rpc.ejected']);
  const countAfter = async (lengthMs: number): Promise<number> => {
    a.callCount = 0;
    await world.clock.advance(lengthMs);
    await runMany(world, 20);
    return a.callCount;
  };
  expect(await countAfter(400)).toBe(0);
  expect(await countAfter(700)).toBe(1);
  expect(await countAfter(900)).toBe(0);
  expect(await countAfter(1_200)).toBe(1);
  a.failure = undefined;
  expect(await countAfter(4_000)).toBe(1);
  expect(world.stateOf('a')).toBe('open');
  expect(await countAfter(0)).toBeGreaterThan(3);
});

test('who goes on failing is asked about once a minute', async () => {
  using world = createWorld();
  await world.list('a', 'b');
  const a = world.replica('a');
  a.failure = new OperatingError('internal', 'a bug');
  const countIn = async (seconds: number): Promise<number> => {
    a.callCount = 0;
    for (let i = 0; i < seconds * 5; i += 1) {
      await run(world);
      await world.clock.advance(200);
    }
    return a.callCount;
  };
  // After 0.5 to 1 s, then 1 to 2 s, and so on to 30 to 60 s.
  expect(await countIn(120)).toBeLessThan(5 + 9);
  const later = await countIn(600);
  expect(later).toBeGreaterThanOrEqual(10);
  expect(later).toBeLessThanOrEqual(20);
});

test('the good answer of a call that was made before does not bring an instance back', async () => {
  using world = createWorld();
  await world.list('a', 'b');
  const [a, b] = [world.replica('a'), world.replica('b')];
  for (const replica of [a, b]) replica.delayMs = 300;
  const early = runMany(world, 20);
  await world.clock.advance(1);
  for (const replica of [a, b]) replica.delayMs = 0;
  a.failure = new OperatingError('internal', 'a bug');
  await runMany(world, 20);
  expect(world.stateOf('a')).toBe('ejected');
  await world.clock.advance(300);
  await early;
  expect(world.stateOf('a')).toBe('ejected');
});

test('failures with a success between them, and errors of callers, put nobody out', async () => {
  using world = createWorld();
  await world.list('a', 'b');
  for (const id of ['a', 'b']) world.replica(id).failure = new OperatingError('not-found', 'no such task');
  await runMany(world, 40);
  const a = world.replica('a');
  for (let round = 0; round < 10; round += 1) {
    a.failure = new OperatingError('unavailable', 'a hiccup');
    const before = a.callCount;
    while (a.callCount < before + 4) await run(world);
    a.failure = undefined;
    while (a.callCount < before + 5) await run(world);
  }
  expect(world.warnings).toEqual([]);
});

test('at most half are left out, and where all that are connected are, they are used', async () => {
  using world = createWorld();
  await world.list('a', 'b', 'c');
  for (const id of ['a', 'b', 'c']) world.replica(id).failure = down;
  await runMany(world, 100);
  const ejected = world.connection.state().filter(({ state }) => state === 'ejected');
  expect(ejected).toHaveLength(1);
  const [out] = ejected.map(({ id }) => world.replica(id));
  for (const replica of world.replicas.values()) {
    replica.failure = undefined;
    if (replica === out) continue;
    replica.refusal = down;
    replica.cut();
  }
  await world.clock.advance(0);
  expect(await run(world)).toBe(out?.id);
});

test('calls that ran out of time count as failures; calls that were given up do not', async () => {
  using world = createWorld();
  await world.list('a', 'b');
  world.replica('a').delayMs = 5_000;
  const stop = new AbortController();
  const given = Array.from({ length: 40 }, () =>
    outcome(world.connection.call('tasks.run', [], { timeoutMs: 1_000, signal: stop.signal })),
  );
  await world.clock.advance(500);
  stop.abort(new Error('enough'));
  await Promise.all(given);
  expect(world.stateOf('a')).toBe('open');
  const late = Array.from({ length: 40 }, () => run(world, 1_000));
  await world.clock.advance(1_100);
  await Promise.all(late);
  expect(world.stateOf('a')).toBe('ejected');
});

test('an instance that leaves the list gets no calls and ends those that run; its connection closes then', async () => {
  using world = createWorld();
  await world.list('a', 'b');
  world.replica('a').delayMs = 1_000;
  world.replica('b').delayMs = 1_000;
  const running = runMany(world, 10);
  await world.clock.advance(1);
  await world.list('b');
  expect(world.stateOf('a')).toBe('draining');
  const before = world.replica('a').callCount;
  const more = runMany(world, 10);
  await world.clock.advance(1_000);
  expect((await running).every((id) => id === 'a' || id === 'b')).toBe(true);
  expect(world.stateOf('a')).toBeUndefined();
  await world.clock.advance(1_000);
  expect((await more).every((id) => id === 'b')).toBe(true);
  expect(world.replica('a').callCount).toBe(before);
});

test('a stream on an instance that left the list ends after 30 s with unavailable', async () => {
  using world = createWorld();
  await world.list('a');
  const stream = world.connection.stream('tasks.watch', [])[Symbol.asyncIterator]();
  expect(await stream.next()).toMatchObject({ value: 'a' });
  const next = outcome(stream.next());
  await world.list('b');
  await world.clock.advance(29_000);
  expect(world.stateOf('a')).toBe('draining');
  await world.clock.advance(2_000);
  expect(await next).toMatchObject({ code: 'unavailable' });
  expect(world.stateOf('a')).toBeUndefined();
});

test('an instance that comes back before it is gone keeps its connection; one whose address changed gets another', async () => {
  using world = createWorld();
  await world.list('a');
  world.replica('a').delayMs = 100;
  const running = run(world);
  await world.clock.advance(1);
  await world.list('b');
  await world.list('a', 'b');
  expect(world.replica('a').openCount).toBe(1);
  await world.clock.advance(100);
  expect(await running).toBe('a');
  expect(world.stateOf('a')).toBe('open');
  await world.list({ id: 'a', address: 'mem://elsewhere' }, 'b');
  expect(world.replica('a').openCount).toBe(2);
  expect(world.connection.state().map(({ address }) => address)).toEqual(['mem://b', 'mem://elsewhere']);
});

test('while the list is empty those that are still connected are used', async () => {
  using world = createWorld();
  await world.list('a', 'b');
  await world.list();
  expect(await run(world)).toMatch(/a|b/);
  await world.list('c');
  expect(await run(world)).toBe('c');
  expect(world.connection.state().map(({ id }) => id)).toEqual(['c']);
});

test('while nobody is there calls wait, and say of which service and why when their time is up', async () => {
  using world = createWorld();
  const check = async (why: string): Promise<void> => {
    const call = run(world, 1_000);
    await world.clock.advance(1_000);
    expect(await call).toMatchObject({
      code: 'deadline',
      message: `tasks.run was not answered within 1000 ms: there is no connection: ${why}`,
    });
  };
  await check('tasks has no instance: its instances are not known yet');
  await world.breakResolver(new OperatingError('unavailable', 'the registry is down'));
  await check('tasks has no instance: they cannot be looked up: the registry is down');
  await world.list();
  await check('tasks has no instance: the list of its instances is empty');
  world.replica('a').refusal = down;
  await world.list('a', 'b');
  world.replica('b').refusal = down;
  world.replica('b').cut();
  await world.clock.advance(0);
  await check('none of 2 instances of tasks is connected: a: nobody listens');
  const waiting = run(world, 60_000);
  world.replica('b').refusal = undefined;
  await world.clock.advance(10_000);
  expect(await waiting).toBe('b');
});

test('an error that no retry cures is told to who waits, where all instances answer so', async () => {
  using world = createWorld();
  const denied = new OperatingError('denied', 'the key is not known');
  world.replica('a').refusal = denied;
  world.replica('b').refusal = denied;
  const waiting = run(world);
  await world.list('a', 'b');
  expect(await waiting).toMatchObject({ code: 'denied', message: denied.message });
  world.replica('a').refusal = undefined;
  await world.clock.advance(10_000);
  expect(await run(world)).toBe('a');
});

test('the last list stays good while the resolver fails, which is warned of once', async () => {
  using world = createWorld();
  await world.list('a', 'b');
  for (let i = 0; i < 10; i += 1) {
    await world.breakResolver(new OperatingError('unavailable', 'the registry is down'));
    await world.clock.advance(6_000);
    await runMany(world, 5);
  }
  expect(world.replica('a').callCount + world.replica('b').callCount).toBe(50);
  expect(world.warnings).toEqual(['rpc.resubscribe']);
  await world.list('c');
  await world.clock.advance(0);
  expect(world.stateOf('c')).toBe('open');
});

test('an instance that stays away is tried ever less often, and warned of once', async () => {
  using world = createWorld();
  world.replica('a').refusal = down;
  await world.list('a', 'b');
  await world.clock.advance(60_000);
  expect(world.replica('a').openCount).toBeGreaterThan(14);
  expect(world.replica('a').openCount).toBeLessThan(30);
  expect(world.warnings).toEqual(['rpc.connect-failed']);
});

test('of a list that is longer than the bound a random part is connected to, which stays', async () => {
  const ids = Array.from({ length: ENDPOINTS_MAX * 4 }, (_, i) => `r${i}`);
  const chosen = async (seed: number): Promise<readonly string[]> => {
    using world = createWorld({ seed });
    await world.list(...ids);
    const first = world.connection.state().map(({ id }) => id);
    await world.list(...ids, 'one-more');
    expect(world.connection.state().map(({ id }) => id)).toEqual(first);
    return first;
  };
  const [one, two] = [await chosen(1), await chosen(2)];
  expect(one).toHaveLength(ENDPOINTS_MAX);
  expect(new Set([...one, ...two]).size).toBeGreaterThan(ENDPOINTS_MAX * 1.5);
});

test('more calls than may wait are refused at once', async () => {
  using world = createWorld();
  const waiting = Array.from({ length: CALLS_IN_FLIGHT_MAX }, () => run(world));
  expect(await run(world)).toMatchObject({
    code: 'exhausted',
    message: expect.stringContaining('tasks has no instance'),
  });
  await world.list('a');
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['a']));
});

test('closing it ends calls that run or wait, and every connection', async () => {
  using world = createWorld();
  const waiting = run(world);
  await world.clock.advance(0);
  world.connection.close();
  expect(await waiting).toMatchObject({ code: 'unavailable' });
  await world.list('a');
  expect(world.replicas.size).toBe(0);

  using other = createWorld();
  other.replica('a').delayMs = 100;
  await other.list('a');
  const running = run(other);
  await other.clock.advance(1);
  other.connection.close();
  expect(await running).toMatchObject({ code: 'unavailable' });
  expect(await run(other)).toMatchObject({ code: 'unavailable' });
  await other.clock.advance(60_000);
  expect(other.replica('a').openCount).toBe(1);
});
