// Goal: a program takes part in Plumb with a few lines, and the dictionary knows whether it lives. Method: real processes
// over CURVE that are killed, stopped and held up; a control plane that goes away and comes back.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { systemClock as clock } from '@plumb/base';
import { type Kv, openMemoryKv } from '@plumb/kv';
import { connect, serve } from '@plumb/rpc/node';
import { until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { joinRegistry, type RegistryMembership } from '../src/instance.ts';
import { type ControlPlane, openControlPlane } from './control-plane.ts';
import { declare } from './declare.ts';
import { idsOf } from './registry-world.ts';

type Calculator = { add: (a: number, b: number) => number; hold: (lengthMs: number) => void };

async function openPlane(kv: Kv): Promise<ControlPlane> {
  const plane = await openControlPlane({ kv });
  await declare({ registry: plane.registry, clock }, 'ledger', { api: [] });
  await declare({ registry: plane.registry, clock }, 'shop', { web: ['ledger-api'] });
  return plane;
}

type Child = AsyncDisposable & { readonly process: ChildProcess; readonly port: number };

async function startChild(plane: ControlPlane, id?: string): Promise<Child> {
  const child = fork(new URL('joined-process.ts', import.meta.url), {
    env: { ...process.env, ...plane.environmentOf('ledger', 'api', id), PORT: '' },
  });
  const exited = once(child, 'exit');
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return {
    process: child,
    port,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

const joinShop = (plane: ControlPlane): Promise<RegistryMembership> =>
  joinRegistry({ environment: { ...plane.environmentOf('shop', 'web'), PORT: '4000' } });

const idsOfLedger = ({ registry }: ControlPlane): Promise<string[]> => idsOf(registry, 'ledger-api');

test('it is announced with its key, handed its configuration and peers, knows its callers, and leaves when it says so', async () => {
  await using kv = await openMemoryKv({ clock });
  await using plane = await openPlane(kv);
  await plane.connection.call('config.provision', { application: 'shop', values: { title: 'Shop' } });
  const callersSeen: string[] = [];
  const methods = { add: (a: number, b: number) => a + b };

  const ledger = await joinRegistry({ environment: plane.environmentOf('ledger', 'api') });
  const lookUp = Object.assign(
    async (publicKey: string, address: string) => {
      const caller = await ledger.callers(publicKey, address);
      callersSeen.push(`${caller?.id ?? ''} of ${caller?.application ?? ''}`);
      return caller;
    },
    { observe: ledger.callers.observe },
  );
  await using server = await serve({
    name: ledger.service,
    methods,
    at: ledger.at,
    keys: ledger.keys,
    callers: lookUp,
  });
  expect(await idsOfLedger(plane)).toEqual([]);
  await ledger.announce({ port: Number(server.addresses[0]?.split(':').at(-1)) });
  expect((await plane.registry.resolve({ service: 'ledger-api' })).instances).toMatchObject([
    { id: 'ledger-api-1', publicKey: ledger.keys.publicKey, release: 'r1', keptBy: 'connection' },
  ]);

  await using shop = await joinShop(plane);
  expect(shop.config.get('title')).toBe('Shop');
  expect(shop.services.get('ledger-api')?.map(({ id }) => id)).toEqual(['ledger-api-1']);
  await using calculator = await connect<Calculator>('registry:ledger-api', shop);
  expect(await calculator.add(1, 2)).toBe(3);
  expect(await calculator.add(3, 4)).toBe(7);
  expect(callersSeen).toEqual(['shop-web-1 of shop']);
  const used = await until('the calls to be known', async () => {
    const [usage] = await plane.registry.usedBy({ service: 'ledger-api' });
    return usage?.called !== undefined && usage;
  });
  expect(used).toMatchObject({
    application: 'shop',
    kinds: ['called', 'declared', 'looked-up'],
    count: 2,
    callers: ['shop-web-1'],
  });

  await plane.connection.call('config.set', { application: 'shop', key: 'title', value: 'More' });
  await until('the change to arrive', () => shop.config.get('title') === 'More');
  await ledger[Symbol.asyncDispose]();
  expect(await idsOfLedger(plane)).toEqual([]);
  await until('its peer to know', () => shop.services.get('ledger-api')?.length === 0);
});

test('one that is killed with -9 leaves within 1.5 s', async () => {
  await using kv = await openMemoryKv({ clock });
  await using plane = await openPlane(kv);
  await using child = await startChild(plane);
  expect(await idsOfLedger(plane)).toHaveLength(1);
  const killedAt = performance.now();
  child.process.kill('SIGKILL');
  await until('it left', async () => (await idsOfLedger(plane)).length === 0);
  expect(performance.now() - killedAt).toBeLessThan(1_500);
});

test.concurrent('one that is stopped, or holds its event loop up, for 5 s stays', async () => {
  await using kv = await openMemoryKv({ clock });
  await using plane = await openPlane(kv);
  await using stopped = await startChild(plane, 'ledger-api-1');
  await using held = await startChild(plane, 'ledger-api-2');
  await using shop = await joinShop(plane);
  const removed: string[] = [];
  const stop = new AbortController();
  const watching = (async () => {
    const input = { service: 'ledger-api', includeUnready: true };
    for await (const event of plane.registry.watchService(input, { signal: stop.signal }))
      if (event.kind === 'change') removed.push(...event.removed);
  })().catch(() => undefined);

  stopped.process.kill('SIGSTOP');
  const { keys } = shop;
  const [instance] = (await plane.registry.resolve({ service: 'ledger-api' })).instances.filter(
    ({ port }) => port === held.port,
  );
  await using calculator = await connect<Calculator>(`tcp://127.0.0.1:${held.port}/ledger-api`, {
    keys,
    serverKey: instance?.publicKey,
    timeoutMs: 20_000,
  });
  await calculator.hold(5_500);
  stopped.process.kill('SIGCONT');
  expect(await idsOfLedger(plane)).toEqual(['ledger-api-1', 'ledger-api-2']);
  expect(removed).toEqual([]);
  stop.abort();
  await watching;
}, 30_000);

test('when the control plane comes back, those who live are in it again and were never absent', async () => {
  await using kv = await openMemoryKv({ clock });
  const first = await openPlane(kv);
  const environment = { ...first.environmentOf('shop', 'web'), PORT: '4000' };
  await using shop = await joinRegistry({ environment });
  const { address, keys } = first;
  await first[Symbol.asyncDispose]();
  await using second = await openControlPlane({ kv, address, keys });
  second.environmentOf('shop', 'web', 'shop-web-1', shop.keys);
  expect(await idsOf(second.registry)).toEqual(['shop-web-1']);
  await until('it joined again', async () => {
    const { instances } = await shop.registry.resolve({ service: 'shop-web' });
    return instances.length === 1;
  });
  await shop.reportHealth({ state: 'unready', reason: 'it is full', sinceAt: clock.now() });
  await until('it speaks for itself again', async () => {
    const { instances } = await second.registry.resolve({ service: 'shop-web', includeUnready: true });
    return instances[0]?.health.reason === 'it is full';
  });
});

test('half an environment, and a key that nobody knows, are told at once', async () => {
  await using kv = await openMemoryKv({ clock });
  await using plane = await openPlane(kv);
  const environment = plane.environmentOf('shop', 'web');
  const check = async (own: Readonly<Record<string, string>>, expected: object): Promise<void> => {
    await expect(joinRegistry({ environment: { ...environment, PORT: '4000', ...own } })).rejects.toMatchObject(
      expected,
    );
  };
  await check({ PLUMB_RPC: '' }, { code: 'invalid', message: expect.stringContaining('PLUMB_RPC is not set') });
  await check({ PLUMB_COMPONENT: '' }, { code: 'invalid', message: expect.stringContaining('PLUMB_COMPONENT') });
  await check(
    { PLUMB_COMPONENT: 'wep' },
    { code: 'not-found', message: expect.stringContaining('did you mean "shop-web"?') },
  );
  await check({ PLUMB_APPLICATION: 'ledger', PLUMB_COMPONENT: 'api' }, { code: 'denied' });
  await check({ PLUMB_CURVE_KEY: plane.keys.secretKey }, { code: 'denied' });
});
