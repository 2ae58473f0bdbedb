import { createCollection, type Kv } from '@plumb/kv';
import { until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { APPLICATION, openRolloutWorld as openWorld } from '../test/rollout-world.ts';

const GATE = { query: 'errors', max: 1 };
const at = { application: APPLICATION } as const;

test('it goes from a twentieth to everybody while its gate is good, and is then a change like any other', async () => {
  await using world = await openWorld(200);
  const { fleet } = world;
  const reached = new Set<number>();
  const { id } = await world.start({ gate: GATE, holdMs: 5_000, comment: 'spring' });
  await world.pass('it is done', async () => {
    reached.add(fleet.having('new').length);
    return (await world.latest())?.state === 'done';
  });
  expect([...reached].filter((count) => count > 0)).toEqual([10, 50, 100, 200]);
  await until('everybody has it', () => fleet.having('new').length === 200);
  for (const { seen } of fleet.instances) expect(seen).toEqual(['old', 'new']);
  expect(await world.config().get({ ...at, key: 'title' })).toMatchObject({ author: 'ada', comment: 'spring' });
  await world.pass('it is in the journal', () => world.journal.length > 0);
  expect(world.journal).toEqual([
    `shop: the rollout ${id} of title is done, everybody has it: good for 5000 ms: 0 is within its bounds`,
  ]);
});

test('a bad value reaches a twentieth of two hundred readers at most, and is taken back within ten seconds of the sign', async () => {
  await using world = await openWorld(200);
  const { fleet, clock } = world;
  const { id, instances } = await world.start({ gate: GATE, holdMs: 60_000 });
  await until('the first have it', () => fleet.having('new').length === 10);
  await clock.advance(20_000);
  expect(fleet.having('new')).toEqual(instances.toSorted());
  world.gate = 2.5;
  const badAt = clock.now();
  await world.pass('it is taken back', () => fleet.having('new').length === 0);
  expect(clock.now() - badAt).toBeLessThanOrEqual(10_000);
  expect(await world.latest()).toMatchObject({ state: 'reverted', reason: 'errors: 2.5 is over 1', instances: [] });
  const touched = fleet.instances.filter(({ seen }) => seen.includes('new'));
  expect(touched).toHaveLength(10);
  for (const { seen } of touched) expect(seen).toEqual(['old', 'new', 'old']);
  await world.pass('it is in the journal', () => world.journal.length > 0);
  expect(world.journal).toEqual([
    `shop: the rollout ${id} of title was taken back from the 10 instances that had it: errors: 2.5 is over 1`,
  ]);
  expect(await world.config().get({ ...at, key: 'title' })).toMatchObject({ value: 'old' });
});

test('a gate that cannot be read holds it, and it goes on when it can', async () => {
  await using world = await openWorld(20);
  world.gate = undefined;
  await world.start({ gate: GATE, holdMs: 2_000, stages: [{ percent: 50 }] });
  await world.passUntil('held', 'the query gives no number');
  world.gate = new Error('metrics are away');
  await world.passUntil('held', 'metrics are away');
  await world.clock.advance(60_000);
  expect(world.fleet.having('new')).toHaveLength(10);
  world.gate = 1;
  await world.passUntil('done');
});

test('a query that hangs is unknown, and holds nobody up', async () => {
  await using world = await openWorld(4);
  const { id } = await world.start({ gate: GATE, holdMs: 60_000 });
  world.gate = new Promise<number>(() => undefined);
  await world.passUntil('held', 'no answer within 3000 ms');
  await world.config().revertRollout({ id, comment: 'no use' });
  expect(await world.latest()).toMatchObject({ state: 'reverted', reason: 'ada: no use' });
});

test('a restart in any stage goes on with the same members, who keep the new value', async () => {
  await using world = await openWorld(40);
  const { id, instances } = await world.start({ stages: [{ percent: 25 }, { percent: 100 }] });
  await until('they have it', () => world.fleet.having('new').length === 10);
  await world.restart();
  await until('all are back', () => world.fleet.having('old').length === 30);
  expect(world.fleet.having('new')).toEqual(instances.toSorted());
  await world.passUntil('held', 'waits for a person');
  await world.config().widenRollout({ id });
  await until('all have it', () => world.fleet.having('new').length === 40);
  await world.restart();
  await world.config().widenRollout({ id });
  expect(await world.latest()).toMatchObject({ state: 'done', reason: 'ada: widened by ada' });
  await until('all have it', () => world.fleet.having('new').length === 40);
  await expect(world.config().widenRollout({ id })).rejects.toMatchObject({ code: 'conflict' });
  await expect(world.config().revertRollout({ id })).rejects.toMatchObject({ code: 'conflict' });
});

test('who joins gets it only where the percentage allows, and who leaves makes no room', async () => {
  await using world = await openWorld(20);
  const { fleet, clock } = world;
  await world.start({ stages: [{ percent: 10 }], holdMs: 3_600_000 });
  await until('two have it', () => fleet.having('new').length === 2);
  for (let i = 20; i < 29; i += 1) fleet.join(`shop-${i}`);
  await clock.advance(5_000);
  expect(fleet.having('new')).toHaveLength(2);
  fleet.join('shop-29');
  await world.pass('a third one gets it', () => fleet.having('new').length === 3);
  const [gone] = fleet.having('new');
  await fleet.instances.find(({ instance }) => instance === gone)?.leave();
  await clock.advance(5_000);
  expect(fleet.having('new')).toHaveLength(2);
});

test('an instance that is not seen to run the new value holds the rollout', async () => {
  await using world = await openWorld(2);
  await world.start({ stages: [{ percent: 100 }], holdMs: 60_000 });
  await until('both have it', () => world.fleet.having('new').length === 2);
  // The digest of other values than those it was sent.
  const report = { ...at, instance: 'shop-1', revision: 1e9, digest: '0'.repeat(32) };
  await world.asProcess('shop-1').report(report);
  await world.passUntil('held');
  expect((await world.latest())?.reason).toBe('not seen to run it yet: shop-1');
  const { instances } = await world.config().convergence(at);
  expect(instances.map(({ instance, isConverged }) => [instance, isConverged])).toEqual([
    ['shop-0', true],
    ['shop-1', false],
  ]);
});

test('it reaches those in its layers only, and a percentage is one of them', async () => {
  await using world = await openWorld(10);
  for (let i = 0; i < 10; i += 1) world.fleet.join(`eu-${i}`, { environment: 'live', region: 'eu' });
  await until('they are there', () => world.fleet.having('old').length === 20);
  const changes = [{ key: 'title', layer: 'env:live', value: 'new' }];
  const { instances } = await world.start({ changes, stages: [{ percent: 50 }] });
  expect(instances).toHaveLength(5);
  for (const instance of instances) expect(instance).toMatch(/^eu-/);
  await until('they have it', () => world.fleet.having('new').length === 5);
});

test('convergence proves who runs what: each its own values, members those of the rollout', async () => {
  await using world = await openWorld(10);
  const { id } = await world.start({ stages: [{ instances: 2 }] });
  const proven = async (): Promise<{
    readonly converged: number;
    readonly members: number;
    readonly digests: number;
  }> => {
    const { instances } = await world.config().convergence(at);
    return {
      converged: instances.filter(({ isConverged }) => isConverged).length,
      members: instances.filter(({ rollout }) => rollout === id).length,
      digests: new Set(instances.map(({ digest }) => digest)).size,
    };
  };
  await until('all are converged', async () => (await proven()).converged === 10);
  expect(await proven()).toEqual({ converged: 10, members: 2, digests: 2 });
  await world.config().revertRollout({ id });
  await until('all are converged again', async () => (await proven()).converged === 10);
  expect(await proven()).toEqual({ converged: 10, members: 0, digests: 1 });
});

test('while it runs, its keys cannot be changed otherwise, and no other one can begin', async () => {
  await using world = await openWorld(3);
  const { id } = await world.start({ changes: [{ key: 'mail.host', value: 'x' }] });
  const set = (key: string): Promise<unknown> => world.config().set({ ...at, key, value: 1 });
  for (const key of ['mail.host', 'mail', 'mail.host.name']) await expect(set(key)).rejects.toThrow(id);
  await set('mail.port');
  await expect(world.start()).rejects.toMatchObject({ code: 'already-exists', details: { rollout: id } });
});

test('what no longer fits when it is to go on waits for a person, with the reason, and can be taken back', async () => {
  let store: Kv | undefined;
  await using world = await openWorld(2, { wrap: (kv) => (store = kv) });
  const { id } = await world.start({ stages: [{ percent: 100 }], holdMs: 5_000, changes: [{ key: 'title' }] });
  await until('it is unset for both', () => world.fleet.instances.every(({ values }) => values.size === 0));
  // The door refuses such a schema while the rollout runs; another process may have set it at the same time.
  const schema = { type: 'object', required: ['title'] };
  await expect(world.config().setSchema({ ...at, schema })).rejects.toThrow('shop.title must have a value');
  const record = { schema: JSON.stringify(schema), author: 'ada', at: 0 };
  if (store !== undefined) await createCollection(store, 'config/schema/').put(APPLICATION, record);
  await world.passUntil('held', 'it cannot go on: shop.title');
  await world.config().revertRollout({ id });
  await until('both have the old value', () => world.fleet.having('old').length === 2);
});

test('what cannot be begun is refused with the reason, and nothing is changed', async () => {
  await using world = await openWorld(3);
  const check = (input: Parameters<typeof world.start>[0], code: string): Promise<void> =>
    expect(world.start(input)).rejects.toMatchObject({ code });
  await check({ changes: [{ key: 'title', value: 'old' }] }, 'invalid');
  await check({ changes: [{ key: 'title', value: { a: 1 } }] }, 'invalid');
  await check({ changes: [{ key: 'title.x', value: 1 }] }, 'invalid');
  await check({ stages: [{ percent: 50 }, { percent: 20 }] }, 'invalid');
  await world.config().protect({ ...at, environment: 'live', isProtected: true });
  await check({}, 'denied');
  await world.config().protect({ ...at, environment: 'live', isProtected: false });
  world.gate = 5;
  await check({ gate: GATE }, 'conflict');
  expect(await world.latest()).toBeUndefined();
  expect(world.fleet.having('old')).toHaveLength(3);
  await expect(world.asProcess('shop-1').startRollout({ ...at, changes: [{ key: 'a', value: 1 }] })).rejects.toThrow();
});
