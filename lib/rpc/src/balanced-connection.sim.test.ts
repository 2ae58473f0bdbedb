import { OperatingError, type Random, randomInteger, seededRandom } from '@plumb/base';
import { expect, test } from 'vitest';
import { createWorld, type World } from '../test/replicas.ts';

const IN_FLIGHT = 64;
const TROUBLED_IN_FLIGHT = 16;
/** More with `SIM_ROUNDS=500`; one alone with `SEED=17 SIM_ROUNDS=1`. */
const ROUNDS = Number(process.env['SIM_ROUNDS'] ?? 8);
const FIRST_SEED = Number(process.env['SEED'] ?? 1);
const ids = ['a', 'b', 'c', 'd', 'e'] as const;

type Load = { readonly results: unknown[]; readonly stop: () => Promise<void> };

/** Callers that each make one call after the other. */
function startLoad(world: World, inFlight = IN_FLIGHT): Load {
  const timeoutMs = 2_000;
  const results: unknown[] = [];
  let isStopped = false;
  const callers = Array.from({ length: inFlight }, async () => {
    while (!isStopped) {
      const result = world.connection.call('tasks.run', [], { timeoutMs }).catch((error: unknown) => error);
      results.push(await result);
    }
  });
  return {
    results,
    async stop() {
      isStopped = true;
      await world.clock.advance(timeoutMs + 1);
      await Promise.all(callers);
    },
  };
}

const countOf = (world: World, id: string): number => world.replica(id).callCount;

test('under load equal replicas get equal parts, within a tenth', async () => {
  for (const seed of [1, 2]) {
    using world = createWorld({ seed });
    for (const id of ids) world.replica(id).delayMs = 10;
    await world.list(...ids);
    const load = startLoad(world);
    await world.clock.advance(1_000);
    await load.stop();
    const counts = ids.map((id) => countOf(world, id));
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    for (const count of counts)
      expect(Math.abs(count - mean) / mean, `seed ${seed}: ${counts.join(' ')}`).toBeLessThan(0.1);
    expect(new Set(load.results)).toEqual(new Set(ids));
  }
});

test('a replica that is ten times as slow gets about a tenth of what another gets', async () => {
  using world = createWorld();
  for (const id of ids) world.replica(id).delayMs = id === 'a' ? 100 : 10;
  await world.list(...ids);
  const load = startLoad(world);
  await world.clock.advance(1_000);
  await load.stop();
  const share = countOf(world, 'a') / countOf(world, 'b');
  expect(share).toBeGreaterThan(0.02);
  expect(share).toBeLessThan(0.2);
});

test('one call after the other also reaches all, and a slow one less', async () => {
  using world = createWorld();
  for (const id of ids) world.replica(id).delayMs = id === 'a' ? 100 : 10;
  await world.list(...ids);
  for (let i = 0; i < 500; i += 1) {
    const call = world.connection.call('tasks.run', []);
    await world.clock.advance(100);
    await call;
  }
  for (const id of ids.slice(1)) expect(countOf(world, id)).toBeGreaterThan(80);
  expect(countOf(world, 'a')).toBeGreaterThan(1);
  expect(countOf(world, 'a')).toBeLessThan(40);
});

// Goal: whatever happens to the replicas and to the list, every call is answered by its deadline, and when the trouble
// is over all of them are in use again. Method: random troubles under load, on a clock that is moved; the seed is shown.
test('after any troubles every call has ended, and every replica of the list is open and used', async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed += 1) {
    using world = createWorld({ seed });
    const random = seededRandom(seed * 7_919);
    for (const id of ids) world.replica(id).delayMs = 20;
    await world.list(...ids);
    const load = startLoad(world, TROUBLED_IN_FLIGHT);
    for (let step = 0; step < 40; step += 1) {
      await trouble(world, random);
      await world.clock.advance(randomInteger(random, 1, 400));
    }
    await load.stop();
    await calm(world);
    expect(
      world.connection.state().map(({ id, state }) => `${id} ${state}`),
      `seed ${seed}`,
    ).toEqual(ids.map((id) => `${id} open`));
    for (const id of ids) world.replica(id).callCount = 0;
    const good = startLoad(world);
    await world.clock.advance(500);
    await good.stop();
    for (const id of ids) expect(countOf(world, id), `seed ${seed}`).toBeGreaterThan(50);
    expect(new Set(good.results), `seed ${seed}`).toEqual(new Set(ids));
    expect(world.connection.state().every(({ inFlight }) => inFlight === 0)).toBe(true);
  }
});

const down = new OperatingError('unavailable', 'down');

async function trouble(world: World, random: Random): Promise<void> {
  const replica = world.replica(ids[randomInteger(random, 0, ids.length - 1)] ?? 'a');
  const troubles: readonly (() => void | Promise<void>)[] = [
    () => replica.cut(),
    () => {
      replica.refusal = down;
      replica.cut();
    },
    () => void (replica.refusal = undefined),
    () => void (replica.failure = new OperatingError('internal', 'a bug')),
    () => void (replica.failure = undefined),
    () => void (replica.isBusy = random.float() < 0.5),
    () => void (replica.delayMs = randomInteger(random, 5, 3_000)),
    () => world.list(...ids.filter(() => random.float() < 0.6)),
    () => world.list(...ids),
    () => world.list(),
    () => world.breakResolver(down),
  ];
  await troubles[randomInteger(random, 0, troubles.length - 1)]?.();
}

async function calm(world: World): Promise<void> {
  for (const id of ids)
    Object.assign(world.replica(id), { failure: undefined, refusal: undefined, isBusy: false, delayMs: 20 });
  // A resolver that just failed is asked again within 5 s, and those that are ejected get their next call within 60 s.
  await world.clock.advance(10_000);
  await world.list();
  await world.list(...ids);
  for (let i = 0; i < 130; i += 1) {
    const call = world.connection.call('tasks.run', []);
    await world.clock.advance(1_000);
    await call;
  }
}
