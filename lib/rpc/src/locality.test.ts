// Goal: calls stay near while near instances can take them, and are answered all the same while they cannot.
import { OperatingError } from '@plumb/base';
import { expect, test } from 'vitest';
import { createWorld, type World } from '../test/replicas.ts';
import { type Endpoint, ENDPOINTS_MAX } from './index.ts';

const at = (id: string, distance: number): Endpoint => ({ id, address: `mem://${id}`, distance });
const run = (world: World): Promise<unknown> => world.connection.call('tasks.run', [], { timeoutMs: 10_000 });

/** Who answered so many calls, how often. */
async function answers(world: World, count: number): Promise<Record<string, number>> {
  const ids = await Promise.all(Array.from({ length: count }, () => run(world)));
  const counts: Record<string, number> = {};
  for (const id of ids) counts[String(id)] = (counts[String(id)] ?? 0) + 1;
  return counts;
}

test('calls and streams go to the nearest, and to each of them', async () => {
  using world = createWorld();
  await world.list(at('far', 2), at('host-1', 0), at('zone', 1), at('host-2', 0));
  const counts = await answers(world, 20);
  expect(Object.keys(counts).toSorted()).toEqual(['host-1', 'host-2']);
  const streams = Array.from({ length: 4 }, () => world.connection.stream('tasks.watch', [])[Symbol.asyncIterator]());
  for (const stream of streams) await stream.next();
  expect(world.connection.state().map(({ id, distance, streamCount }) => `${id} ${distance} ${streamCount}`)).toEqual([
    'far 2 0',
    'host-1 0 2',
    'zone 1 0',
    'host-2 0 2',
  ]);
  for (const stream of streams) await stream.return?.();
});

test('one that is lost, busy or failing is passed over for the next in distance, until it is well again', async () => {
  using world = createWorld();
  await world.list(at('far', 2), at('host', 0), at('zone', 1));
  const [host, zone] = [world.replica('host'), world.replica('zone')];
  host.isBusy = true;
  expect(await answers(world, 5)).toEqual({ zone: 5 });
  zone.refusal = new OperatingError('unavailable', 'nobody listens');
  zone.cut();
  await world.clock.advance(0);
  expect(await answers(world, 5)).toEqual({ far: 5 });
  host.isBusy = false;
  expect(await answers(world, 5)).toEqual({ host: 5 });

  host.failure = new OperatingError('internal', 'a bug');
  for (let i = 0; i < 5; i += 1) await run(world).catch(() => undefined);
  expect(world.stateOf('host')).toBe('ejected');
  expect(await answers(world, 5)).toEqual({ far: 5 });
  host.failure = undefined;
  await world.clock.advance(2_000);
  await run(world);
  expect(await answers(world, 5)).toEqual({ host: 5 });
});

test('a call that a near one did not take is made at a farther one', async () => {
  using world = createWorld();
  await world.list(at('host', 0), at('far', 2));
  world.replica('host').failure = new OperatingError('unavailable', 'it starts');
  expect(await world.connection.call('tasks.run', [], { idempotent: true, timeoutMs: 10_000 })).toBe('far');
});

test('a near one with much more to do shares with farther ones', async () => {
  using world = createWorld();
  await world.list(at('host', 0), at('far', 2));
  for (const id of ['host', 'far']) world.replica(id).delayMs = 100;
  const few = answers(world, 32);
  await world.clock.advance(100);
  expect(await few).toEqual({ host: 32 });
  const many = answers(world, 300);
  await world.clock.advance(100);
  const { host = 0, far = 0 } = await many;
  expect(host).toBeGreaterThan(far);
  expect(far).toBeGreaterThan(80);
});

test('what is nearer counts from the list on that says so, without a new connection', async () => {
  using world = createWorld();
  await world.list(at('a', 0), at('b', 2));
  expect(await answers(world, 5)).toEqual({ a: 5 });
  await world.list(at('a', 2), at('b', 0));
  expect(await answers(world, 5)).toEqual({ b: 5 });
  expect([world.replica('a').openCount, world.replica('b').openCount]).toEqual([1, 1]);
});

test('of a long list the near ones are taken, and some farther ones in case these are lost together', async () => {
  using world = createWorld();
  const far = Array.from({ length: 100 }, (_, i) => at(`far-${i}`, 2));
  await world.list(...far);
  expect(world.connection.state()).toHaveLength(ENDPOINTS_MAX);

  const near = Array.from({ length: 100 }, (_, i) => at(`near-${i}`, 0));
  await world.list(...far, ...near);
  const open = world.connection.state().filter(({ state }) => state === 'open');
  expect(open.filter(({ id }) => id.startsWith('near'))).toHaveLength(24);
  expect(open.filter(({ id }) => id.startsWith('far'))).toHaveLength(8);
  // Those that are connected are kept, whatever order the list has.
  await world.list(...near.toReversed(), ...far);
  expect(world.connection.state().map(({ id }) => id)).toEqual(expect.arrayContaining(open.map(({ id }) => id)));
  for (const { id } of near) world.replica(id).refusal = new OperatingError('unavailable', 'the zone is dark');
  for (const { id } of near) world.replica(id).cut();
  await world.clock.advance(0);
  expect(Object.keys(await answers(world, 20)).every((id) => id.startsWith('far'))).toBe(true);
});
