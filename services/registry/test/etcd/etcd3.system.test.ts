// The judge is the npm client of etcd, over gRPC.
import { until } from '@plumb/testing';
import { Etcd3, EtcdAuthenticationFailedError, EtcdLeaseInvalidError, EtcdPermissionDeniedError, Range } from 'etcd3';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { type EtcdWorld, openEtcdWorld } from './etcd-world.ts';

type Client = Disposable & { readonly etcd: Etcd3 };

function connect({ url }: EtcdWorld, password = 'all.secret'): Client {
  const etcd = new Etcd3({ hosts: url, auth: { username: 'ada', password } });
  return { etcd, [Symbol.dispose]: () => etcd.close() };
}

test('keys of any bytes are put, read, counted, sorted and deleted', async () => {
  await using world = await openEtcdWorld();
  using client = connect(world);
  const { etcd } = client;
  const key = Buffer.from([0, 1, 0x7f, 0x80, 0xc3, 0xff]);
  await etcd.put(key).value(Buffer.from([0, 0xff]));
  expect(await etcd.get(key).buffer()).toEqual(Buffer.from([0, 0xff]));
  await etcd.put('grüße').value('schön');
  expect(await etcd.get('grüße')).toBe('schön');
  expect(await etcd.get('none')).toBeNull();
  for (const [name, value] of Object.entries({ 'n/1': '3', 'n/2': '1', 'n/3': '2' })) await etcd.put(name).value(value);
  expect(await etcd.getAll().prefix('n/').sort('Value', 'Ascend').keys()).toEqual(['n/2', 'n/3', 'n/1']);
  expect(await etcd.getAll().prefix('n/').sort('Mod', 'Descend').limit(2).strings()).toEqual({
    'n/3': '2',
    'n/2': '1',
  });
  expect(await etcd.getAll().prefix('n/').count()).toBe(3);
  expect(await etcd.getAll().count()).toBe(5);
  expect(await etcd.delete().prefix('n/')).toMatchObject({ deleted: '3' });
  expect(await etcd.delete().range(new Range(key, 'h'))).toMatchObject({ deleted: '2' });
  expect(world.logged).toEqual([]);
});

test('a condition decides between two branches', async () => {
  await using world = await openEtcdWorld();
  using client = connect(world);
  const { etcd } = client;
  const claim = async (value: string): Promise<boolean> => {
    const { succeeded } = await etcd
      .if('leader', 'Create', '==', 0)
      .then(etcd.put('leader').value(value))
      .else(etcd.get('leader'))
      .commit();
    return succeeded;
  };
  expect(await claim('ada')).toBe(true);
  expect(await claim('bob')).toBe(false);
  expect(await etcd.get('leader')).toBe('ada');
});

test('a lease is kept alive, tells its time, and takes its keys with it', async () => {
  await using world = await openEtcdWorld();
  using client = connect(world);
  const lease = client.etcd.lease(2);
  await lease.put('here').value('yes');
  await lease.keepaliveOnce();
  await until('it lives longer than its time', async () => {
    const { TTL, grantedTTL, keys } = await client.etcd.leaseClient.leaseTimeToLive({
      ID: await lease.grant(),
      keys: true,
    });
    expect(grantedTTL).toBe('2');
    expect(keys.map(String)).toEqual(['here']);
    return Number(TTL) <= 1;
  });
  await lease.revoke();
  expect(await client.etcd.get('here')).toBeNull();

  const lost = client.etcd.lease(60);
  await client.etcd.leaseClient.leaseRevoke({ ID: await lost.grant() });
  await expect(lost.put('a').value('1')).rejects.toSatisfy((error) => error instanceof EtcdLeaseInvalidError);
});

test('watches share a stream: each sees its own keys, with what was there before', async () => {
  await using world = await openEtcdWorld();
  using client = connect(world);
  const { etcd } = client;
  const seen: string[] = [];
  const one = await etcd.watch().key('one').withPreviousKV().create();
  const prefix = await etcd.watch().prefix('p/').only('delete').create();
  one.on('put', (kv, previous) => seen.push(`one=${String(kv.value)} was ${String(previous?.value)}`));
  one.on('delete', (kv, previous) => seen.push(`one gone, was ${String(previous?.value)} at ${kv.mod_revision}`));
  prefix.on('put', () => seen.push('a put'));
  prefix.on('delete', (kv) => seen.push(`${String(kv.key)} gone`));
  await etcd.put('one').value('1');
  await etcd.put('one').value('2');
  await etcd.put('p/a').value('1');
  await etcd.delete().all();
  await until('all is seen', () => seen.length >= 4);
  expect(seen.toSorted()).toEqual(['one gone, was 2 at 5', 'one=1 was undefined', 'one=2 was 1', 'p/a gone']);
  await one.cancel();
  await etcd.put('p/b').value('1');
  await etcd.delete().key('p/b');
  await until('the other goes on', () => seen.at(-1) === 'p/b gone');
  await prefix.cancel();
});

test('a watch goes on from where it was when its connection is lost', async () => {
  await using world = await openEtcdWorld();
  using client = connect(world);
  const seen: string[] = [];
  const watch = await client.etcd.watch().key('a').create();
  watch.on('put', (kv) => seen.push(String(kv.value)));
  await client.etcd.put('a').value('1');
  await until('the first', () => seen.length === 1);
  const lost = new Promise((resolve) => watch.on('disconnected', resolve));
  // Its token ends: the stream goes, and the client begins again with nothing missed in between.
  world.revoke('all.secret');
  await lost;
  await world.kv.transact([{ kind: 'put', key: 'etcd/a', value: Buffer.from('2') }]);
  world.renew('all.secret');
  await until('what it missed', () => seen.length === 2);
  expect(seen).toEqual(['1', '2']);
});

test('a lock keeps others out, and an election has one winner at a time', async () => {
  await using world = await openEtcdWorld();
  using ada = connect(world);
  using bob = connect(world);
  const lock = await ada.etcd.lock('deploy').ttl(5).acquire();
  await expect(bob.etcd.lock('deploy').ttl(5).acquire()).rejects.toThrow('Failed to acquire a lock on deploy');
  await lock.release();
  await (await bob.etcd.lock('deploy').ttl(5).acquire()).release();

  const [first, second] = [ada.etcd.election('boss', 2).campaign('ada'), bob.etcd.election('boss', 2).campaign('bob')];
  await once(first, 'elected');
  expect(await bob.etcd.election('boss').leader()).toBe('ada');
  const elected = once(second, 'elected');
  await first.resign();
  await elected;
  expect(await ada.etcd.election('boss').leader()).toBe('bob');
  await second.resign();
});

test('transactions in memory are tried again until nobody was in between', async () => {
  await using world = await openEtcdWorld();
  using client = connect(world);
  const { etcd } = client;
  await etcd.put('count').value('0');
  const add = async (): Promise<void> => {
    await etcd.stm({ retries: 50 }).transact(async (tx) => {
      const value = Number(await tx.get('count'));
      await tx.put('count').value(value + 1);
    });
  };
  await Promise.all(Array.from({ length: 8 }, add));
  expect(await etcd.get('count')).toBe('8');
});

test('namespaces, and callers who may do less, keep to their keys', async () => {
  await using world = await openEtcdWorld();
  using client = connect(world);
  const space = client.etcd.namespace('app/web/');
  await space.put('port').value('80');
  expect(await client.etcd.get('app/web/port')).toBe('80');
  using web = connect(world, 'web.secret');
  expect(await web.etcd.namespace('app/web/').getAll().strings()).toEqual({ port: '80' });
  await expect(web.etcd.put('app/api/port').value('1')).rejects.toSatisfy(
    (error) => error instanceof EtcdPermissionDeniedError,
  );
  await expect(web.etcd.watch().prefix('other/').create()).rejects.toThrow('permission denied');
  using wrong = connect(world, 'wrong');
  await expect(wrong.etcd.get('a')).rejects.toSatisfy((error) => error instanceof EtcdAuthenticationFailedError);
  using nobody = { etcd: new Etcd3({ hosts: world.url }), [Symbol.dispose]: () => undefined };
  await expect(nobody.etcd.get('a')).rejects.toThrow('etcdserver: user name is empty');
  nobody.etcd.close();
});
