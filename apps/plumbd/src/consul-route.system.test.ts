import { silentLog, systemClock, systemRandom } from '@plumb/base';
import { createIdentity, type Identity } from '@plumb/identity/server';
import { openMemoryKv } from '@plumb/kv';
import { announceTo, openConsulDoor } from '@plumb/registry/consul';
import { openRegistry } from '@plumb/registry/server';
import { expect, test } from 'vitest';
import { openHttpDoor } from './http-door.ts';
import { httpRoutes } from './routes.ts';

const OPERATOR = { caller: { id: 'operator', scopes: ['*'] }, signal: new AbortController().signal };

type World = AsyncDisposable & {
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Response>;
  readonly identity: Identity;
};

async function openWorld(): Promise<World> {
  await using opening = new AsyncDisposableStack();
  const common = { clock: systemClock, log: silentLog };
  const kv = opening.use(await openMemoryKv(common));
  const identity = createIdentity({ kv, ...common, operatorKey: 'k'.repeat(32), consoleUrl: () => '' });
  const registry = opening.use(await openRegistry({ kv, ...common, hostName: 'laptop' }));
  const agent = { nodeName: 'laptop', datacenter: 'dc1', address: '127.0.0.1', port: () => 0 };
  const announcer = announceTo(registry.handlers);
  const consul = opening.use(await openConsulDoor({ kv, ...common, random: systemRandom, agent, announcer }));
  const door = opening.use(
    await openHttpDoor({
      host: '127.0.0.1',
      port: 0,
      authenticator: identity.authenticator,
      call: async () => undefined,
      acceptSocket: () => undefined,
      routes: httpRoutes({
        consul,
        ownMetrics: async () => '',
        prometheus: async () => ({ status: 200, body: { status: 'success', data: null } }),
        trouble: () => undefined,
      }),
      files: new Map(),
      ready: Promise.resolve(),
      observe: () => undefined,
      log: silentLog,
    }),
  );
  const open = opening.move();
  return {
    identity,
    get: (path, headers = {}) => fetch(`http://127.0.0.1:${door.port}${path}`, { headers }),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

test('below /v1 a stranger is told what Consul would tell them, and nothing else', async () => {
  await using world = await openWorld();
  const check = async (path: string, headers: Record<string, string>, text: string): Promise<void> => {
    const answer = await world.get(path, headers);
    expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining(text)]);
  };
  await check('/v1/agent/self', {}, 'Permission denied: send a token of Plumb in the header X-Consul-Token');
  await check('/v1/nothing', {}, 'Permission denied');
  await check('/v1/agent/self', { 'x-consul-token': 'wrong.token' }, 'ACL not found');
  const { token } = await world.identity.handlers.createToken({ name: 'app', scopes: ['registry:read'] }, OPERATOR);
  await check(`/v1/agent/self?token=${token}`, {}, 'Permission denied: a token in a URL ends up in logs');
});

test('a token of Plumb is good in the header of Consul and as a bearer, for what its scopes say', async () => {
  await using world = await openWorld();
  const scopes = ['registry:read', 'consul-kv:read:app/'];
  const { token } = await world.identity.handlers.createToken({ name: 'app', scopes }, OPERATOR);
  for (const headers of [{ 'x-consul-token': token }, { authorization: `Bearer ${token}` }]) {
    expect(await (await world.get('/v1/agent/self', headers)).json()).toMatchObject({ Config: { NodeName: 'laptop' } });
    expect((await world.get('/v1/kv/app/web', headers)).status).toBe(404);
    const denied = await world.get('/v1/kv/other', headers);
    expect([denied.status, await denied.text()]).toEqual([
      403,
      `Permission denied: token "app" lacks permission 'consul-kv:read' on "other"`,
    ]);
  }
  // Elsewhere the header is nothing.
  expect((await world.get('/metrics', { 'x-consul-token': token })).status).toBe(401);
});

test('a query that waits ends with the token that asked it', async () => {
  await using world = await openWorld();
  const { token } = await world.identity.handlers.createToken({ name: 'app', scopes: ['consul-kv:read'] }, OPERATOR);
  const headers = { 'x-consul-token': token };
  const index = (await world.get('/v1/kv/a', headers)).headers.get('x-consul-index');
  const waiting = world.get(`/v1/kv/a?index=${index}&wait=5m`, headers);
  // Whichever comes first: a query that begins afterwards is refused as well.
  await world.identity.handlers.revokeToken({ name: 'app' }, OPERATOR);
  expect((await waiting).status).toBe(403);
});
