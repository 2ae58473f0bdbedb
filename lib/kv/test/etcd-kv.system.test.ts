// The conformance suite on a real etcd, and what only a server of its own can do: restarts, passwords, leases that end.
import { silentLog, systemClock } from '@plumb/base';
import { type EtcdServer, hasRequirement, kvSuite, openTemporaryDirectory, startEtcd, until } from '@plumb/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openEtcdKv } from '../src/etcd/index.ts';
import type { Kv } from '../src/index.ts';
import { openRocksKv, restoreBackup } from '../src/rocks.ts';

const put = (key: string, text: string, leaseId?: string) =>
  ({ kind: 'put', key, value: Buffer.from(text), leaseId }) as const;

if (hasRequirement('etcd', 'install it with "apt-get install etcd-server"')) {
  let etcd: EtcdServer;
  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(() => etcd[Symbol.asyncDispose]());
  let prefixes = 0;
  const nextPrefix = (): string => `test-${(prefixes += 1)}/`;
  const open = (prefix: string): Promise<Kv> => openEtcdKv({ endpoints: [etcd.endpoint], clock: systemClock, prefix });

  kvSuite(
    'etcd',
    async () => {
      const prefix = nextPrefix();
      return { open: () => open(prefix), [Symbol.asyncDispose]: async () => undefined };
    },
    {
      runs: 15,
      lacks: {
        fakeTime: "etcd's leases end by its own clock",
        overlap: 'etcd refuses a transaction that changes a key twice',
        order: 'requests to etcd that are under way together may overtake each other',
        freeLeases: "ids of etcd's leases are numbers, and their times whole seconds",
        compaction: "the history is etcd's, and etcd 3.4.23 loses deletions at a compaction: etcd-io/etcd#18089",
        promptWatch: 'etcd sends changes when it gets to it, and progress marks every ten minutes',
        ownRevisions: "revisions are etcd's, and start at 1",
      },
    },
  );

  test('a watch goes on after etcd was killed and came back, and misses nothing', async () => {
    await using kv = await open(nextPrefix());
    const from = kv.revision() + 1;
    const stop = new AbortController();
    const watches = [
      kv.watch('', { signal: stop.signal }),
      kv.watchFrom('', { fromRevision: from, signal: stop.signal }),
    ];
    const [state, history] = watches.map((watch) => watch[Symbol.asyncIterator]());
    expect((await state?.next())?.value).toMatchObject({ kind: 'snapshot', entries: [] });
    for (let round = 0; round < 3; round += 1) {
      if (round > 0) await etcd.restart();
      const key = `key/${round}`;
      await until('etcd takes a write', async () => (await kv.transact([put(key, 'x')])).kind === 'committed');
      const change = { kind: 'change', puts: [{ key }] };
      expect((await state?.next())?.value).toMatchObject(change);
      expect((await history?.next())?.value).toMatchObject(change);
    }
    stop.abort();
  });

  test('a lease ends when nobody keeps it alive, and its keys go', async () => {
    await using kv = await open(nextPrefix());
    const [ending, living] = [await kv.grantLease(1_500), await kv.grantLease(2_000)];
    expect(ending.ttlMs).toBe(2_000);
    await kv.transact([put('a', '1', ending.leaseId), put('b', '1', living.leaseId)]);
    await until('the lease has ended', async () => {
      await kv.keepAlive(living.leaseId);
      return (await kv.get('a')) === undefined;
    });
    expect(await kv.get('b')).toBeDefined();
    await expect(kv.keepAlive(ending.leaseId)).rejects.toMatchObject({ code: 'not-found' });
    for (const leaseId of ['text', '0', String(2n ** 63n)]) {
      await expect(kv.grantLease(2_000, { leaseId })).rejects.toMatchObject({ code: 'invalid' });
    }
  });

  test('what is compacted is said, by a read and by a watch', async () => {
    await using kv = await open(nextPrefix());
    for (const text of ['1', '2', '3']) await kv.transact([put('a', text)]);
    const revision = kv.revision();
    await kv.compact(revision);
    await kv.compact(revision - 1);
    await expect(kv.compact(revision + 1)).rejects.toMatchObject({ code: 'invalid' });
    await expect(kv.range({ start: '', revision: revision - 1 })).rejects.toMatchObject({ code: 'not-found' });
    expect((await kv.range({ start: '', revision })).entries).toHaveLength(1);
    for await (const event of kv.watchFrom('', { fromRevision: revision - 1, signal: new AbortController().signal })) {
      expect(event).toEqual({ kind: 'compacted', oldestRevision: revision });
    }
  });

  test('a store in etcd moves to RocksDB by a backup', async () => {
    await using directory = await openTemporaryDirectory();
    const [file, store] = [`${directory.path}/backup`, `${directory.path}/store`];
    await using kv = await open(nextPrefix());
    for (let from = 0; from < 2_500; from += 500) {
      await kv.transact(Array.from({ length: 500 }, (_, index) => put(`key/${from + index}`, String(index))));
    }
    const { revision, entryCount } = await kv.backup(file);
    expect(entryCount).toBe(2_500);
    await restoreBackup({ file, directory: store, clock: systemClock, log: silentLog });
    await using restored = await openRocksKv({ directory: store, clock: systemClock, log: silentLog });
    // Of etcd's revision only that of the backup is asked for: leases that other tests left there end meanwhile.
    expect(await restored.list('')).toEqual({ revision, entries: (await kv.list('')).entries });
  });

  test('an etcd that cannot be reached is said so, and the next endpoint is asked', async () => {
    const closed = 'http://127.0.0.1:1';
    await expect(openEtcdKv({ endpoints: [closed], clock: systemClock })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/etcd did not answer .*ECONNREFUSED/),
    });
    await using kv = await openEtcdKv({ endpoints: [closed, etcd.endpoint], clock: systemClock, prefix: nextPrefix() });
    expect(await kv.transact([put('a', '1')])).toMatchObject({ kind: 'committed' });
  });

  test('a user with a password is known by a token, also when etcd has forgotten it', async () => {
    await using locked = await startEtcd({ arguments: ['--auth-token', 'simple'] });
    const call = async (path: string, body: object): Promise<void> => {
      const response = await fetch(`${locked.endpoint}/v3/auth/${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
      });
      expect(response.status, await response.text()).toBe(200);
    };
    await call('user/add', { name: 'root', password: 'secret' });
    await call('role/add', { name: 'root' });
    await call('user/grant', { user: 'root', role: 'root' });
    await call('enable', {});
    const options = { endpoints: [locked.endpoint], clock: systemClock };
    await expect(openEtcdKv(options)).rejects.toMatchObject({ code: expect.stringMatching(/denied|invalid/) });
    const wrong = { username: 'root', password: 'wrong' };
    await expect(openEtcdKv({ ...options, credentials: wrong })).rejects.toMatchObject({
      code: expect.stringMatching(/denied|invalid/),
    });
    await using kv = await openEtcdKv({ ...options, credentials: { username: 'root', password: 'secret' } });
    await kv.transact([put('a', '1')]);
    // Simple tokens do not survive a restart.
    await locked.restart();
    await until('etcd takes a write', async () => (await kv.transact([put('a', '2')])).kind === 'committed');
  });
}
