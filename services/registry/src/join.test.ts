import { OperatingError } from '@plumb/base';
import { openMemoryKv } from '@plumb/kv';
import { createFakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import { declare } from '../test/declare.ts';
import { ADDRESS, idsOf, KEY, openWorld, type World } from '../test/registry-world.ts';
import type { Instance, Registered, RegistryClient, Service } from './index.ts';

/** Joins, and resolves with the answer; the stream stays open until `leave`, or the loss of the connection. */
async function join(
  registry: RegistryClient,
  extra: Partial<Parameters<RegistryClient['join']>[0]> = {},
): Promise<{ readonly registered: Registered; readonly leave: () => Promise<void> }> {
  const stream = registry.join({ service: 'shop-web', ...ADDRESS, ...extra })[Symbol.asyncIterator]();
  const first = await stream.next();
  if (first.done === true) throw new Error('the stream ended');
  return { registered: first.value, leave: async () => void (await stream.return?.()) };
}

async function openShop(options: Parameters<typeof openWorld>[0] = {}): Promise<World> {
  const world = await openWorld(options);
  await declare(world, 'shop', { web: ['ledger-api'] });
  await declare(world, 'ledger', { api: [] });
  return world;
}

async function only(registry: RegistryClient): Promise<Instance> {
  const { instances } = await registry.resolve({ service: 'shop-web', includeUnready: true });
  expect(instances).toHaveLength(1);
  return instances[0]!;
}

test('one that joined stays as long as its connection, and leaves a grace after its loss', async () => {
  await using world = await openShop();
  const { registry, clock } = world;
  const process = world.as('shop');
  const { registered } = await join(process, { instanceId: 'shop-1' });
  expect(registered).toEqual({ instanceId: 'shop-1', peers: [{ service: 'ledger-api', instances: [] }] });
  await clock.advance(3_600_000);
  expect(await idsOf(registry)).toEqual(['shop-1']);

  process[Symbol.dispose]();
  await clock.advance(700);
  expect(await idsOf(registry)).toEqual(['shop-1']);
  await clock.advance(200);
  expect(await idsOf(registry)).toEqual([]);
});

test('one that joins again within the grace was never absent, and the end of the first connection takes nothing with it', async () => {
  await using world = await openShop();
  const { registry, clock } = world;
  const stop = new AbortController();
  const events = registry.watchService({ service: 'shop-web' }, { signal: stop.signal })[Symbol.asyncIterator]();
  expect((await events.next()).value).toMatchObject({ kind: 'snapshot', instances: [] });
  const first = world.as('shop');
  await join(first, { instanceId: 'shop-1' });
  expect((await events.next()).value).toMatchObject({ instances: [{ id: 'shop-1' }] });
  const second = world.as('shop');
  await join(second, { instanceId: 'shop-1' });
  first[Symbol.dispose]();
  await clock.advance(60_000);
  expect(await idsOf(registry)).toEqual(['shop-1']);

  second[Symbol.dispose]();
  await clock.advance(500);
  const third = world.as('shop');
  await join(third, { instanceId: 'shop-1', port: 5_000 });
  expect((await events.next()).value).toMatchObject({ instances: [{ port: 5_000 }], removed: [] });
  await clock.advance(60_000);
  expect(await idsOf(registry)).toEqual(['shop-1']);
  stop.abort();
});

test('it takes over what its supervisor said of it: its own address and key count, and it is ready when both say so', async () => {
  await using world = await openShop();
  const { registry, clock } = world;
  const starting = { state: 'starting', reason: 'it has just started', sinceAt: 1 } as const;
  const registration = { service: 'shop-web', ...ADDRESS, instanceId: 'shop-1', release: 'r7' };
  await registry.register({ ...registration, keptBy: 'supervisor', health: starting });
  const before = await only(registry);
  await clock.advance(1_000);
  const process = world.as('shop');
  await join(process, { instanceId: 'shop-1', port: 4_444, publicKey: KEY });
  expect(await only(registry)).toEqual({ ...before, port: 4_444, publicKey: KEY });

  await registry.reportHealth({ instanceId: 'shop-1', health: { state: 'ready', sinceAt: 2 } });
  expect(await only(registry)).toMatchObject({ health: { state: 'ready' } });
  await process.reportHealth({ instanceId: 'shop-1', health: { state: 'unready', reason: 'full', sinceAt: 3 } });
  expect(await only(registry)).toMatchObject({ health: { state: 'unready', reason: 'full' } });

  // Its supervisor goes on vouching for it when its connection is lost, with what it knows.
  process[Symbol.dispose]();
  for (let i = 0; i < 4; i += 1) {
    await registry.keepAlive({ instanceId: 'shop-1' });
    await clock.advance(5_000);
  }
  expect(await only(registry)).toMatchObject({ port: ADDRESS.port, health: { state: 'ready' } });
  await registry.deregister({ instanceId: 'shop-1' });
  expect(await idsOf(registry)).toEqual([]);
});

test('one that says that it leaves is not brought back by its supervisor', async () => {
  await using world = await openShop();
  const { registry, clock } = world;
  await registry.register({ service: 'shop-web', ...ADDRESS, instanceId: 'shop-1', keptBy: 'supervisor' });
  const process = world.as('shop');
  const { leave } = await join(process, { instanceId: 'shop-1' });
  await process.deregister({ instanceId: 'shop-1' });
  await leave();
  expect(await idsOf(registry)).toEqual([]);
  await registry.keepAlive({ instanceId: 'shop-1' });
  await registry.reportHealth({ instanceId: 'shop-1', health: { state: 'unready', reason: 'it ends', sinceAt: 3 } });
  await clock.advance(2_000);
  expect(await idsOf(registry)).toEqual([]);
  await registry.deregister({ instanceId: 'shop-1' });
  await expect(registry.keepAlive({ instanceId: 'shop-1' })).rejects.toMatchObject({ code: 'not-found' });
});

test('nobody joins as somebody else, and only in the name of its own application', async () => {
  await using world = await openShop();
  await join(world.as('shop'), { instanceId: 'shop-1' });
  await expect(join(world.as('shop', 'shop-2'), { instanceId: 'shop-1' })).rejects.toMatchObject({ code: 'denied' });
  await expect(join(world.as('ledger'), { instanceId: 'x' })).rejects.toMatchObject({ code: 'denied' });
  await expect(join(world.as('shop'), { service: 'shop-wep' })).rejects.toThrow('did you mean "shop-web"?');
});

test('it is handed its configuration and the ready peers that it declared to need, those nearest first', async () => {
  const config = { revision: 7, values: { title: 'Shop' } };
  await using world = await openShop({
    readConfig: async (name) => ({ ...config, values: { ...config.values, name } }),
  });
  const { registry } = world;
  const peer = { service: 'ledger-api', ...ADDRESS };
  await registry.register({ ...peer, instanceId: 'far', host: 'there', publicKey: KEY });
  await registry.register({ ...peer, instanceId: 'near' });
  await registry.register({ ...peer, instanceId: 'sick', health: { state: 'unready', sinceAt: 1 } });
  const { registered } = await join(world.as('shop'));
  expect(registered.config).toEqual({ revision: 7, values: { title: 'Shop', name: 'shop' } });
  expect(registered.peers.map(({ service, instances }) => [service, instances.map(({ id }) => id)])).toEqual([
    ['ledger-api', ['near', 'far']],
  ]);
  expect(registered.peers[0]?.instances[1]).toMatchObject({ publicKey: KEY, host: 'there' });
  expect(await registry.briefing({ application: 'shop', component: 'web' })).toEqual({
    config: { revision: 7, values: { title: 'Shop', name: 'shop' } },
    peers: registered.peers,
  });
  const token = world.connect({ id: 'ci', scopes: ['registry:register'] });
  expect(await token.register({ service: 'shop-web', ...ADDRESS })).not.toHaveProperty('config');
});

test('its configuration is read as it, where it is', async () => {
  const asked: unknown[] = [];
  await using world = await openShop({
    readConfig: async (application, { caller: { id }, coordinates }) => {
      asked.push([application, id, coordinates]);
      return { revision: 1, values: {} };
    },
  });
  const coordinates = { environment: 'live', region: 'eu' };
  await join(world.as('shop'), { coordinates });
  const own = world.as('shop', 'shop-2');
  await Promise.all([own, own].map((client) => client.briefing({ application: 'shop', coordinates })));
  await world.as('shop', 'shop-3').briefing({ application: 'shop' });
  expect(asked).toEqual([
    ['shop', 'shop-1', coordinates],
    ['shop', 'shop-2', coordinates],
    ['shop', 'shop-3', {}],
  ]);
});

test('a configuration that cannot be read keeps nobody from announcing itself', async () => {
  const readConfig = (): Promise<never> => Promise.reject(new OperatingError('unavailable', 'the disk is away'));
  await using world = await openShop({ readConfig });
  const { registered } = await join(world.as('shop'));
  expect(registered).not.toHaveProperty('config');
  expect(await idsOf(world.registry)).toHaveLength(1);
});

test('a service that nobody declared is announced with its application, and goes when another declares the name', async () => {
  await using world = await openShop();
  const { registry } = world;
  await registry.register({ service: 'legacy', ...ADDRESS, application: 'legacy', instanceId: 'l1' });
  expect(await idsOf(registry, 'legacy')).toEqual(['l1']);
  await expect(world.as('shop').register({ service: 'old', ...ADDRESS, application: 'old' })).rejects.toMatchObject({
    code: 'denied',
  });
  const own: Service = {
    name: 'legacy',
    application: 'shop',
    component: 'web',
    kind: 'process',
    protocol: 'tcp',
    needs: [],
  };
  const application = { name: 'shop', environment: 'default', release: 'r2', declaredAt: 2 };
  await registry.declare({ application, services: [own] });
  expect(await idsOf(registry, 'legacy')).toEqual([]);
  await expect(registry.keepAlive({ instanceId: 'l1' })).rejects.toMatchObject({ code: 'not-found' });
});

test('an instance that nobody ends is for those who may write the dictionary', async () => {
  await using world = await openShop();
  const input = { service: 'shop-web', ...ADDRESS, instanceId: 'p', keptBy: 'nobody' } as const;
  await expect(world.as('shop').register(input)).rejects.toMatchObject({ code: 'denied' });
  expect(await world.registry.register(input)).not.toHaveProperty('leaseMs');
  await world.clock.advance(86_400_000);
  expect(await idsOf(world.registry)).toEqual(['p']);
});

test('a lease that is over when the disk is full ends when there is room again', async () => {
  const clock = createFakeClock();
  await using kv = await openMemoryKv({ clock });
  let isFull = false;
  const full: typeof kv = {
    ...kv,
    transact: async (...words) => {
      if (isFull) throw new OperatingError('exhausted', 'the disk is full');
      return kv.transact(...words);
    },
  };
  await using world = await openShop({ kv: full, clock });
  await world.registry.register({ service: 'shop-web', ...ADDRESS });
  isFull = true;
  await clock.advance(15_000);
  expect(await idsOf(world.registry)).toHaveLength(1);
  isFull = false;
  await clock.advance(2_000);
  expect(await idsOf(world.registry)).toEqual([]);
});

test('an id that moves to another service leaves the first', async () => {
  await using world = await openShop();
  const { registry } = world;
  await registry.register({ service: 'shop-web', ...ADDRESS, instanceId: 'x' });
  await registry.register({ service: 'ledger-api', ...ADDRESS, instanceId: 'x' });
  expect([await idsOf(registry), await idsOf(registry, 'ledger-api')]).toEqual([[], ['x']]);
});
