import { OperatingError, silentLog } from '@plumb/base';
import { openMemoryKv } from '@plumb/kv';
import { connectInProcess, type Endpoint } from '@plumb/rpc';
import { createFakeClock, type FakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import { type Place, type RegistryClient, registryContract, registryResolver } from './index.ts';
import { openRegistry } from './server.ts';

const KEY = 'rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7';

type World = AsyncDisposable & {
  readonly registry: RegistryClient;
  readonly clock: FakeClock;
  /** The next list of the endpoints of `shop-web`; undefined when there are no more. */
  readonly next: () => Promise<readonly Endpoint[] | undefined>;
};

async function openWorld(near?: Place): Promise<World> {
  await using opening = new AsyncDisposableStack();
  const clock = createFakeClock();
  const kv = opening.use(await openMemoryKv({ clock }));
  const { handlers } = opening.use(await openRegistry({ kv, clock, log: silentLog, hostName: 'here' }));
  const registry = opening.use(connectInProcess(registryContract, handlers, { id: 'ada', scopes: ['*'] }));
  const stop = new AbortController();
  opening.defer(() => stop.abort());
  const lists = registryResolver(registry, near)('shop-web', stop.signal)[Symbol.asyncIterator]();
  const open = opening.move();
  return {
    registry,
    clock,
    next: async () => {
      const { value, done } = await lists.next();
      return done === true ? undefined : value;
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

async function declare(registry: RegistryClient, ...components: readonly string[]): Promise<void> {
  await registry.declare({
    application: { name: 'shop', environment: 'default', release: 'r1', declaredAt: 1 },
    services: components.map((component) => ({
      name: `shop-${component}`,
      application: 'shop',
      component,
      kind: 'process',
      protocol: 'tcp',
      needs: [],
    })),
  });
}

test('the ready instances with their keys, and the whole list again after each change', async () => {
  await using world = await openWorld();
  const { registry } = world;
  await declare(registry, 'web', 'other');
  await registry.register({ service: 'shop-web', address: '127.0.0.1', port: 4000, instanceId: 'w1', publicKey: KEY });
  const first = { id: 'w1', address: 'tcp://127.0.0.1:4000', serverKey: KEY };
  expect(await world.next()).toEqual([first]);

  await registry.register({ service: 'shop-other', address: '127.0.0.1', port: 4001 });
  await registry.register({ service: 'shop-web', address: '::1', port: 4002, instanceId: 'w2' });
  const second = { id: 'w2', address: 'tcp://[::1]:4002' };
  expect(await world.next()).toEqual([first, second]);

  await registry.reportHealth({ instanceId: 'w1', health: { state: 'unready', reason: 'full', sinceAt: 1 } });
  expect(await world.next()).toEqual([second]);
  await registry.reportHealth({ instanceId: 'w1', health: { state: 'ready', sinceAt: 2 } });
  expect(await world.next()).toEqual([first, second]);

  await registry.deregister({ instanceId: 'w2' });
  expect(await world.next()).toEqual([first]);
});

test('with a place, each comes with its distance: those of the host, those of the zone, the others', async () => {
  await using world = await openWorld({ host: 'h1', zone: 'eu' });
  const { registry, clock } = world;
  await declare(registry, 'web');
  for (const [instanceId, host, zone] of [
    ['far', 'h3', 'us'],
    ['nowhere', 'h4', undefined],
    ['zone', 'h2', 'eu'],
    ['host', 'h1', undefined],
  ] as const) {
    await registry.register({ service: 'shop-web', address: '127.0.0.1', port: 4000, instanceId, host, zone });
    await clock.advance(1);
  }
  const list = await world.next();
  expect(list?.map(({ id, distance }) => `${id} ${distance}`)).toEqual(['host 0', 'zone 1', 'far 2', 'nowhere 2']);
});

test('an instance that nobody keeps alive leaves the list', async () => {
  await using world = await openWorld();
  await declare(world.registry, 'web');
  await world.registry.register({ service: 'shop-web', address: '127.0.0.1', port: 4000 });
  expect(await world.next()).toHaveLength(1);
  const next = world.next();
  await world.clock.advance(20_000);
  expect(await next).toEqual([]);
});

test('a name that is not declared is refused with the nearest that is', async () => {
  await using world = await openWorld();
  await declare(world.registry, 'wep');
  const refused = await world.next().catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(OperatingError);
  expect(refused).toMatchObject({
    code: 'not-found',
    message: 'no service named "shop-web" is declared: did you mean "shop-wep"?',
  });
});

test('when the service is withdrawn the list is empty and ends, so that whoever follows looks its name up anew', async () => {
  await using world = await openWorld();
  await declare(world.registry, 'web');
  await world.registry.register({ service: 'shop-web', address: '127.0.0.1', port: 4000 });
  expect(await world.next()).toHaveLength(1);
  await world.registry.withdraw({ application: 'shop' });
  expect(await world.next()).toEqual([]);
  expect(await world.next()).toBeUndefined();
});

test('a key that is none is refused', async () => {
  await using world = await openWorld();
  await declare(world.registry, 'web');
  const register = world.registry.register({ service: 'shop-web', address: '127.0.0.1', port: 1, publicKey: 'short' });
  await expect(register).rejects.toMatchObject({ code: 'invalid' });
});
