import { expect, test } from 'vitest';
import { BLOCKING_QUERIES_MAX, KV_VALUE_SIZE_BYTES_MAX } from '../../src/doors/consul/limits.ts';
import { openDoorWorld, statusAndBody } from './door-world.ts';

const app = {
  caller: {
    id: 'app',
    scopes: ['consul-kv:read:app/', 'consul-kv:write:app/web/', 'registry:read:web', 'registry:register:web'],
  },
};

test('wrong requests are answered in the words of Consul', async () => {
  await using world = await openDoorWorld();
  const check = async (what: string, expected: string, body?: unknown): Promise<void> =>
    expect(statusAndBody(await world.ask(what, { body }))).toBe(expected);
  await check('GET /v1/nothing', '404 Invalid URL path: not a recognized HTTP API endpoint');
  await check('GET /v1/kv/%ff', '400 Invalid URL path: it is not percent-encoded UTF-8');
  await check('GET /v1/kv/', '400 Missing key name');
  await check('DELETE /v1/kv/', '400 Missing key name');
  await check('GET /v1/kv/none', '404 ');
  await check('POST /v1/kv/a', '405 method POST not allowed');
  expect((await world.ask('POST /v1/kv/a')).headers['allow']).toBe('OPTIONS,GET,PUT,DELETE');
  expect(statusAndBody(await world.ask('OPTIONS /v1/kv/a'))).toBe('200 ');
  await check('GET /v1/kv/a?index=x', '400 Invalid index');
  await check('GET /v1/kv/a?index=1&wait=x', '400 Invalid wait time');
  await check('GET /v1/kv/a?stale&consistent', '400 Cannot specify ?stale with ?consistent, conflicting semantics.');
  await check('GET /v1/kv/a?dc=mars', '500 No path to datacenter');
  await check('GET /v1/kv/a?ns=team', '400 Invalid query parameter: "ns" - Namespaces are a Consul Enterprise feature');
  await check('PUT /v1/kv/a?cas=1&acquire=x', '400 Conflicting flags: cas=1&acquire=x');
  await check('PUT /v1/kv/a?cas=x', '400 Invalid cas index');
  await check('PUT /v1/kv/a?flags=-1', '400 Invalid flags: a whole number of 64 bits');
  await check(`PUT /v1/kv/${'k'.repeat(513)}`, '400 a key has at most 512 bytes, not 513: shorten it');
  await check(
    'PUT /v1/kv/a',
    '413 Request body(524289 bytes) too large, max size: 524288 bytes.',
    'x'.repeat(KV_VALUE_SIZE_BYTES_MAX + 1),
  );
  await check('GET /v1/health/service/', '400 Missing service name');
  await check('GET /v1/health/service/web?passing=maybe', '400 Invalid value for ?passing');
  await check(
    'GET /v1/health/service/web?filter=Port==1',
    '400 Plumb does not know filter expressions: use tag, node-meta or passing, or filter the answer',
  );
  await check('PUT /v1/agent/service/register', '400 Missing service name', {});
  await check('PUT /v1/agent/service/register', '400 Request decode failed: Port is not a whole number', {
    Name: 'web',
    Port: '80',
  });
  await check('PUT /v1/agent/service/register', '400 Plumb has no service mesh: leave out Connect', {
    Name: 'web',
    Connect: { Native: true },
  });
  await check(
    'PUT /v1/agent/service/deregister/none',
    '404 Unknown service ID "none". Ensure that the service ID is passed, not the service name.',
  );
  await check(
    'PUT /v1/agent/check/pass/none',
    '404 Unknown check ID "none". Ensure that the check ID is passed, not the check name.',
  );
  await check('PUT /v1/agent/maintenance', '400 Missing value for enable');
  await check('PUT /v1/txn', '400 Failed to parse body: it is not a list of operations', {});
  await check(
    'PUT /v1/txn',
    '413 Transaction contains too many operations (65 > 64)',
    Array.from({ length: 65 }, () => ({ KV: { Verb: 'get', Key: 'a' } })),
  );
  await check('GET /v1/query', '404 Plumb has no prepared queries: ask /v1/health/service/NAME?passing');
  await check('POST /v1/query', '404 Plumb has no prepared queries: ask /v1/health/service/NAME?passing');
  await check('PUT /v1/agent/join/10.0.0.1', '404 there is one node, and nothing to join');
});

test('JSON is printed for people when they ask', async () => {
  await using world = await openDoorWorld();
  expect(String((await world.ask('GET /v1/catalog/datacenters?pretty')).body)).toBe('[\n    "dc1"\n]\n');
  const { headers } = await world.ask('GET /v1/catalog/services');
  expect(headers).toMatchObject({
    'content-type': 'application/json',
    'x-consul-knownleader': 'true',
    'x-consul-lastcontact': '0',
  });
});

test('a query waits as long as it was told to, with a little more, and no longer than ten minutes', async () => {
  await using world = await openDoorWorld();
  const index = (await world.ask('GET /v1/kv/a')).headers['x-consul-index'];
  const ended: string[] = [];
  const wait = async (length: string): Promise<void> => {
    const answer = await world.ask(`GET /v1/kv/a?index=${index}&wait=${length}`);
    expect(answer.headers['x-consul-index']).toBe(index);
    ended.push(length);
  };
  const waiting = [wait('10s'), wait('5h'), wait('0s')];
  await world.clock.advance(9_999);
  expect(ended).toEqual([]);
  await world.clock.advance(626);
  expect(ended).toEqual(['10s']);
  // Without a length it is five minutes.
  await world.clock.advance(310_000);
  expect(ended).toEqual(['10s', '0s']);
  await world.clock.advance(330_000);
  await Promise.all(waiting);
});

test('who waits is let go when they leave or the door closes, and more than can wait are refused', async () => {
  await using world = await openDoorWorld();
  const index = (await world.ask('GET /v1/kv/a')).headers['x-consul-index'];
  const gone = new AbortController();
  const waiting = Array.from({ length: BLOCKING_QUERIES_MAX }, () =>
    world.ask(`GET /v1/kv/a?index=${index}`, { signal: gone.signal }),
  );
  await world.clock.advance(0);
  expect((await world.ask(`GET /v1/kv/a?index=${index}`)).status).toBe(429);
  gone.abort();
  expect((await Promise.all(waiting)).every(({ status }) => status === 403)).toBe(true);
  const last = world.ask(`GET /v1/kv/a?index=${index}`);
  await world.clock.advance(0);
  await world.door[Symbol.asyncDispose]();
  expect(statusAndBody(await last)).toBe('500 No cluster leader');
});

test('an index from another store is answered at once', async () => {
  await using world = await openDoorWorld();
  expect((await world.ask('GET /v1/kv/a?index=1000000&wait=10m')).status).toBe(404);
});

test('an agent is asked for one service until it is another', async () => {
  await using world = await openDoorWorld();
  const register = (Port: number): Promise<unknown> =>
    world.ask('PUT /v1/agent/service/register', { body: { Name: 'web', Port } });
  await register(80);
  const { headers, body } = await world.ask('GET /v1/agent/service/web');
  const hash = headers['x-consul-contenthash'];
  expect(JSON.parse(String(body))).toMatchObject({ ID: 'web', Port: 80, ContentHash: hash });
  const waiting = world.ask(`GET /v1/agent/service/web?hash=${hash}&wait=1m`);
  const tired = world.ask(`GET /v1/agent/service/web?hash=${hash}&wait=1s`);
  await world.clock.advance(1_000);
  expect((await tired).headers['x-consul-contenthash']).toBe(hash);
  await register(81);
  expect(JSON.parse(String((await waiting).body))).toMatchObject({ Port: 81 });
  expect((await world.ask('GET /v1/agent/service/none')).status).toBe(404);
});

test('a caller reads, writes and registers what their scopes name, and sees nothing else', async () => {
  await using world = await openDoorWorld();
  for (const key of ['app/web/a', 'app/db/a', 'other']) await world.ask(`PUT /v1/kv/${key}`, { body: '1' });
  await world.ask('PUT /v1/agent/service/register', { body: { Name: 'secret', Port: 1, Check: { TTL: '1h' } } });
  await world.ask('PUT /v1/agent/service/register', { body: { Name: 'web', Port: 1, Check: { TTL: '1h' } } });

  expect(await world.json('GET /v1/kv/?keys', app)).toEqual(['app/db/a', 'app/web/a']);
  expect(await world.json('GET /v1/kv/?recurse', app)).toHaveLength(2);
  expect((await world.ask('GET /v1/kv/other', app)).status).toBe(403);
  expect(await world.json('PUT /v1/kv/app/web/b', app)).toBe(true);
  for (const what of ['PUT /v1/kv/app/db/a', 'DELETE /v1/kv/app/?recurse', 'DELETE /v1/kv/?recurse']) {
    expect((await world.ask(what, app)).status).toBe(403);
  }
  const txn = (Key: string, Verb = 'set'): unknown[] => [{ KV: { Verb, Key } }];
  expect((await world.ask('PUT /v1/txn', { ...app, body: txn('app/web/c') })).status).toBe(200);
  expect((await world.ask('PUT /v1/txn', { ...app, body: txn('other', 'get') })).status).toBe(403);
  expect((await world.ask('PUT /v1/txn', { ...app, body: txn('app/', 'delete-tree') })).status).toBe(403);

  expect(await world.json('GET /v1/catalog/services', app)).toEqual({ consul: [], web: [] });
  expect(await world.json('GET /v1/health/service/secret', app)).toEqual([]);
  expect(await world.json('GET /v1/agent/services', app)).not.toHaveProperty('secret');
  const state =
    JSON.stringify(await world.json('GET /v1/health/state/any', app)) +
    JSON.stringify(await world.json('GET /v1/health/node/node1', app));
  expect(state).not.toContain('secret');
  expect((await world.ask('PUT /v1/agent/check/pass/service:secret', app)).status).toBe(403);
  expect((await world.ask('PUT /v1/agent/service/deregister/secret', app)).status).toBe(403);
  // An id that stands for another's service is not taken over under a name of one's own.
  expect(
    (await world.ask('PUT /v1/agent/service/register', { ...app, body: { Name: 'web', ID: 'secret' } })).status,
  ).toBe(403);
  expect((await world.ask('PUT /v1/agent/service/register', { ...app, body: { Name: 'web-2', Port: 2 } })).status).toBe(
    200,
  );
  expect((await world.ask('PUT /v1/agent/maintenance?enable=true', app)).status).toBe(403);
});

test('who holds nothing that the door asks for is told nothing', async () => {
  await using world = await openDoorWorld();
  await world.ask('PUT /v1/kv/a', { body: '1' });
  const nobody = { caller: { id: 'nobody', scopes: ['config:read'] } };
  const paths = [
    'GET /v1/kv/a',
    'GET /v1/kv/?keys',
    'GET /v1/catalog/services',
    'GET /v1/catalog/nodes',
    'GET /v1/health/service/web',
    'GET /v1/agent/self',
    'GET /v1/agent/services',
    'GET /v1/session/list',
    'PUT /v1/session/create',
    'PUT /v1/agent/service/register',
    'PUT /v1/catalog/register',
    'PUT /v1/event/fire/x',
    'GET /v1/event/list',
  ];
  const body = { Name: 'web', Node: 'n', Address: '10.0.0.1' };
  for (const path of paths) {
    const answer = statusAndBody(await world.ask(path, { ...nobody, body: path.startsWith('PUT') ? body : undefined }));
    expect(`${path} ${answer.slice(0, 22)}`).toBe(`${path} 403 Permission denied:`);
  }
});

test('who looks a service up that is there uses it', async () => {
  await using world = await openDoorWorld();
  for (const Name of ['web', 'Not.A.Name'])
    await world.ask('PUT /v1/agent/service/register', { body: { Name, Port: 80 } });
  await world.ask('GET /v1/health/service/web', app);
  await world.ask('GET /v1/catalog/service/web');
  for (const what of ['none', 'Not.A.Name', 'consul']) await world.ask(`GET /v1/health/service/${what}`);
  expect(world.looked).toEqual(['app web', 'all web']);
});
