import { OperatingError, silentLog, systemClock } from '@plumb/base';
import { createIdentity, type Identity } from '@plumb/identity/server';
import { openMemoryKv } from '@plumb/kv';
import { until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type HttpDoor, openHttpDoor } from './http-door.ts';

const OPERATOR_KEY = 'k'.repeat(32);
const AUTHORIZATION = { authorization: `Bearer ${OPERATOR_KEY}` };
const OPERATOR = { caller: { id: 'operator', scopes: ['*'] }, signal: new AbortController().signal };

type World = AsyncDisposable & {
  readonly door: HttpDoor;
  readonly url: string;
  readonly identity: Identity;
  readonly sockets: WebSocket[];
};

async function openWorld(ready: Promise<void> = Promise.resolve()): Promise<World> {
  await using opening = new AsyncDisposableStack();
  const kv = opening.use(await openMemoryKv({ clock: systemClock }));
  const identity = createIdentity({
    kv,
    clock: systemClock,
    log: silentLog,
    operatorKey: OPERATOR_KEY,
    consoleUrl: () => '',
  });
  const sockets: WebSocket[] = [];
  const door = opening.use(
    await openHttpDoor({
      host: '127.0.0.1',
      port: 0,
      authenticator: identity.authenticator,
      call: async (method) => {
        throw new OperatingError('not-found', `there is no ${method}`);
      },
      acceptSocket: (socket) => sockets.push(socket),
      routes: {},
      files: new Map(),
      ready,
      observe: () => undefined,
      log: silentLog,
    }),
  );
  const open = opening.move();
  const url = `http://127.0.0.1:${door.port}`;
  return { door, url, identity, sockets, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

function connect({ url }: World, headers: Record<string, string>): WebSocket {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/stream`, { headers });
  socket.on('error', () => undefined);
  return socket;
}

test('nobody is answered before every service is there, on a call and on a WebSocket', async () => {
  const ready = Promise.withResolvers<void>();
  await using world = await openWorld(ready.promise);
  let status: number | undefined;
  const asking = fetch(`${world.url}/api/deploy.status`, { method: 'POST', headers: AUTHORIZATION }).then(
    (response) => (status = response.status),
  );
  const socket = connect(world, AUTHORIZATION);
  // A stranger's request came later and waits as well: so those before it do.
  await expect(fetch(world.url, { signal: AbortSignal.timeout(100) })).rejects.toThrow();
  expect(status).toBeUndefined();
  expect(socket.readyState).toBe(WebSocket.CONNECTING);

  ready.resolve();
  await asking;
  expect(status).toBe(404);
  await until('the socket is open', () => world.sockets.length === 1);
});

test('a WebSocket ends with the token or session that opened it', async () => {
  await using world = await openWorld();
  const { authenticator, handlers } = world.identity;
  const { token } = await handlers.createToken({ name: 'ci', scopes: ['*'] }, OPERATOR);
  const signedIn = await fetch(`${world.url}/sign-in?code=${authenticator.createSignInCode().code}`);
  const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
  const [byKey, byToken, bySession] = [
    connect(world, AUTHORIZATION),
    connect(world, { authorization: `Bearer ${token}` }),
    connect(world, { cookie }),
  ];
  await until('all are open', () => world.sockets.length === 3);

  await handlers.revokeToken({ name: 'ci' }, OPERATOR);
  await until('the socket of the token is closed', () => byToken.readyState === WebSocket.CLOSED);
  expect(bySession.readyState).toBe(WebSocket.OPEN);
  await fetch(`${world.url}/sign-out`, { method: 'POST', headers: { cookie } });
  await until('the socket of the session is closed', () => bySession.readyState === WebSocket.CLOSED);
  expect(byKey.readyState).toBe(WebSocket.OPEN);
});

test('closing does not wait for whoever is connected', async () => {
  const world = await openWorld();
  const socket = connect(world, AUTHORIZATION);
  await until('the socket is open', () => world.sockets.length === 1);
  await world[Symbol.asyncDispose]();
  await until('the socket is closed', () => socket.readyState === WebSocket.CLOSED);
});
