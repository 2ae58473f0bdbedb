// The door as programs see it that speak JSON, or nonsense.
import { until } from '@plumb/testing';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { expect, test } from 'vitest';
import { base64, type EtcdWorld, openEtcdWorld } from './etcd-world.ts';

/** A request whose body stays open, and the lines of its answer. */
function openStream(world: EtcdWorld, path: string, token = 'all.secret') {
  const request = http.request(`${world.url}${path}`, { method: 'POST', headers: { authorization: token } });
  const lines: Record<string, unknown>[] = [];
  let rest = '';
  const ended = once(request, 'response').then(async ([response]: http.IncomingMessage[]) => {
    for await (const chunk of response ?? []) {
      const parts = (rest + String(chunk)).split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts.map((line) => JSON.parse(line) as Record<string, unknown>));
    }
    return response?.statusCode;
  });
  // Whoever looks at it hears of it; to go away in the middle is no failure.
  ended.catch(() => undefined);
  return { request, lines, ended, [Symbol.dispose]: () => void request.destroy() };
}

test('names of fields come in either casing, numbers as numbers, and an empty body is an empty request', async () => {
  await using world = await openEtcdWorld();
  await world.post('/v3/kv/put', { key: base64('a'), value: base64('1') });
  const put = { key: base64('a'), value: base64('2'), prevKv: true };
  expect((await world.post('/v3/kv/put', put)).body).toMatchObject({ prev_kv: { key: base64('a'), version: '1' } });
  const { body } = await world.post('/v3/kv/range', {
    key: base64('a'),
    rangeEnd: base64('b'),
    sort_order: 2,
    limit: 1,
  });
  expect(body).toMatchObject({
    header: { revision: '3' },
    count: '1',
    kvs: [{ value: base64('2'), mod_revision: '3' }],
  });
  const headers = { authorization: 'Bearer all.secret' };
  const empty = await fetch(`${world.url}/v3/maintenance/status`, { method: 'POST', headers });
  expect(await empty.json()).toMatchObject({ version: '3.4.0', raftIndex: '3' });
});

test('only the version is for strangers, and nothing else is told to them', async () => {
  await using world = await openEtcdWorld();
  expect(await (await fetch(`${world.url}/version`)).json()).toEqual({ etcdserver: '3.4.0', etcdcluster: '3.4.0' });
  for (const path of ['/health', '/', '/metrics', '/v3/kv/range', '/v3/watch']) {
    const response = await fetch(`${world.url}${path}`, path.startsWith('/v3') ? { method: 'POST', body: '{}' } : {});
    expect([path, response.status]).toEqual([path, 401]);
  }
  expect((await world.post('/v3/kv/range', { key: base64('a') }, 'guess')).status).toBe(429);
  const flood = { name: 'ada', password: 'x'.repeat(20_000) };
  expect(await world.post('/v3/auth/authenticate', flood, '')).toMatchObject({
    status: 400,
    body: { message: 'etcdserver: request is too large' },
  });
  const known = await fetch(`${world.url}/health`, { headers: { authorization: 'reader.secret' } });
  expect(await known.json()).toEqual({ health: 'true' });
});

test('what cannot be answered is refused with its reason', async () => {
  await using world = await openEtcdWorld();
  const check = async (path: string, init: RequestInit, status: number, message: string): Promise<void> => {
    const response = await fetch(`${world.url}${path}`, { headers: { authorization: 'all.secret' }, ...init });
    expect(await response.json()).toMatchObject({ message: expect.stringContaining(message) });
    expect(response.status).toBe(status);
  };
  const body = (value: unknown): RequestInit => ({ method: 'POST', body: JSON.stringify(value) });
  await check('/v3/kv/range', { method: 'POST', body: '{"key":' }, 400, 'JSON');
  await check('/v3/kv/range', body({ keys: 'YQ==' }), 400, 'unknown field "keys"');
  await check('/v3/kv/range', {}, 405, '/v3/kv/range takes a POST');
  await check('/v3/kv/snapshot', body({}), 404, 'there is nothing at /v3/kv/snapshot');
  await check('/v3/kv/put', body({ key: 'YQ==', value: 'A'.repeat(3_000_000) }), 400, 'request is too large');
  await check('/v3/kv/put', body({ key: 'YQ==', value: 'A'.repeat(1_400_004) }), 400, 'request is too large');
  await check('/v3/kv/put', body({ key: base64('k'.repeat(1_020)) }), 400, 'is longer than 1024 bytes');
  const nested = { success: [{ request_txn: { compare: [{ anything: 1 }] } }] };
  await check('/v3/kv/txn', body(nested), 501, 'a transaction within a transaction is not supported');
  await check('/v3/maintenance/alarm', body({ action: 'ACTIVATE' }), 501, 'alarms cannot be set');
  expect(world.logged).toEqual([]);
});

test('a lease is only for who may write all its keys', async () => {
  await using world = await openEtcdWorld();
  await world.post('/v3/lease/grant', { ID: 7, TTL: 100 }, 'web.secret');
  const put = { key: base64('app/web/a'), lease: '7' };
  expect((await world.post('/v3/kv/put', put, 'web.secret')).status).toBe(200);
  await world.post('/v3/kv/put', { key: base64('other'), lease: '7' });
  expect((await world.post('/v3/kv/put', put, 'web.secret')).status).toBe(403);
  expect((await world.post('/v3/lease/revoke', { ID: 7 }, 'web.secret')).status).toBe(403);
  expect((await world.post('/v3/lease/timetolive', { ID: 7, keys: true }, 'web.secret')).status).toBe(403);
  expect((await world.post('/v3/lease/timetolive', { ID: 7 }, 'web.secret')).body).toMatchObject({ grantedTTL: '100' });
  const kept = await world.post('/v3/lease/keepalive', { ID: 7 }, 'web.secret');
  expect(kept.body).toMatchObject({ message: 'etcdserver: permission denied' });
  expect((await world.post('/v3/lease/leases', {}, 'web.secret')).body['leases']).toBeUndefined();
  expect((await world.post('/v3/lease/leases', {})).body).toMatchObject({ leases: [{ ID: '7' }] });
  expect((await world.post('/v3/lease/revoke', { ID: 7 })).status).toBe(200);
});

test('a stream takes one request after another, and answers a line each', async () => {
  await using world = await openEtcdWorld();
  using watching = openStream(world, '/v3/watch');
  watching.request.write(`{"create_request":{"key":"${base64('a')}"}} {"createRequest":{"key":`);
  await until('the first', () => watching.lines.length === 1);
  watching.request.write(`"${base64('b')}"}}`);
  await until('the second', () => watching.lines.length === 2);
  await world.post('/v3/kv/put', { key: base64('b'), value: base64('1') });
  await until('told', () => watching.lines.length === 3);
  expect(watching.lines[2]).toMatchObject({ result: { watch_id: '1', events: [{ kv: { mod_revision: '2' } }] } });
  // A body that ends is no reason to stop telling.
  watching.request.end();
  await world.post('/v3/kv/deleterange', { key: base64('a'), range_end: base64('c') });
  await until('told', () => watching.lines.length === 4);
  expect(watching.lines[3]).toMatchObject({ result: { events: [{ type: 'DELETE', kv: { key: base64('b') } }] } });

  await world.post('/v3/lease/grant', { ID: 7, TTL: 100 });
  using keeping = openStream(world, '/v3/lease/keepalive');
  keeping.request.end('{"ID":"7"}{"ID":8}');
  expect(await keeping.ended).toBe(200);
  expect(keeping.lines).toMatchObject([{ result: { ID: '7', TTL: '100' } }, { result: { ID: '8' } }]);
});

test('a stream ends with an error when its token does, or when a request in it is none', async () => {
  await using world = await openEtcdWorld();
  using watching = openStream(world, '/v3/watch', 'reader.secret');
  watching.request.write(`{"create_request":{"key":"${base64('a')}"}}`);
  await until('confirmed', () => watching.lines.length === 1);
  world.revoke('reader.secret');
  await watching.ended;
  expect(watching.lines[1]).toMatchObject({ error: { grpc_code: 16, message: 'etcdserver: invalid auth token' } });

  using wrong = openStream(world, '/v3/watch');
  wrong.request.write(`{"create_request":{"key":"${base64('a')}"}}`);
  await until('confirmed', () => wrong.lines.length === 1);
  wrong.request.end('{"create_request":{"key":7}}');
  await wrong.ended;
  expect(wrong.lines[1]).toMatchObject({
    error: { grpc_code: 3, message: expect.stringContaining('not bytes in base64') },
  });
});

test('a reader that stops reading costs the store nothing, and misses nothing', async () => {
  await using world = await openEtcdWorld();
  const request = http.request(`${world.url}/v3/watch`, { method: 'POST', headers: { authorization: 'all.secret' } });
  request.end(`{"create_request":{"key":"${base64('a')}"}}`);
  const [response] = (await once(request, 'response')) as http.IncomingMessage[];
  const value = base64('x'.repeat(100_000));
  for (let i = 0; i < 100; i += 1) await world.post('/v3/kv/put', { key: base64('a'), value });
  let out = '';
  for await (const chunk of response ?? []) {
    out += String(chunk);
    if (out.split('\n').length > 101) break;
  }
  const revisions = out
    .trim()
    .split('\n')
    .map((line) => Number(JSON.parse(line).result.header.revision));
  expect(revisions).toEqual([1, ...Array.from({ length: 100 }, (_, i) => i + 2)]);
  request.destroy();
});

test('connections that say nonsense are closed, and disturb nobody', async () => {
  await using world = await openEtcdWorld();
  for (const start of ['PRI * nonsense that is no HTTP/2 at all\r\n\r\n', 'PR', '\0\0\0', 'GET / nonsense\r\n\r\n']) {
    const socket = net.connect(world.port, '127.0.0.1');
    await once(socket, 'connect');
    const closed = once(socket, 'close');
    socket.on('error', () => undefined);
    socket.end(start);
    socket.resume();
    await closed;
  }
  expect((await world.post('/v3/kv/put', { key: base64('a') })).status).toBe(200);
  expect(world.logged).toEqual([]);
});
