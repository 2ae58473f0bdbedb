import { OperatingError, silentLog } from '@plumb/base';
import { openMemoryKv } from '@plumb/kv';
import { connectInProcess } from '@plumb/rpc';
import { createFakeClock, type FakeClock, until } from '@plumb/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Application,
  type RegistryClient,
  registryContract,
  type RegistryEvent,
  type Service,
  serviceName,
} from './index.ts';
import { openRegistry } from './server.ts';

type World = AsyncDisposable & {
  readonly registry: RegistryClient;
  readonly as: (application: string) => RegistryClient;
  readonly clock: FakeClock;
};

async function openWorld(): Promise<World> {
  await using opening = new AsyncDisposableStack();
  const clock = createFakeClock();
  const kv = opening.use(await openMemoryKv({ clock }));
  const { handlers } = opening.use(await openRegistry({ kv, clock, log: silentLog, hostName: 'here' }));
  const registry = opening.use(connectInProcess(registryContract, handlers, { id: 'ada', scopes: ['*'] }));
  const open = opening.move();
  return {
    registry,
    as: (application) =>
      open.use(
        connectInProcess(registryContract, handlers, { id: `${application}-1`, scopes: ['registry:*'], application }),
      ),
    clock,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

function application(name: string): Application {
  return { name, environment: 'default', release: 'r1', declaredAt: 1 };
}

function service(owner: string, component: string): Service {
  return {
    name: serviceName(owner, component),
    application: owner,
    component,
    kind: 'process',
    protocol: 'http',
    needs: [],
  };
}

const address = { address: '127.0.0.1', port: 4000 } as const;

test('a declaration replaces the one before, and services that it does not name go with their instances', async () => {
  await using world = await openWorld();
  const { registry } = world;
  await registry.declare({
    application: application('shop'),
    services: [service('shop', 'web'), service('shop', 'old')],
  });
  const web = await registry.register({ service: 'shop-web', ...address });
  const old = await registry.register({ service: 'shop-old', ...address });
  await registry.declare({ application: application('shop'), services: [service('shop', 'web')] });
  expect((await registry.services({})).map(({ name }) => name)).toEqual(['shop-web']);
  await expect(registry.keepAlive({ instanceId: old.instanceId })).rejects.toMatchObject({ code: 'not-found' });
  await registry.keepAlive({ instanceId: web.instanceId });
  await expect(registry.declare({ application: application('a'), services: [service('shop', 'web')] })).rejects.toThrow(
    'belongs to shop',
  );
  const thief = { ...service('thief', 'web'), name: 'shop-web' };
  await expect(registry.declare({ application: application('thief'), services: [thief] })).rejects.toMatchObject({
    code: 'already-exists',
  });
});

test('resolve gives the ready instances, oldest first, and all of them when asked', async () => {
  await using world = await openWorld();
  const { registry, clock } = world;
  await registry.declare({ application: application('shop'), services: [service('shop', 'web')] });
  const first = await registry.register({ service: 'shop-web', ...address });
  await clock.advance(5);
  const second = await registry.register({
    service: 'shop-web',
    ...address,
    health: { state: 'starting', sinceAt: 1 },
  });
  const resolve = async (includeUnready = false): Promise<string[]> =>
    (await registry.resolve({ service: 'shop-web', includeUnready })).instances.map(({ id }) => id);
  expect(await resolve()).toEqual([first.instanceId]);
  expect(await resolve(true)).toEqual([first.instanceId, second.instanceId]);
  await registry.reportHealth({ instanceId: second.instanceId, health: { state: 'ready', sinceAt: 2 } });
  await registry.reportHealth({
    instanceId: first.instanceId,
    health: { state: 'unready', reason: 'busy', sinceAt: 2 },
  });
  expect(await resolve()).toEqual([second.instanceId]);
  await registry.deregister({ instanceId: second.instanceId });
  await registry.deregister({ instanceId: second.instanceId });
  expect(await resolve(true)).toEqual([first.instanceId]);
});

test('an instance that leaves while its health is reported is gone', async () => {
  await using world = await openWorld();
  const { registry } = world;
  await registry.declare({ application: application('shop'), services: [service('shop', 'web')] });
  for (let i = 0; i < 4; i += 1) {
    const { instanceId } = await registry.register({ service: 'shop-web', ...address });
    const report = { instanceId, health: { state: 'unready', reason: 'busy', sinceAt: i } } as const;
    const calls = [() => registry.reportHealth(report), () => registry.deregister({ instanceId })];
    await Promise.allSettled((i % 2 === 0 ? calls : calls.reverse()).map((call) => call()));
  }
  expect((await registry.resolve({ service: 'shop-web', includeUnready: true })).instances).toEqual([]);
});

test('a registration that the store refuses leaves nothing, and the one before it as it was', async () => {
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
  await using opened = await openRegistry({ kv: full, clock, log: silentLog, hostName: 'here' });
  using registry = connectInProcess(registryContract, opened.handlers, { id: 'ada', scopes: ['*'] });
  await registry.declare({ application: application('shop'), services: [service('shop', 'web')] });
  const instanceId = 'shop-web-1';
  await registry.register({ service: 'shop-web', ...address, instanceId });
  isFull = true;
  for (const id of [instanceId, 'x'.repeat(100)]) {
    const call = registry.register({ service: 'shop-web', ...address, port: 5_000, instanceId: id });
    await expect(call).rejects.toMatchObject({ code: 'exhausted' });
  }
  isFull = false;
  for (let i = 0; i < 4; i += 1) {
    await clock.advance(5_000);
    await registry.keepAlive({ instanceId });
  }
  expect((await registry.resolve({ service: 'shop-web' })).instances).toMatchObject([{ id: instanceId, port: 4_000 }]);
  await registry.deregister({ instanceId });
  expect((await registry.resolve({ service: 'shop-web' })).instances).toEqual([]);
});

test('a service that nobody declared is not found, and the nearest one is named', async () => {
  await using world = await openWorld();
  const { registry } = world;
  await registry.declare({ application: application('shop'), services: [service('shop', 'web')] });
  await expect(registry.resolve({ service: 'shop-wbe' })).rejects.toThrow('did you mean "shop-web"?');
  await expect(registry.register({ service: 'zebra', ...address })).rejects.toMatchObject({ code: 'not-found' });
});

test('an instance that is not kept alive leaves after its time, and one that is stays', async () => {
  await using world = await openWorld();
  const { registry, clock } = world;
  await registry.declare({ application: application('shop'), services: [service('shop', 'web')] });
  const silent = await registry.register({ service: 'shop-web', ...address, ttlMs: 1_000 });
  const alive = await registry.register({ service: 'shop-web', ...address, ttlMs: 1_000 });
  for (let i = 0; i < 4; i += 1) {
    await clock.advance(500);
    await registry.keepAlive({ instanceId: alive.instanceId });
  }
  expect((await registry.resolve({ service: 'shop-web' })).instances.map(({ id }) => id)).toEqual([alive.instanceId]);
  await expect(registry.keepAlive({ instanceId: silent.instanceId })).rejects.toMatchObject({ code: 'not-found' });
});

test('registering an id again replaces the instance, and the old lease takes nothing with it', async () => {
  await using world = await openWorld();
  const { registry, clock } = world;
  await registry.declare({ application: application('shop'), services: [service('shop', 'web')] });
  await registry.register({ service: 'shop-web', ...address, instanceId: 'web-1', ttlMs: 1_000 });
  await clock.advance(900);
  const events = registry.watch({})[Symbol.asyncIterator]();
  await events.next();
  await registry.register({ service: 'shop-web', ...address, port: 4_001, instanceId: 'web-1', ttlMs: 1_000 });
  expect((await events.next()).value).toMatchObject({ instances: [{ port: 4_001 }], removed: { instances: [] } });
  await events.return?.();
  await clock.advance(900);
  expect((await registry.resolve({ service: 'shop-web' })).instances).toMatchObject([{ id: 'web-1', port: 4_001 }]);
});

test('withdrawing takes services and instances along', async () => {
  await using world = await openWorld();
  const { registry } = world;
  await registry.declare({ application: application('shop'), services: [service('shop', 'web')] });
  await registry.declare({ application: application('blog'), services: [service('blog', 'web')] });
  const { instanceId } = await registry.register({ service: 'shop-web', ...address });
  await registry.withdraw({ application: 'shop' });
  await registry.withdraw({ application: 'shop' });
  expect((await registry.applications({})).map(({ name }) => name)).toEqual(['blog']);
  expect((await registry.services({})).map(({ name }) => name)).toEqual(['blog-web']);
  await expect(registry.keepAlive({ instanceId })).rejects.toMatchObject({ code: 'not-found' });
});

test('a process that Plumb runs speaks for its own application only', async () => {
  await using world = await openWorld();
  const { registry } = world;
  for (const name of ['shop', 'blog'])
    await registry.declare({ application: application(name), services: [service(name, 'web')] });
  const { instanceId } = await registry.register({ service: 'shop-web', ...address });
  const blog = world.as('blog');
  await expect(blog.register({ service: 'shop-web', ...address })).rejects.toMatchObject({ code: 'denied' });
  await expect(blog.deregister({ instanceId })).rejects.toMatchObject({ code: 'denied' });
  await expect(blog.register({ service: 'blog-web', ...address, instanceId })).rejects.toMatchObject({
    code: 'denied',
  });
  await blog.register({ service: 'blog-web', ...address });
});

test('of an earlier run, what Plumb ran itself is gone, the others stay while a living one tells so, and what was declared stays', async () => {
  const clock = createFakeClock();
  await using kv = await openMemoryKv({ clock });
  const open = async (): Promise<AsyncDisposable & { registry: RegistryClient }> => {
    const { handlers, [Symbol.asyncDispose]: close } = await openRegistry({
      kv,
      clock,
      log: silentLog,
      hostName: 'here',
    });
    return {
      registry: connectInProcess(registryContract, handlers, { id: 'ada', scopes: ['*'] }),
      [Symbol.asyncDispose]: close,
    };
  };
  {
    await using first = await open();
    await first.registry.declare({ application: application('shop'), services: [service('shop', 'web')] });
    for (const keptBy of ['supervisor', 'lease', 'nobody'] as const)
      await first.registry.register({ service: 'shop-web', ...address, instanceId: keptBy, keptBy });
    await first.registry.register({ service: 'shop-web', ...address, instanceId: 'alive' });
    void first.registry
      .join({ service: 'shop-web', ...address, instanceId: 'joined' })
      [Symbol.asyncIterator]()
      .next();
    await until('it has joined', async () => (await listed(first.registry)).includes('joined'));
  }
  await using second = await open();
  expect(await listed(second.registry)).toEqual(['alive', 'joined', 'lease', 'nobody']);
  await clock.advance(5_000);
  await second.registry.keepAlive({ instanceId: 'alive' });
  await clock.advance(5_000);
  expect(await listed(second.registry)).toEqual(['alive', 'nobody']);
  expect((await second.registry.services({})).map(({ name }) => name)).toEqual(['shop-web']);
});

async function listed(registry: RegistryClient, service = 'shop-web'): Promise<string[]> {
  const { instances } = await registry.resolve({ service, includeUnready: true });
  return instances.map(({ id }) => id).toSorted();
}

// Goal: whoever applies the watch of an application has what the dictionary says of it, whatever was done meanwhile.
test('a reader that applies every event ends with its application as the dictionary has it', async () => {
  const name = fc.constantFrom('shop', 'blog');
  const component = fc.constantFrom('web', 'worker');
  const step = fc.oneof(
    fc.record({ kind: fc.constant('declare' as const), name, components: fc.uniqueArray(component) }),
    fc.record({ kind: fc.constant('withdraw' as const), name }),
    fc.record({ kind: fc.constant('register' as const), name, component }),
    fc.record({ kind: fc.constant('deregister' as const), index: fc.nat(5) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      await using world = await openWorld();
      const { registry } = world;
      const replica = new Replica(registry.watch({ application: 'shop' })[Symbol.asyncIterator]());
      await replica.applyNext();
      const ids: string[] = [];
      for (const given of steps) {
        if (given.kind === 'declare')
          await registry.declare({
            application: application(given.name),
            services: given.components.map((part) => service(given.name, part)),
          });
        if (given.kind === 'withdraw') await registry.withdraw({ application: given.name });
        if (given.kind === 'register')
          await registry.register({ service: serviceName(given.name, given.component), ...address }).then(
            ({ instanceId }) => ids.push(instanceId),
            () => undefined,
          );
        if (given.kind === 'deregister') await registry.deregister({ instanceId: ids[given.index] ?? 'none' });
      }
      // A mark that the reader waits for; it changes nothing else.
      const services = await registry.services({ application: 'shop' });
      await registry.declare({ application: { ...application('shop'), release: 'last' }, services });
      while (replica.release !== 'last') await replica.applyNext();
      expect([...replica.services].toSorted()).toEqual(services.map((part) => part.name));
      const resolved = await Promise.all(services.map((part) => registry.resolve({ service: part.name })));
      const live = resolved.flatMap(({ instances }) => instances.map(({ id }) => id));
      expect([...replica.instances].toSorted()).toEqual(live.toSorted());
      await replica.close();
    }),
    { numRuns: 40 },
  );
});

class Replica {
  readonly services = new Set<string>();
  readonly instances = new Set<string>();
  release = '';
  readonly #events: AsyncIterator<RegistryEvent>;

  constructor(events: AsyncIterator<RegistryEvent>) {
    this.#events = events;
  }

  async applyNext(): Promise<void> {
    const { value: event, done } = await this.#events.next();
    if (done === true) throw new Error('the watch ended');
    for (const { name, application: owner } of [
      ...event.applications.map((own) => ({ ...own, application: own.name })),
      ...event.services,
    ]) {
      if (owner !== 'shop') throw new Error(`told of ${name}, which is not its own`);
    }
    if (event.kind === 'snapshot') {
      this.services.clear();
      this.instances.clear();
    }
    for (const { id } of event.instances) this.instances.add(id);
    if (event.kind === 'change') for (const id of event.removed.instances) this.instances.delete(id);
    for (const { name } of event.services) this.services.add(name);
    for (const { release } of event.applications) this.release = release;
    if (event.kind === 'change') for (const name of event.removed.services) this.services.delete(name);
  }

  async close(): Promise<void> {
    await this.#events.return?.();
  }
}
