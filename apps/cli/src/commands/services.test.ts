import { silentLog } from '@plumb/base';
import { openMemoryKv } from '@plumb/kv';
import { type RegistryClient, registryContract, type Service, serviceName } from '@plumb/registry';
import { openRegistry } from '@plumb/registry/server';
import { connectInProcess } from '@plumb/rpc';
import { createFakeClock, type FakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import { runInFakeShell } from '../fake-shell.ts';
import { services } from './services.ts';

type World = AsyncDisposable & {
  readonly clock: FakeClock;
  readonly registry: RegistryClient;
  readonly run: (...argv: string[]) => Promise<string>;
};

/** `ledger` offers an API that `shop` declares to need; `blog` calls it without a word. */
async function openWorld(): Promise<World> {
  await using opening = new AsyncDisposableStack();
  const clock = createFakeClock();
  const kv = opening.use(await openMemoryKv({ clock }));
  const { handlers } = opening.use(await openRegistry({ kv, clock, log: silentLog, hostName: 'here' }));
  const registry = opening.use(connectInProcess(registryContract, handlers, { id: 'ada', scopes: ['*'] }, { clock }));
  const declare = async (application: string, component: string, needs: string[]): Promise<void> => {
    const name = serviceName(application, component);
    const service: Service = { name, application, component, kind: 'process', protocol: 'rpc', needs };
    await registry.declare({
      application: { name: application, environment: 'default', release: 'r1', declaredAt: clock.now() },
      services: [service],
    });
    await registry.register({ service: name, address: '127.0.0.1', port: 4_000, keptBy: 'nobody' });
  };
  await declare('ledger', 'api', []);
  await declare('shop', 'web', ['ledger-api']);
  await declare('blog', 'web', []);
  const open = opening.move();
  return {
    clock,
    registry,
    run: (...argv) => runInFakeShell(['services', ...argv], [services], { clients: { registry }, now: clock.now }),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

const called = (registry: RegistryClient, caller: string, application: string | undefined, count: number) =>
  registry.reportCallers({ service: 'ledger-api', callers: [{ caller, application, count }] });

test('the list, and that something differs', async () => {
  await using world = await openWorld();
  expect(await world.run()).toMatchInlineSnapshot(`
    "SERVICE     PROTOCOL  READY   NEEDS       APPLICATION
    blog-web    rpc       1 of 1  -           blog
    ledger-api  rpc       1 of 1  -           ledger
    shop-web    rpc       1 of 1  ledger-api  shop
    exit 0"
  `);
  expect(await world.run('shop')).toContain('shop-web');
  await called(world.registry, 'blog-web-1', 'blog', 1);
  expect(await world.run('ledger-api')).toMatchInlineSnapshot(`
    "SERVICE     PROTOCOL  READY   NEEDS  APPLICATION
    ledger-api  rpc       1 of 1  -      ledger
    err: ◐ one thing differs from what is declared: see "plumb services --drift"
    exit 0"
  `);
  expect(await world.run('nobody')).toContain('nobody is no application with services, and no service');
});

test('who uses a service, the one seen last first', async () => {
  await using world = await openWorld();
  const { clock, registry } = world;
  expect(await world.run('shop-web', '--used-by')).toMatchInlineSnapshot(`
    "err: nobody declares to need shop-web, called it, or asked where it is
    exit 0"
  `);
  await called(registry, 'blog-web-1', 'blog', 12);
  await clock.advance(90_000);
  for (const id of ['a', 'b', 'c']) await called(registry, `shop-web-${id}`, 'shop', 400);
  await called(registry, 'ci', undefined, 1);
  await clock.advance(3_000);
  expect(await world.run('ledger-api', '--used-by')).toMatchInlineSnapshot(`
    "USED BY  EVIDENCE          CALLS  LAST CALL       SINCE           CALLERS
    ci       called            1      3.0 s ago       3.0 s ago       -
    shop     called, declared  1,200  3.0 s ago       1 min 33 s ago  shop-web-c, shop-web-b and 1 more
    blog     called            12     1 min 33 s ago  1 min 33 s ago  blog-web-1
    exit 0"
  `);
  expect(JSON.parse((await world.run('ledger-api', '--used-by', '--json')).split('\n')[0] ?? '')).toHaveLength(3);
  expect(await world.run('ledger-app', '--used-by')).toContain('did you mean "ledger-api"?');
  expect(await world.run('--used-by')).toContain('SERVICE is missing');
});

test('what differs, and what to do about it', async () => {
  await using world = await openWorld();
  const { clock, registry } = world;
  expect(await world.run('--drift')).toMatchInlineSnapshot(`
    "err: what is declared and what is seen agree
    exit 0"
  `);
  await called(registry, 'blog-web-1', 'blog', 12);
  const application = { name: 'old', environment: 'default', release: 'r1', declaredAt: clock.now() };
  const service = { name: 'old-api', application: 'old', component: 'api', kind: 'process', protocol: 'http' } as const;
  await registry.declare({ application, services: [{ ...service, needs: [] }] });
  await registry.register({
    service: 'legacy',
    application: 'legacy',
    address: '127.0.0.1',
    port: 1,
    keptBy: 'nobody',
  });
  await clock.advance(120_000);
  expect(await world.run('--drift')).toMatchInlineSnapshot(`
    "◐ old-api is declared by old, and no instance of it was ever there (since 2 min ago)
      see "plumb status old", or take it out of the manifest
    ◐ legacy has an instance, and nobody declares it (since 2 min ago)
      declare it with its application, or end what "plumb resolve legacy --all" shows
    ◐ blog calls ledger-api of ledger, and does not declare it (since 2 min ago)
      add "uses: [ledger-api]" to the process in the manifest of blog, or end the calls
    exit 0"
  `);
  expect(await world.run('old', '--drift')).not.toContain('legacy');
  expect(await world.run('--drift', '--used-by')).toContain('ask one');
});
