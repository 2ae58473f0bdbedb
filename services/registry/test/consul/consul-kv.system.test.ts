/** The npm client of Consul (node-consul) against the door: keys, sessions, locks, transactions, watches. */
import net from 'node:net';
import { until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { type ConsulWorld, openConsulWorld, OPERATOR } from './consul-world.ts';

/** What the types of the client leave out. */
type Item = {
  readonly Key: string;
  readonly Value: string | null;
  readonly Flags: number;
  readonly LockIndex: number;
  readonly CreateIndex: number;
  readonly ModifyIndex: number;
  readonly Session?: string;
};

/** The client makes undefined of Consul's `false`. */
const REFUSED = undefined;

async function item(world: ConsulWorld, key: string): Promise<Item> {
  return (await world.client().kv.get(key)) as Item;
}

test('a key is put, read, listed, and deleted', async () => {
  await using world = await openConsulWorld();
  const { kv } = world.client();
  expect(await kv.get('hello')).toBeUndefined();
  expect(await kv.set('hello', 'world')).toBe(true);
  expect(await kv.get('hello')).toEqual({
    CreateIndex: expect.any(Number),
    ModifyIndex: expect.any(Number),
    LockIndex: 0,
    Key: 'hello',
    Flags: 0,
    Value: 'world',
  });
  expect(await kv.get({ key: 'hello', raw: true })).toEqual(Buffer.from('world'));
  expect(await kv.set('none', '')).toBe(true);
  expect((await item(world, 'none')).Value).toBeNull();
  expect(await kv.get({ recurse: true })).toHaveLength(2);
  expect(await kv.del('hello')).toBe(true);
  expect(await kv.del('hello')).toBe(true);
  expect(await kv.get('hello')).toBeUndefined();
  await kv.del({ recurse: true });
  expect(await kv.get({ recurse: true })).toBeUndefined();
});

test('keys hold any text and bytes, and flags all of 64 bits', async () => {
  await using world = await openConsulWorld();
  const { kv } = world.client();
  const value = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  await kv.set({ key: 'a b/ü%/?#', value, flags: 42 });
  expect(await kv.get({ key: 'a b/ü%/?#', raw: true })).toEqual(value);
  expect((await item(world, 'a b/ü%/?#')).Flags).toBe(42);
  // What the locks of Consul's own client for Go put, and compare.
  await world.fetch('/v1/kv/lock?flags=3304740253564472344', { method: 'PUT', body: 'x' });
  const text = await (await world.fetch('/v1/kv/lock')).text();
  expect(text).toContain('"Flags":3304740253564472344');
});

test('keys are listed below a prefix, and cut at a separator', async () => {
  await using world = await openConsulWorld();
  const { kv } = world.client();
  for (const key of ['a/x/1', 'a/x/2', 'a/y', 'a/z/3', 'b']) await kv.set(key, 'value');
  expect(await kv.keys('a')).toEqual(['a/x/1', 'a/x/2', 'a/y', 'a/z/3']);
  expect(await kv.keys({ key: 'a/', separator: '/' })).toEqual(['a/x/', 'a/y', 'a/z/']);
  expect(await kv.keys()).toHaveLength(5);
  await expect(kv.keys('c')).rejects.toThrow('not found');
  await kv.del({ key: 'a/x', recurse: true });
  expect(await kv.keys()).toEqual(['a/y', 'a/z/3', 'b']);
});

test('a value is stored, and a key deleted, only over the index that was seen', async () => {
  await using world = await openConsulWorld();
  const { kv } = world.client();
  expect(await kv.set({ key: 'a', value: '1', cas: 7 })).toBe(REFUSED);
  expect(await kv.set({ key: 'a', value: '1', cas: 0 })).toBe(true);
  expect(await kv.set({ key: 'a', value: '2', cas: 0 })).toBe(REFUSED);
  const { ModifyIndex } = await item(world, 'a');
  expect(await kv.set({ key: 'a', value: '2', cas: ModifyIndex })).toBe(true);
  expect(await kv.del({ key: 'a', cas: ModifyIndex })).toBe(REFUSED);
  expect(await kv.del({ key: 'a', cas: (await item(world, 'a')).ModifyIndex })).toBe(true);
  expect(await kv.get('a')).toBeUndefined();
});

test('who puts the same value again changes nothing', async () => {
  await using world = await openConsulWorld();
  const { kv } = world.client();
  await kv.set('a', '1');
  const before = await item(world, 'a');
  await kv.set('a', '1');
  expect(await item(world, 'a')).toEqual(before);
});

test('a session is made, read, renewed, and destroyed', async () => {
  await using world = await openConsulWorld();
  const { session } = world.client();
  const { ID: id } = (await session.create({ name: 'lock', ttl: '20s', lockdelay: '2s', behavior: 'delete' })) as {
    ID: string;
  };
  const expected = {
    ID: id,
    Name: 'lock',
    Node: 'node1',
    NodeChecks: ['serfHealth'],
    ServiceChecks: null,
    LockDelay: 2e9,
    Behavior: 'delete',
    TTL: '20s',
  };
  expect(await session.get(id)).toMatchObject(expected);
  expect(await session.list()).toMatchObject([expected]);
  expect(await session.node('node1')).toHaveLength(1);
  expect(await session.node('nobody')).toEqual([]);
  expect(await session.renew(id)).toMatchObject([expected]);
  await session.destroy(id);
  await session.destroy(id);
  expect(await session.get(id)).toBeUndefined();
  await expect(session.renew(id)).rejects.toThrow('not found');
});

test('a lock has one holder, who gives it to the next', async () => {
  await using world = await openConsulWorld();
  const { kv, session } = world.client();
  const create = async (): Promise<string> => ((await session.create({ lockdelay: '1ms' })) as { ID: string }).ID;
  const [first, second] = [await create(), await create()];
  expect(await kv.set({ key: 'leader', value: 'one', acquire: first })).toBe(true);
  expect(await kv.set({ key: 'leader', value: 'one again', acquire: first })).toBe(true);
  expect(await kv.set({ key: 'leader', value: 'two', acquire: second })).toBe(REFUSED);
  expect(await item(world, 'leader')).toMatchObject({ Value: 'one again', LockIndex: 1, Session: first });
  expect(await kv.set({ key: 'leader', value: 'x', release: second })).toBe(REFUSED);
  expect(await kv.set({ key: 'leader', value: 'free', release: first })).toBe(true);
  expect((await item(world, 'leader')).Session).toBeUndefined();
  expect(await kv.set({ key: 'leader', value: 'two', acquire: second })).toBe(true);
  expect(await item(world, 'leader')).toMatchObject({ Value: 'two', LockIndex: 2, Session: second });
  await expect(kv.set({ key: 'leader', value: 'x', acquire: 'nobody' })).rejects.toMatchObject({
    statusCode: 500,
    response: { body: 'invalid session "nobody"' },
  });
});

test('fifty who want one lock have it one after the other', async () => {
  await using world = await openConsulWorld();
  const client = world.client();
  let holders = 0;
  let holderCountMax = 0;
  let turns = 0;
  const contend = async (): Promise<void> => {
    const { ID: id } = (await client.session.create({ lockdelay: '1ms' })) as { ID: string };
    let index = '0';
    while (!(await client.kv.set({ key: 'lock', value: id, acquire: id }))) {
      const answer = await world.fetch(`/v1/kv/lock?index=${index}&wait=5s`);
      index = answer.headers.get('x-consul-index') ?? '';
    }
    holders += 1;
    holderCountMax = Math.max(holderCountMax, holders);
    await new Promise(setImmediate);
    holders -= 1;
    turns += 1;
    expect(await client.kv.set({ key: 'lock', value: '', release: id })).toBe(true);
  };
  await Promise.all(Array.from({ length: 50 }, contend));
  expect(holderCountMax).toBe(1);
  expect(turns).toBe(50);
  expect((await item(world, 'lock')).LockIndex).toBe(50);
});

test('a transaction is done as a whole, or not at all', async () => {
  await using world = await openConsulWorld();
  const { kv, transaction } = world.client();
  const value = Buffer.from('value').toString('base64');
  const set = (Key: string): object => ({ KV: { Verb: 'set', Key, Value: value, Flags: 7 } });
  const done = (await transaction.create([set('a'), set('b'), { KV: { Verb: 'get', Key: 'a' } }] as never)) as {
    Results: { KV: Item }[];
  };
  expect(done.Results.map(({ KV }) => KV)).toMatchObject([
    { Key: 'a', Value: null, Flags: 7 },
    { Key: 'b', Value: null, Flags: 7 },
    { Key: 'a', Value: value, Flags: 7 },
  ]);
  const { CreateIndex, ModifyIndex } = await item(world, 'a');
  expect(done.Results[0]?.KV).toMatchObject({ CreateIndex, ModifyIndex });
  expect((await item(world, 'b')).Value).toBe('value');
  const failed = transaction.create([set('c'), { KV: { Verb: 'cas', Key: 'a', Value: value, Index: 99 } }] as never);
  await expect(failed).rejects.toMatchObject({
    statusCode: 409,
    response: { body: { Results: null, Errors: [{ OpIndex: 1, What: 'failed to set key "a", index is stale' }] } },
  });
  expect(await kv.get('c')).toBeUndefined();
});

test('a watch is told of each change, and ends on a request that is wrong', async () => {
  await using world = await openConsulWorld();
  const client = world.client();
  const seen: (string | null | undefined)[] = [];
  const watch = client.watch({
    method: (options: never) => client.kv.get(options),
    options: { key: 'test', wait: '30s' },
  });
  watch.on('change', (data: Item | undefined) => seen.push(data?.Value));
  watch.on('error', (error: unknown) => seen.push(String(error)));
  await until('the first answer', () => seen.length === 1);
  for (const value of ['1', '2', '3']) {
    const { length } = seen;
    await client.kv.set('test', value);
    await until('the change', () => seen.length > length);
  }
  await client.kv.del('test');
  await until('the deletion', () => seen.length === 5);
  expect(seen).toEqual([undefined, '1', '2', '3', undefined]);
  watch.end();

  const errors: unknown[] = [];
  const wrong = client.watch({ method: (options: never) => client.kv.get(options), options: {} });
  wrong.on('error', (error: unknown) => errors.push(error));
  await until('the end', () => !wrong.isRunning());
  expect(errors).toHaveLength(1);
});

test('a watch of a prefix is told of a key that is deleted', async () => {
  await using world = await openConsulWorld();
  const client = world.client();
  await client.kv.set('dir/a', '1');
  await client.kv.set('dir/b', '1');
  const seen: number[] = [];
  const watch = client.watch({
    method: (options: never) => client.kv.get(options),
    options: { key: 'dir/', recurse: 'true' },
  });
  watch.on('change', (data: Item[] | undefined) => seen.push(data?.length ?? 0));
  await until('the first answer', () => seen.length === 1);
  await client.kv.set('other', '1');
  await client.kv.del('dir/b');
  await until('the first deletion', () => seen.length === 2);
  await client.kv.del('dir/a');
  await until('the second deletion', () => seen.length === 3);
  expect(seen).toEqual([2, 1, 0]);
  watch.end();
});

test('events are fired and listed', async () => {
  await using world = await openConsulWorld();
  const { event } = world.client();
  const fired = (await event.fire('deploy', 'now')) as { ID: string };
  await event.fire('other');
  expect(await event.list('deploy')).toMatchObject([
    { ID: fired.ID, Name: 'deploy', Payload: 'now', Version: 1, LTime: 1 },
  ]);
  expect(await event.list()).toHaveLength(2);
});

test('a body that is too large is refused, however it is sent, and the next request is answered', async () => {
  await using world = await openConsulWorld();
  const tooLarge = 'x'.repeat(1_048_577);
  expect((await world.fetch('/v1/kv/a', { method: 'PUT', body: tooLarge })).status).toBe(413);
  const chunked = new Blob([tooLarge]).stream();
  const answer = await world.fetch('/v1/kv/a', { method: 'PUT', body: chunked, duplex: 'half' } as never);
  expect(answer.status).toBe(413);
  expect((await world.fetch('/v1/kv/a')).status).toBe(404);
});

test('a caller who leaves in the middle of a body, or while they wait, leaves nothing behind', async () => {
  await using world = await openConsulWorld();
  const token = world.token(OPERATOR);
  const head = `PUT /v1/kv/a HTTP/1.1\r\nhost: x\r\nx-consul-token: ${token}\r\ncontent-length: 100\r\n\r\nhalf`;
  const socket = net.connect({ port: world.port, host: '127.0.0.1' });
  await new Promise((resolve) => socket.write(head, resolve));
  socket.destroy();
  const index = (await world.fetch('/v1/kv/a')).headers.get('x-consul-index');
  const gone = new AbortController();
  const waiting = world.fetch(`/v1/kv/a?index=${index}&wait=10m`, { signal: gone.signal }).catch(() => 'gone');
  await new Promise(setImmediate);
  gone.abort();
  expect(await waiting).toBe('gone');
  expect(await world.client().kv.set('a', '1')).toBe(true);
  expect((await item(world, 'a')).Value).toBe('1');
});
