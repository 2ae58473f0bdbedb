import { OperatingError } from '@plumb/base';
import { expect, test } from 'vitest';
import { createWorld, type World } from '../test/replicas.ts';

const outcome = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);
const run = (world: World, { idempotent = false, timeoutMs = 10_000 } = {}): Promise<unknown> =>
  outcome(world.connection.call('tasks.run', [], { timeoutMs, idempotent }));

/** Twenty calls under way, half of them on each of two replicas. */
async function startCalls(world: World, options: { readonly idempotent: boolean }): Promise<Promise<unknown>[]> {
  await world.list('a', 'b');
  for (const id of ['a', 'b']) world.replica(id).delayMs = 100;
  const calls = Array.from({ length: 20 }, () => run(world, options));
  await world.clock.advance(1);
  return calls;
}

test('an idempotent call whose connection is lost is made again elsewhere', async () => {
  using world = createWorld();
  const calls = await startCalls(world, { idempotent: true });
  const onA = world.replica('a').callCount;
  world.replica('a').refusal = new OperatingError('unavailable', 'down');
  world.replica('a').cut();
  await world.clock.advance(300);
  expect(new Set(await Promise.all(calls))).toEqual(new Set(['b']));
  expect(world.replica('b').callCount).toBe(20);
  expect(onA).toBeGreaterThan(5);
});

test('any other call whose connection is lost fails with unavailable and runs once', async () => {
  using world = createWorld();
  const calls = await startCalls(world, { idempotent: false });
  const [onA, onB] = ['a', 'b'].map((id) => world.replica(id).callCount);
  world.replica('a').cut();
  await world.clock.advance(300);
  const results = await Promise.all(calls);
  expect(results.filter((result) => result === 'b')).toHaveLength(onB ?? 0);
  const failed = results.filter((result) => result instanceof OperatingError);
  expect(failed).toHaveLength(onA ?? 0);
  for (const error of failed) expect(error).toMatchObject({ code: 'unavailable' });
  expect(world.replica('a').callCount + world.replica('b').callCount).toBe(20);
});

test('an idempotent call that is answered with unavailable is made again elsewhere, and no other call', async () => {
  using world = createWorld();
  await world.list('a', 'b');
  const a = world.replica('a');
  a.failure = new OperatingError('unavailable', 'its database is away');
  for (let i = 0; i < 4; i += 1) expect(await run(world, { idempotent: true })).toBe('b');
  const before = a.callCount;
  const results = await Promise.all(Array.from({ length: 8 }, () => run(world)));
  expect(results.filter((result) => result instanceof OperatingError)).toHaveLength(a.callCount - before);
  expect(a.callCount - before).toBeGreaterThan(0);
});

test('an idempotent call that all replicas refuse ends with the last refusal, after each was tried once', async () => {
  using world = createWorld();
  await world.list('a', 'b', 'c');
  for (const id of ['a', 'b', 'c']) world.replica(id).failure = new OperatingError('unavailable', `${id} is full`);
  expect(await run(world, { idempotent: true })).toMatchObject({ code: 'unavailable' });
  expect(['a', 'b', 'c'].map((id) => world.replica(id).callCount)).toEqual([1, 1, 1]);
});

test('an idempotent call that loses its only replica waits for it to come back, within its deadline', async () => {
  using world = createWorld();
  await world.list('a');
  const a = world.replica('a');
  a.delayMs = 100;
  const [patient, hasty] = [
    run(world, { idempotent: true }),
    run(world, { idempotent: true, timeoutMs: 1_000 }),
  ] as const;
  await world.clock.advance(1);
  a.refusal = new OperatingError('unavailable', 'down');
  a.cut();
  await world.clock.advance(1_000);
  expect(await hasty).toMatchObject({ code: 'deadline', message: expect.stringContaining('none of 1 instances') });
  a.refusal = undefined;
  await world.clock.advance(3_000);
  expect(await patient).toBe('a');
});
