// No door is open to strangers: every route, every method, the WebSocket and RPC.
import { openTemporaryDirectory, until } from '@plumb/testing';
import { contracts } from '@plumb/plumbd/clients';
import { createConnection } from '@plumb/rpc';
import { type KeyPair, openZeromqChannel } from '@plumb/rpc/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openNetwork } from './src/network.ts';
import { type PlumbProcess, runPlumb, startPlumb } from './src/plumb-process.ts';

let directory: Awaited<ReturnType<typeof openTemporaryDirectory>>;
let plumb: PlumbProcess;

beforeAll(async () => {
  directory = await openTemporaryDirectory();
  plumb = await startPlumb({ dataDirectory: directory.path });
}, 60_000);

afterAll(async () => {
  await plumb[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

const METHODS = Object.entries(contracts).flatMap(([service, contract]) =>
  Object.keys(contract).map((verb) => `${service}.${verb}`),
);
const PATHS = [
  '/',
  '/index.html',
  '/apps/tipjar',
  '/assets/index.js',
  '/nowhere',
  '/sign-in',
  '/sign-in?code=guess.guess',
  '/sign-out',
  '/metrics',
  '/healthz/live',
  '/healthz/ready',
  '/api/',
  '/api/stream',
  '/prometheus/api/v1/query?query=up',
  '/prometheus/api/v1/query_range',
  '/prometheus/api/v1/series',
  '/prometheus/api/v1/labels',
  '/prometheus/api/v1/label/job/values',
  '/prometheus/api/v1/metadata',
  '/v1/catalog/services',
  '/..%2f..%2fetc%2fpasswd',
  ...METHODS.map((method) => `/api/${method}`),
];

/** The RPC door that a network could reach. */
const tcp = (): string => plumb.doors.rpc.at(-1) ?? '';
const bearer = (): Record<string, string> => ({ authorization: `Bearer ${plumb.token}` });

test('a stranger is refused at every path with every method, and gets nothing else', async () => {
  for (const path of PATHS) {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS']) {
      // A code that does not exist counts as a guess: those are limited, and have a test of their own.
      if (path.includes('code=') && method !== 'POST') continue;
      const response = await fetch(plumb.doors.http + path, { method, redirect: 'manual' });
      // Consul knows no 401.
      const refusal = path.startsWith('/v1/') ? 403 : 401;
      expect(`${method} ${path} ${response.status}`).toBe(`${method} ${path} ${refusal}`);
      await response.body?.cancel();
    }
  }
});

test('a stranger gets no WebSocket', async () => {
  const status = await webSocketStatus({});
  expect(status).toBe(401);
  expect(await webSocketStatus(bearer())).toBe(101);
  expect(await webSocketStatus({ ...bearer(), origin: 'http://evil.example' })).toBe(403);
});

test('a cross-site POST is refused even with a session, and a session opens the console', async () => {
  const { url } = await plumb.services.identity.createSignInLink({});
  const signIn = await fetch(url, { redirect: 'manual' });
  expect(signIn.status).toBe(200);
  const cookie = signIn.headers.get('set-cookie') ?? '';
  expect(cookie).toMatch(/^plumb_session_\d+=[^;]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/);
  const session = { cookie: cookie.split(';')[0] ?? '' };

  expect((await fetch(`${plumb.doors.http}/`, { headers: session })).status).toBe(200);
  const post = (headers: Record<string, string>): Promise<Response> =>
    fetch(`${plumb.doors.http}/api/identity.whoami`, {
      method: 'POST',
      body: '{}',
      headers: { ...session, ...headers },
    });
  expect((await post({ origin: plumb.doors.http })).status).toBe(200);
  expect((await post({ origin: 'http://evil.example' })).status).toBe(403);
  expect((await post({ origin: 'null' })).status).toBe(403);
  expect((await post({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);

  const again = await fetch(url, { redirect: 'manual' });
  expect(again.status).toBe(401);
  await fetch(`${plumb.doors.http}/sign-out`, { method: 'POST', headers: session });
  expect((await fetch(`${plumb.doors.http}/`, { headers: session })).status).toBe(401);
});

test('a token does what its scopes say and no more, over HTTP and over RPC', async () => {
  const created = await plumb.run('token', 'create', 'reader', 'config:read', '--json');
  const { token } = JSON.parse(created.out) as { token: string };
  const call = async (method: string): Promise<number> =>
    (
      await fetch(`${plumb.doors.http}/api/${method}`, {
        method: 'POST',
        body: '{}',
        headers: { authorization: `Bearer ${token}` },
      })
    ).status;
  expect(await call('config.list')).toBe(200);
  expect(await call('deploy.status')).toBe(403);
  expect(await call('identity.tokens')).toBe(403);
  expect((await fetch(`${plumb.doors.http}/metrics`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(
    403,
  );
  const channel = await openZeromqChannel({ address: tcp(), token, curve: { serverKey: plumb.doors.rpcKey } });
  expect((await plumb.run('token', 'revoke', 'reader')).code).toBe(0);
  expect(await call('config.list')).toBe(401);
  await until('the connection ends with its token', () => channel.closed.aborted);
});

test('RPC over TCP lets nobody in without CURVE, or without a key or token that is known', async () => {
  const address = tcp();
  const curve = { serverKey: plumb.doors.rpcKey };
  const check = async (shown: { token?: string; curve?: typeof curve }, message: string): Promise<void> => {
    const denied = { code: 'denied', message: expect.stringContaining(message) as string };
    await expect(openZeromqChannel({ address, ...shown })).rejects.toMatchObject(denied);
  };
  await check({ token: plumb.token }, 'speaks CURVE: give its public key');
  await check({ curve }, 'nobody known holds the key');
  await check({ token: 'wrong', curve }, 'the token is not valid');
  const plain = { address: plumb.doors.rpc[0] ?? '', token: 'wrong' };
  expect(plain.address).toMatch(/^ipc:/);
  await expect(openZeromqChannel(plain)).rejects.toMatchObject({ code: 'denied' });
});

test('a registered key calls from elsewhere as its scopes allow, and its connections end when it is revoked', async () => {
  const keys = JSON.parse((await plumb.run('token', 'keys', '--json')).out) as KeyPair;
  expect((await plumb.run('token', 'create', 'indexer', 'config:read', `--key=${keys.publicKey}`)).code).toBe(0);
  const elsewhere = { PLUMB_RPC: tcp(), PLUMB_RPC_KEY: plumb.doors.rpcKey, PLUMB_CURVE_KEY: keys.secretKey };
  const call = (method: string): ReturnType<typeof runPlumb> =>
    runPlumb(['call', method, '{}', '--json', '--data', '/nowhere'], elsewhere);
  const whoami = await call('identity.whoami');
  expect(whoami).toMatchObject({ code: 0, err: '' });
  expect(JSON.parse(whoami.out)).toEqual({ id: 'indexer', scopes: ['config:read'] });
  expect((await call('config.list')).code).toBe(0);
  expect((await call('identity.tokens')).err).toContain('it needs the scope identity:read');

  const channel = await openZeromqChannel({ address: tcp(), curve: { serverKey: plumb.doors.rpcKey, keys } });
  expect((await plumb.run('token', 'revoke', 'indexer')).code).toBe(0);
  await until('the connection ends with its key', () => channel.closed.aborted);
  expect((await call('identity.whoami')).err).toContain('nobody known holds the key');
});

// Goal: what crosses the network cannot be read. Method: a network that keeps every byte, with a token and an answer
// whose text is known.
test('neither a token nor what is called or answered can be seen on the wire', async () => {
  await using network = await openNetwork(tcp());
  const { address } = network;
  const curve = { serverKey: plumb.doors.rpcKey };
  using connection = createConnection(await openZeromqChannel({ address, token: plumb.token, curve }));
  expect(await connection.call('identity.whoami', {})).toEqual({ id: 'operator', scopes: ['*'] });
  const seen = network.seen();
  expect(seen).toContain('CURVE');
  const words = [plumb.token, 'identity', 'whoami', 'operator', 'scopes'];
  expect(words.filter((word) => seen.includes(word))).toEqual([]);
});

test('health and metrics answer those who may ask', async () => {
  const get = async (path: string): Promise<Response> => fetch(plumb.doors.http + path, { headers: bearer() });
  expect(await (await get('/healthz/ready')).text()).toBe('ready\n');
  expect(await (await get('/metrics')).text()).toContain('plumb_http_requests_total');
  expect((await get('/no/such.file')).status).toBe(404);
  const tooMuch = await fetch(`${plumb.doors.http}/api/config.list`, {
    method: 'POST',
    headers: bearer(),
    body: 'x'.repeat(1_100_000),
  });
  expect(tooMuch.status).toBe(400);
  const notJson = await fetch(`${plumb.doors.http}/api/config.list`, {
    method: 'POST',
    headers: bearer(),
    body: '{"a":',
  });
  expect(await notJson.json()).toMatchObject({ error: { code: 'invalid' } });
  // A stream has no answer that a call could wait for: it is refused rather than begun.
  const stream = await fetch(`${plumb.doors.http}/api/deploy.watch`, { method: 'POST', headers: bearer(), body: '{}' });
  expect(stream.status).toBe(400);
  expect(await stream.json()).toMatchObject({
    error: { code: 'invalid', message: expect.stringContaining('plumb call') as string },
  });
});

// The last: it uses up the tries of this address.
test('whoever guesses tokens is slowed down, while a known token stays welcome', async () => {
  const guess = async (token: string): Promise<number> =>
    (
      await fetch(`${plumb.doors.http}/api/identity.whoami`, {
        method: 'POST',
        body: '{}',
        headers: { authorization: `Bearer ${token}` },
      })
    ).status;
  expect(await guess(plumb.token)).toBe(200);
  const answers = [];
  for (let i = 0; i < 20; i += 1) answers.push(await guess(`wrong${i}`));
  expect(answers.filter((status) => status === 401).length).toBeLessThanOrEqual(11);
  expect(answers.at(-1)).toBe(429);
  expect(await guess(plumb.token)).toBe(200);
});

async function webSocketStatus(headers: Record<string, string>): Promise<number> {
  const { default: http } = await import('node:http');
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const request = http.request(`${plumb.doors.http}/api/stream`, {
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    },
  });
  request.on('response', (response) => {
    response.resume();
    resolve(response.statusCode ?? 0);
  });
  request.on('upgrade', (_response, socket) => {
    socket.destroy();
    resolve(101);
  });
  request.on('error', reject);
  request.end();
  return promise;
}
