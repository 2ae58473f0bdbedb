// Goal: programs find each other by name alone. Method: two servers over ZeroMQ with keys of their own, in the dictionary.
import { silentLog, systemClock } from '@plumb/base';
import { openMemoryKv } from '@plumb/kv';
import { connectInProcess } from '@plumb/rpc';
import { connect, generateKeyPair, serve } from '@plumb/rpc/node';
import { until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { registryContract, registryResolver } from '../src/index.ts';
import { openRegistry } from '../src/server.ts';

test('a caller reaches the instances that the dictionary names, each by its own key, as they come and go', async () => {
  await using stack = new AsyncDisposableStack();
  const kv = stack.use(await openMemoryKv({ clock: systemClock }));
  const { handlers } = stack.use(await openRegistry({ kv, clock: systemClock, log: silentLog, hostName: 'here' }));
  const registry = stack.use(connectInProcess(registryContract, handlers, { id: 'ada', scopes: ['*'] }));
  await registry.declare({
    application: { name: 'shop', environment: 'default', release: 'r1', declaredAt: 1 },
    services: [
      { name: 'shop-web', application: 'shop', component: 'web', kind: 'process', protocol: 'tcp', needs: [] },
    ],
  });

  const caller = generateKeyPair();
  const methodsOf = (id: string): { whoAreYou: () => string } => ({ whoAreYou: () => id });
  const start = async (instanceId: string, host: string): Promise<void> => {
    const keys = generateKeyPair();
    const methods = methodsOf(instanceId);
    const callers = { [caller.publicKey]: 'caller' };
    const server = stack.use(await serve({ name: 'shop-web', methods, keys, callers, log: silentLog }));
    const { hostname: address, port } = new URL(server.addresses[0]?.replace('tcp:', 'http:') ?? '');
    const { publicKey } = keys;
    await registry.register({
      service: 'shop-web',
      address,
      port: Number(port),
      instanceId,
      host,
      publicKey,
      ttlMs: 300_000,
    });
  };
  await start('one', 'h1');

  const resolver = registryResolver(registry);
  const web = stack.use(await connect<ReturnType<typeof methodsOf>>('registry:shop-web', { resolver, keys: caller }));
  expect(await web.whoAreYou()).toBe('one');

  await start('two', 'h1');
  await until('the second to be called', async () => (await web.whoAreYou()) === 'two');
  await registry.deregister({ instanceId: 'one' });
  await until('the first to be left alone', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => web.whoAreYou()));
    return answers.every((answer) => answer === 'two');
  });

  // One that is nearer gets the calls, and those farther away when it is gone.
  const nearby = registryResolver(registry, { host: 'h2' });
  const near = stack.use(
    await connect<ReturnType<typeof methodsOf>>('registry:shop-web', { resolver: nearby, keys: caller }),
  );
  expect(await near.whoAreYou()).toBe('two');
  await start('three', 'h2');
  await until('the nearest to be called alone', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => near.whoAreYou()));
    return answers.every((answer) => answer === 'three');
  });
  await registry.deregister({ instanceId: 'three' });
  await until('the other to be called', async () => (await near.whoAreYou()) === 'two');
});
