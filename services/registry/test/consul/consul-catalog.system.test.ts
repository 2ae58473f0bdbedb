/** The npm client of Consul (node-consul) against the door: agent, catalogue, health. */
import { until } from '@plumb/testing';
import http from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { expect, test } from 'vitest';
import { NODE, openConsulWorld } from './consul-world.ts';

type Check = { readonly CheckID: string; readonly Status: string; readonly Output: string; readonly Notes: string };
type Checks = Readonly<Record<string, Check>>;

test('the agent says who it is, and who is there', async () => {
  await using world = await openConsulWorld();
  const { agent, status, catalog } = world.client();
  expect(await agent.self()).toMatchObject({
    Config: { Server: true, Datacenter: 'dc1', NodeName: NODE },
    Member: { Name: NODE, Addr: '127.0.0.1', Status: 1 },
  });
  expect(await agent.members()).toMatchObject([{ Name: NODE, Addr: '127.0.0.1' }]);
  expect(await status.leader()).toBe('127.0.0.1:8300');
  expect(await status.peers()).toEqual(['127.0.0.1:8300']);
  expect(await catalog.datacenters()).toEqual(['dc1']);
  expect(await catalog.node.list()).toMatchObject([{ Node: NODE, Address: '127.0.0.1' }]);
  expect(await catalog.service.list()).toEqual({ consul: [] });
});

test('a service is registered, found, and deregistered', async () => {
  await using world = await openConsulWorld();
  const { agent, catalog, health } = world.client();
  const tags = ['v1', 'primary'];
  await agent.service.register({
    name: 'web',
    id: 'web-1',
    address: '10.1.2.3',
    port: 8080,
    tags,
    meta: { zone: 'a' },
  });
  expect(await agent.services()).toMatchObject({ 'web-1': { ID: 'web-1', Service: 'web', Port: 8080, Tags: tags } });
  expect(await catalog.service.list()).toEqual({ consul: [], web: ['primary', 'v1'] });
  expect(await catalog.service.nodes('web')).toMatchObject([
    {
      Node: NODE,
      Address: '127.0.0.1',
      ServiceID: 'web-1',
      ServiceAddress: '10.1.2.3',
      ServicePort: 8080,
      ServiceMeta: { zone: 'a' },
    },
  ]);
  expect(await catalog.node.services(NODE)).toMatchObject({
    Node: { Node: NODE },
    Services: { 'web-1': { Service: 'web', Tags: tags } },
  });
  expect(await health.service('web')).toMatchObject([
    {
      Node: { Node: NODE, Address: '127.0.0.1' },
      Service: { ID: 'web-1', Service: 'web', Tags: tags },
      Checks: [{ CheckID: 'serfHealth' }],
    },
  ]);
  await agent.service.deregister('web-1');
  expect(await agent.services()).toEqual({});
  expect(await catalog.service.list()).toEqual({ consul: [] });
  expect(await health.service('web')).toEqual([]);
  await expect(agent.service.deregister('web-1')).rejects.toMatchObject({ statusCode: 404 });
});

test('services are chosen by their tags and their health', async () => {
  await using world = await openConsulWorld();
  const { agent, health, catalog } = world.client();
  const register = (id: string, tag: string): Promise<unknown> =>
    agent.service.register({ name: 'web', id, port: 80, tags: [tag], check: { ttl: '60s' } } as never);
  await register('a', 'blue');
  await register('b', 'green');
  await agent.check.pass('service:b');
  const ids = (found: unknown): unknown => (found as { Service: { ID: string } }[]).map(({ Service }) => Service.ID);
  expect(ids(await health.service('web'))).toEqual(['a', 'b']);
  expect(ids(await health.service({ service: 'web', passing: true }))).toEqual(['b']);
  expect(ids(await health.service({ service: 'web', tag: 'blue' }))).toEqual(['a']);
  expect(await catalog.service.nodes({ service: 'web', tag: 'green' })).toMatchObject([{ ServiceID: 'b' }]);
  expect(await health.checks('web')).toMatchObject([
    { CheckID: 'service:a', Status: 'critical', ServiceName: 'web', ServiceTags: ['blue'] },
    { CheckID: 'service:b', Status: 'passing' },
  ]);
  expect(await health.state('critical')).toMatchObject([{ CheckID: 'service:a', ServiceName: 'web' }]);
  expect(await health.state('any')).toHaveLength(3);
  expect(await health.node(NODE)).toMatchObject([
    { CheckID: 'serfHealth', Status: 'passing' },
    { Node: NODE },
    { Node: NODE },
  ]);
});

test('a check with a TTL is what its owner reports', async () => {
  await using world = await openConsulWorld();
  const { agent } = world.client();
  const statusOf = async (id: string): Promise<string | undefined> =>
    ((await agent.checks()) as unknown as Checks)[id]?.Status;
  await agent.check.register({ name: 'disk', ttl: '10s', notes: 'of the machine' } as never);
  expect(await statusOf('disk')).toBe('critical');
  await agent.check.pass('disk');
  expect(await statusOf('disk')).toBe('passing');
  await agent.check.warn({ id: 'disk', note: 'nearly full' } as never);
  expect(((await agent.checks()) as unknown as Checks)['disk']).toMatchObject({
    Status: 'warning',
    Output: 'nearly full',
    Notes: 'of the machine',
  });
  await agent.check.fail('disk');
  expect(await statusOf('disk')).toBe('critical');
  await agent.check.deregister('disk');
  expect(await agent.checks()).toEqual({});
  await expect(agent.check.pass('disk')).rejects.toMatchObject({ statusCode: 404 });
});

test('checks over HTTP and TCP follow what they ask', async () => {
  await using world = await openConsulWorld();
  let status = 200;
  const server = http.createServer((request, response) => {
    response.writeHead(request.headers['x-check'] === 'yes' ? status : 400).end('secret');
  });
  await using _server = await listen(server);
  const { port } = server.address() as AddressInfo;
  const { agent, health } = world.client();
  await agent.service.register({
    name: 'web',
    port,
    checks: [
      { http: `http://localhost:${port}/health`, interval: '1s', header: { 'X-Check': ['yes'] } },
      { tcp: `127.0.0.1:${port}`, interval: '1s' },
    ],
  } as never);
  const statuses = async (): Promise<string> =>
    ((await health.checks('web')) as unknown as Check[]).map((check) => check.Status).join(' ');
  await until('both pass', async () => (await statuses()) === 'passing passing');
  status = 429;
  await until('a warning', async () => (await statuses()) === 'warning passing');
  status = 302;
  await until('a failure', async () => (await statuses()) === 'critical passing');
  const [check] = (await health.checks('web')) as unknown as Check[];
  expect(check?.Output).toBe(`HTTP GET http://localhost:${port}/health: 302 Found`);
});

test('a name that leads elsewhere is not asked', async () => {
  await using world = await openConsulWorld();
  const { agent, health } = world.client();
  // Reserved: no machine has it, whatever a resolver says (RFC 6761).
  const check = { tcp: 'elsewhere.invalid:80', interval: '10s' };
  await agent.service.register({ name: 'web', port: 80, check } as never);
  const asked = await until('it is asked', async () => {
    const [found] = (await health.checks('web')) as unknown as Check[];
    return found?.Output === '' ? undefined : found;
  });
  expect(asked).toMatchObject({
    Status: 'critical',
    Output: expect.stringContaining('TCP connect elsewhere.invalid:80: '),
  });
});

async function listen(server: Server): Promise<AsyncDisposable> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('maintenance is a check that fails until it is over', async () => {
  await using world = await openConsulWorld();
  const { agent, health } = world.client();
  await agent.service.register({ name: 'web', port: 80 });
  const checks = async (): Promise<Checks> => (await agent.checks()) as unknown as Checks;
  await agent.maintenance(true);
  expect(await checks()).toMatchObject({ _node_maintenance: { Status: 'critical' } });
  expect(await health.service({ service: 'web', passing: true })).toEqual([]);
  await agent.maintenance({ enable: false });
  expect(await checks()).toEqual({});
  await agent.service.maintenance({ id: 'web', enable: true, reason: 'new disk' });
  expect(await checks()).toMatchObject({ '_service_maintenance:web': { Status: 'critical', Notes: 'new disk' } });
  await agent.service.maintenance({ id: 'web', enable: false });
  expect(await health.service({ service: 'web', passing: true })).toHaveLength(1);
});

test('what no agent runs is registered in the catalogue', async () => {
  await using world = await openConsulWorld();
  const { catalog, health } = world.client();
  await catalog.register({
    node: 'mainframe',
    address: '10.9.9.9',
    node_meta: { site: 'cellar' },
    service: { id: 'db1', service: 'db', port: 5432 },
    check: {
      node: 'mainframe',
      checkid: 'db',
      name: 'db',
      serviceid: 'db1',
      status: 'passing',
      definition: { tcp: 'x:1', intervalduration: '1s' },
    },
  } as never);
  expect(await catalog.nodes({ 'node-meta': 'site:cellar' } as never)).toMatchObject([
    { Node: 'mainframe', Meta: { site: 'cellar' } },
  ]);
  expect(await health.service({ service: 'db', passing: true })).toMatchObject([
    { Node: { Node: 'mainframe', Address: '10.9.9.9' }, Checks: [{ CheckID: 'db', Status: 'passing' }] },
  ]);
  await catalog.deregister({ node: 'mainframe', serviceid: 'db1' } as never);
  expect(await health.service('db')).toEqual([]);
  await catalog.deregister({ node: 'mainframe' } as never);
  expect(await catalog.node.list()).toMatchObject([{ Node: NODE }]);
});

test('what is registered through the door is in the dictionary, seen and not declared', async () => {
  await using world = await openConsulWorld();
  const { agent } = world.client();
  await agent.service.register({
    name: 'web',
    id: 'web-1',
    port: 8080,
    tags: ['v1'],
    meta: { version: '2' },
    check: { ttl: '60s' },
  } as never);
  const resolve = async (): Promise<unknown> =>
    (await world.registry.resolve({ service: 'web', includeUnready: true })).instances;
  expect(await resolve()).toMatchObject([
    {
      service: 'web',
      application: 'web',
      host: NODE,
      address: '127.0.0.1',
      port: 8080,
      tags: ['v1'],
      facts: { version: '2' },
      keptBy: 'nobody',
      health: { state: 'unready', checks: [{ id: 'service:web-1', state: 'critical' }] },
    },
  ]);
  await agent.check.pass('service:web-1');
  expect(await resolve()).toMatchObject([{ health: { state: 'ready' } }]);
  expect(await world.registry.drift({})).toMatchObject([{ kind: 'not-declared', service: 'web' }]);
  // Once, and not as an instance of the dictionary beside itself.
  expect(await world.client().catalog.service.nodes('web')).toHaveLength(1);
  await agent.service.deregister('web-1');
  await expect(resolve()).rejects.toMatchObject({ code: 'not-found' });
});

test('the instances of the dictionary are in the catalogue, and pass when they are ready', async () => {
  await using world = await openConsulWorld();
  const { catalog, health, agent } = world.client();
  const registered = await world.registry.register({
    service: 'chain',
    application: 'tip',
    address: '10.0.0.7',
    port: 8545,
    host: 'far',
    tags: ['l1'],
    facts: { client: 'geth' },
  });
  const { instanceId } = registered;
  expect(await catalog.service.list()).toEqual({ chain: ['l1'], consul: [] });
  expect(await health.service({ service: 'chain', passing: true })).toMatchObject([
    {
      Node: { Node: 'far', Address: '10.0.0.7' },
      Service: {
        ID: instanceId,
        Address: '10.0.0.7',
        Port: 8545,
        Tags: ['l1'],
        Meta: { client: 'geth', application: 'tip' },
      },
      Checks: [{ CheckID: 'serfHealth' }, { Status: 'passing', Output: 'ready' }],
    },
  ]);
  const health2 = { state: 'progressing', reason: '12 blocks behind', sinceAt: 0 } as const;
  await world.registry.reportHealth({ instanceId, health: health2 });
  expect(await health.service({ service: 'chain', passing: true })).toEqual([]);
  expect(await health.checks('chain')).toMatchObject([{ Status: 'critical', Output: 'progressing: 12 blocks behind' }]);
  // Plumb runs it: it is not the agent's to take away.
  await expect(agent.service.deregister(instanceId)).rejects.toMatchObject({ statusCode: 404 });
  await world.registry.deregister({ instanceId });
  expect(await catalog.service.list()).toEqual({ consul: [] });
});

test('a watch of a service is told when it comes, fails, and goes', async () => {
  await using world = await openConsulWorld();
  const client = world.client();
  const seen: number[] = [];
  const watch = client.watch({
    method: (options: never) => client.health.service(options),
    options: { service: 'web', passing: 'true', wait: '30s' },
  });
  watch.on('change', (data: unknown[]) => seen.push(data.length));
  await until('the first answer', () => seen.length === 1);
  await client.agent.service.register({ name: 'web', port: 80, check: { ttl: '60s', status: 'passing' } } as never);
  await until('it is there', () => seen.at(-1) === 1);
  await client.agent.check.fail('service:web');
  await until('it fails', () => seen.at(-1) === 0);
  await client.agent.service.deregister('web');
  await until('it is gone', () => seen.length === 4 || seen.length === 5);
  watch.end();
});
