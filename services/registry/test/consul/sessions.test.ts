import type { MemoryRecords } from '@plumb/kv';
import { createFakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import { type DoorWorld, openDoorWorld, statusAndBody } from './door-world.ts';

type Item = { readonly Value: string | null; readonly Session?: string; readonly LockIndex: number };

async function createSession(world: DoorWorld, body: unknown): Promise<string> {
  return ((await world.json('PUT /v1/session/create', { body })) as { ID: string }).ID;
}

async function item(world: DoorWorld, key: string): Promise<Item | undefined> {
  const { status, body } = await world.ask(`GET /v1/kv/${key}`);
  return status === 404 ? undefined : (JSON.parse(String(body)) as Item[])[0];
}

/** A session that is not renewed ends after twice its time, as Consul's do. */
test('a session whose time is over lets go of its keys, or deletes them, and they cannot be locked at once', async () => {
  await using world = await openDoorWorld();
  const releasing = await createSession(world, { TTL: '10s', LockDelay: '5s' });
  const deleting = await createSession(world, { TTL: '10s', LockDelay: '0s', Behavior: 'delete' });
  const next = await createSession(world, {});
  await world.ask(`PUT /v1/kv/a?acquire=${releasing}`, { body: 'kept' });
  await world.ask(`PUT /v1/kv/b?acquire=${deleting}`, { body: 'gone' });
  await world.clock.advance(19_000);
  expect(await item(world, 'a')).toMatchObject({ Session: releasing });
  await world.clock.advance(1_500);
  expect(await item(world, 'a')).toMatchObject({ Value: Buffer.from('kept').toString('base64'), LockIndex: 1 });
  expect((await item(world, 'a'))?.Session).toBeUndefined();
  expect(await item(world, 'b')).toBeUndefined();
  expect(await world.json('GET /v1/session/list')).toMatchObject([{ ID: next }]);

  expect(await world.json(`PUT /v1/kv/b?acquire=${next}`)).toBe(true);
  expect(await world.json(`PUT /v1/kv/a?acquire=${next}`)).toBe(false);
  await world.clock.advance(5_000);
  expect(await world.json(`PUT /v1/kv/a?acquire=${next}`)).toBe(true);
});

test('a session that is renewed stays, and one that was destroyed is not renewed', async () => {
  await using world = await openDoorWorld();
  const session = await createSession(world, { TTL: '10s' });
  for (let i = 0; i < 5; i += 1) {
    await world.clock.advance(15_000);
    expect(await world.json(`PUT /v1/session/renew/${session}`)).toMatchObject([{ ID: session, TTL: '10s' }]);
  }
  await world.ask(`PUT /v1/session/destroy/${session}`);
  expect(statusAndBody(await world.ask(`PUT /v1/session/renew/${session}`))).toBe(
    `404 Session id '${session}' not found`,
  );
});

test('who waits for a lock is woken when its session ends', async () => {
  await using world = await openDoorWorld();
  const session = await createSession(world, { TTL: '10s', LockDelay: '0s' });
  await world.ask(`PUT /v1/kv/lock?acquire=${session}`, { body: 'x' });
  const { headers } = await world.ask('GET /v1/kv/lock');
  const waiting = world.ask(`GET /v1/kv/lock?index=${headers['x-consul-index']}&wait=10m`);
  await world.clock.advance(21_000);
  expect(JSON.parse(String((await waiting).body))).not.toHaveProperty('0.Session');
});

test('a session ends when a check that it is tied to fails, or goes away', async () => {
  await using world = await openDoorWorld();
  const register = { Name: 'db', Port: 1, Check: { TTL: '1h', Status: 'passing' } };
  await world.ask('PUT /v1/agent/service/register', { body: register });
  const body = { NodeChecks: [], ServiceChecks: [{ ID: 'service:db' }], LockDelay: '0s' };
  const first = await createSession(world, body);
  await world.ask(`PUT /v1/kv/leader?acquire=${first}`, { body: 'x' });
  await world.ask('PUT /v1/agent/check/fail/service:db');
  await world.clock.advance(0);
  expect((await item(world, 'leader'))?.Session).toBeUndefined();
  expect(statusAndBody(await world.ask('PUT /v1/session/create', { body }))).toBe(
    "500 Check 'service:db' is in critical state",
  );
  await world.ask('PUT /v1/agent/check/pass/service:db');
  const second = await createSession(world, body);
  await world.ask('PUT /v1/agent/service/deregister/db');
  await world.clock.advance(0);
  expect(await world.json(`GET /v1/session/info/${second}`)).toEqual([]);
  expect(statusAndBody(await world.ask('PUT /v1/session/create', { body }))).toBe(
    "500 Missing check 'service:db' registration",
  );
});

test('locks live through a restart with their sessions, and those of a session that ended meanwhile do not', async () => {
  const clock = createFakeClock();
  const records: MemoryRecords = new Map();
  let session = '';
  let dead = '';
  {
    await using world = await openDoorWorld({ clock, records });
    session = await createSession(world, { TTL: '10s' });
    dead = await createSession(world, { LockDelay: '0s' });
    await world.ask(`PUT /v1/kv/a?acquire=${session}`, { body: '1' });
    await world.ask(`PUT /v1/kv/b?acquire=${dead}`, { body: '1' });
    await world.door[Symbol.asyncDispose]();
    // As if Plumb had ended between the end of the session and that of its locks.
    await world.kv.transact([{ kind: 'delete', key: `consul/session/${dead}` }]);
  }
  await using world = await openDoorWorld({ clock, records });
  expect(await item(world, 'a')).toMatchObject({ Session: session });
  expect((await item(world, 'b'))?.Session).toBeUndefined();
  expect(await world.json(`PUT /v1/session/renew/${session}`)).toHaveLength(1);
  await world.clock.advance(21_000);
  expect((await item(world, 'a'))?.Session).toBeUndefined();
});

test('what a session is to be is checked in the words of Consul', async () => {
  await using world = await openDoorWorld();
  const check = async (body: unknown, expected: string): Promise<void> =>
    expect(statusAndBody(await world.ask('PUT /v1/session/create', { body }))).toBe(expected);
  await check({ TTL: '9s' }, "500 Invalid Session TTL '9000000000', must be between [10s=24h0m0s]");
  await check({ TTL: 'soon' }, '400 Request TTL decode failed: "soon" is not a duration such as "10s"');
  await check({ Behavior: 'keep' }, "400 Invalid Behavior setting 'keep'");
  await check({ Node: 'nobody' }, '500 Missing node registration');
  await check({ Name: 7 }, '400 Request decode failed: Name is not a string');
  await check('{', "400 Request decode failed: Expected property name or '}' in JSON at position 1 (line 1 column 2)");
  const seconds = await createSession(world, { LockDelay: 3 });
  expect(await world.json(`GET /v1/session/info/${seconds}`)).toMatchObject([{ LockDelay: 3e9 }]);
});

test('a session of somebody else is not ended by who has a part of the keys', async () => {
  await using world = await openDoorWorld();
  const part = { caller: { id: 'app', scopes: ['consul-kv:*:app/'] } };
  const own = (await world.json('PUT /v1/session/create', part)) as { ID: string };
  const other = await createSession(world, {});
  expect((await world.ask(`PUT /v1/session/destroy/${other}`, part)).status).toBe(403);
  expect((await world.ask(`PUT /v1/session/renew/${other}`, part)).status).toBe(403);
  expect(await world.json(`PUT /v1/session/destroy/${own.ID}`, part)).toBe(true);
});
