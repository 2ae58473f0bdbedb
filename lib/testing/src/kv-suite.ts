/**
 * What every `Kv` does, whichever engine is below it. Run it on each:
 *
 *   kvSuite('memory', async () => memorySubject());
 */
import {
  KEY_SIZE_BYTES_MAX,
  type Kv,
  type Operation,
  TRANSACTION_OPERATIONS_MAX,
  VALUE_SIZE_BYTES_MAX,
  type WatchEvent,
} from '@plumb/kv';
import type { Clock } from '@plumb/base';
import { describe, expect, test } from 'vitest';
import { createFakeClock } from './fake-clock.ts';
import { kvAnswersTest, kvReplicaTest } from './kv-histories.ts';
import { until } from './until.ts';

/** One store, empty at first. Opening it again after closing it is a restart. Disposing deletes it. */
export type KvSubject = AsyncDisposable & {
  readonly open: (options: { readonly clock: Clock; readonly watchQueueMax?: number }) => Promise<Kv>;
};

/** `runs` is how many random histories are tried, where the soak test does not say otherwise. */
export function kvSuite(name: string, createSubject: () => Promise<KvSubject>, { runs }: { runs: number }): void {
  /** A test on an open store with a clock that stands still. */
  const kvTest = (title: string, body: (kv: Kv) => Promise<void>): void =>
    test(title, async () => {
      await using subject = await createSubject();
      await using kv = await subject.open({ clock: createFakeClock() });
      await body(kv);
    });

  describe(`a kv on ${name}`, () => {
    transactionTests(kvTest);
    boundTests(kvTest);
    watchTests(kvTest);
    slowWatchTest(createSubject);
    leaseTests(createSubject);
    restartTests(createSubject);
    kvAnswersTest(createSubject, runs);
    kvReplicaTest(createSubject, runs);
  });
}

type KvTest = (title: string, body: (kv: Kv) => Promise<void>) => void;

function transactionTests(kvTest: KvTest): void {
  kvTest('an empty store is at revision 0 and has nothing', async (kv) => {
    expect(kv.revision()).toBe(0);
    expect(await kv.get('a')).toBeUndefined();
    expect(await kv.list('')).toEqual({ revision: 0, entries: [] });
  });

  kvTest('an entry knows the revisions of its creation and of its last change', async (kv) => {
    expect(await kv.transact([put('a', 'one')])).toEqual({ kind: 'committed', revision: 1 });
    await kv.transact([put('b', 'other')]);
    await kv.transact([put('a', 'two')]);
    expect(await kv.get('a')).toEqual({ key: 'a', value: bytes('two'), createRevision: 1, modRevision: 3 });
    await kv.transact([remove('a')]);
    expect(await kv.get('a')).toBeUndefined();
    await kv.transact([put('a', 'three')]);
    expect(await kv.get('a')).toMatchObject({ createRevision: 5, modRevision: 5 });
    expect(kv.revision()).toBe(5);
  });

  kvTest('a transaction that changes nothing keeps the revision', async (kv) => {
    await kv.transact([put('a', '1')]);
    expect(await kv.transact([])).toEqual({ kind: 'committed', revision: 1 });
    expect(await kv.transact([remove('b'), { kind: 'delete-prefix', prefix: 'c' }])).toMatchObject({ revision: 1 });
    expect(await kv.transact([put('b', '1'), remove('b')])).toEqual({ kind: 'committed', revision: 1 });
    expect(await kv.get('b')).toBeUndefined();
  });

  kvTest('operations apply in order, and a prefix takes with it what was put before it', async (kv) => {
    await kv.transact([put('a/1', '1'), put('a/2', '2'), put('b', '3')]);
    await kv.transact([put('a/3', '4'), { kind: 'delete-prefix', prefix: 'a/' }, put('a/2', '5'), remove('b')]);
    expect((await kv.list('')).entries).toEqual([{ key: 'a/2', value: bytes('5'), createRevision: 2, modRevision: 2 }]);
  });

  kvTest('conditions are checked before anything is changed; 0 stands for an absent key', async (kv) => {
    await kv.transact([put('a', '1')]);
    const conflict = await kv.transact([put('b', '2'), remove('a')], {
      compare: [
        { key: 'c', modRevision: 0 },
        { key: 'a', modRevision: 7 },
      ],
    });
    expect(conflict).toMatchObject({ kind: 'conflict', key: 'a', current: { key: 'a', modRevision: 1 } });
    expect(await kv.transact([], { compare: [{ key: 'b', modRevision: 1 }] })).toEqual({
      kind: 'conflict',
      key: 'b',
      current: undefined,
    });
    expect((await kv.list('')).entries.map(({ key }) => key)).toEqual(['a']);
    expect(await kv.transact([remove('a')], { compare: [{ key: 'a', modRevision: 1 }] })).toMatchObject({
      revision: 2,
    });
  });

  kvTest('of many who change the same revision at once, one wins', async (kv) => {
    await kv.transact([put('n', '0')]);
    const tries = Array.from({ length: 20 }, (_, i) =>
      kv.transact([put('n', String(i))], { compare: [{ key: 'n', modRevision: 1 }] }),
    );
    const kinds = (await Promise.all(tries)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'committed')).toHaveLength(1);
    expect(kv.revision()).toBe(2);
  });

  kvTest('keys are in the order of their UTF-8 bytes', async (kv) => {
    const keys = ['\u{1F600}', '\uFFFD', 'é', 'z', 'a/b', 'a', 'a!', 'Z'];
    await kv.transact(keys.map((key) => put(key, key)));
    const sorted = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect((await kv.list('')).entries.map(({ key }) => key)).toEqual(sorted);
    expect((await kv.list('a/')).entries.map(({ key }) => key)).toEqual(['a/b']);
  });

  kvTest("a value is the caller's no longer", async (kv) => {
    const value = bytes('before');
    const writing = kv.transact([{ kind: 'put', key: 'a', value }]);
    value.fill(0);
    await writing;
    expect((await kv.get('a'))?.value).toEqual(bytes('before'));
  });
}

function boundTests(kvTest: KvTest): void {
  kvTest('beyond a bound nothing is written', async (kv) => {
    const check = async (operations: readonly Operation[]): Promise<void> => {
      await expect(kv.transact([put('before', '1'), ...operations])).rejects.toMatchObject({ code: 'invalid' });
    };
    await check([put('', '1')]);
    await check([put('k'.repeat(KEY_SIZE_BYTES_MAX + 1), '1')]);
    await check([put('é'.repeat(KEY_SIZE_BYTES_MAX / 2 + 1), '1')]);
    await check([put('\ud800', '1')]);
    await check([{ kind: 'put', key: 'a', value: new Uint8Array(VALUE_SIZE_BYTES_MAX + 1) }]);
    await check(Array.from({ length: TRANSACTION_OPERATIONS_MAX }, () => remove('a')));
    await check([{ kind: 'put', key: 'a', value: bytes('1'), leaseId: 'none' }]);
    expect(kv.revision()).toBe(0);

    const key = 'k'.repeat(KEY_SIZE_BYTES_MAX);
    await kv.transact([{ kind: 'put', key, value: new Uint8Array(VALUE_SIZE_BYTES_MAX) }]);
    expect((await kv.get(key))?.value.byteLength).toBe(VALUE_SIZE_BYTES_MAX);
  });

  kvTest('a refused transaction does not disturb those beside it', async (kv) => {
    const results = await Promise.allSettled([
      kv.transact([put('a', '1')]),
      kv.transact([put('b', '1'), { kind: 'put', key: 'c', value: bytes('1'), leaseId: 'none' }]),
      kv.transact([put('d', '1')]),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await kv.list('')).entries.map(({ key }) => key)).toEqual(['a', 'd']);
  });

  kvTest('closing finishes what was asked for, and then refuses', async (kv) => {
    const writing = kv.transact([put('a', '1')]);
    await kv[Symbol.asyncDispose]();
    expect(await writing).toEqual({ kind: 'committed', revision: 1 });
    await expect(kv.transact([put('b', '1')])).rejects.toMatchObject({ code: 'unavailable' });
    await expect(kv.get('a')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(kv.list('')).rejects.toMatchObject({ code: 'unavailable' });
    await kv[Symbol.asyncDispose]();
  });
}

function watchTests(kvTest: KvTest): void {
  kvTest('a watch gives a snapshot, then one event for each transaction under its prefix', async (kv) => {
    const stop = new AbortController();
    await kv.transact([put('a/1', '1'), put('b', '1')]);
    const watch = kv.watch('a/', { signal: stop.signal })[Symbol.asyncIterator]();
    const next = async (): Promise<WatchEvent | undefined> => (await watch.next()).value;
    expect(await next()).toMatchObject({ kind: 'snapshot', revision: 1, entries: [{ key: 'a/1' }] });
    await kv.transact([put('b', '2')]);
    await kv.transact([put('a/3', '3'), remove('a/1'), put('a/2', '2'), put('b', '3'), remove('a/none')]);
    await kv.transact([{ kind: 'delete-prefix', prefix: '' }]);
    expect(await next()).toMatchObject({
      kind: 'change',
      revision: 3,
      puts: [{ key: 'a/2' }, { key: 'a/3', modRevision: 3 }],
      deletes: ['a/1'],
    });
    expect(await next()).toEqual({ kind: 'change', revision: 4, puts: [], deletes: ['a/2', 'a/3'] });
    stop.abort();
    expect(await watch.next()).toMatchObject({ done: true });
  });

  kvTest('a watch that waits ends at once when it is aborted, and when the store closes', async (kv) => {
    const stop = new AbortController();
    const [aborted, closed] = [stop, new AbortController()].map(({ signal }) => kv.watch('', { signal }));
    const ends = [aborted, closed].map(async (watch) => {
      for await (const event of watch ?? []) expect(event.kind).toBe('snapshot');
    });
    await kv.transact([]);
    stop.abort();
    await ends[0];
    await kv[Symbol.asyncDispose]();
    await ends[1];
  });

  kvTest('every watcher of a prefix, and of the prefixes above it, hears of a change', async (kv) => {
    const stop = new AbortController();
    const watches = ['', 'a', 'a/', 'a/', 'a/b', 'a/b/c', 'b'].map((prefix) =>
      kv.watch(prefix, { signal: stop.signal })[Symbol.asyncIterator](),
    );
    for (const watch of watches) await watch.next();
    await kv.transact([put('a/b', '1')]);
    await kv.transact([put('b', '2'), put('a/b/c', '2')]);
    const firsts = await Promise.all(watches.map(async (watch) => (await watch.next()).value));
    expect(firsts.map((event) => event?.revision)).toEqual([1, 1, 1, 1, 1, 2, 2]);
    const countPuts = (event: WatchEvent | undefined) => (event?.kind === 'change' ? event.puts.length : undefined);
    expect(firsts.map(countPuts)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    stop.abort();
  });
}

function slowWatchTest(createSubject: () => Promise<KvSubject>): void {
  test('a watcher that falls further behind than its queue is sent a new snapshot, and goes on from there', async () => {
    await using subject = await createSubject();
    await using kv = await subject.open({ clock: createFakeClock(), watchQueueMax: 3 });
    const stop = new AbortController();
    const watch = kv.watch('', { signal: stop.signal })[Symbol.asyncIterator]();
    const check = async (changedKeys: readonly number[], expected: readonly string[]): Promise<void> => {
      for (const count of changedKeys) {
        await kv.transact(Array.from({ length: count }, (_, index) => put(`key/${index}`, 'text')));
      }
      const kinds: (string | undefined)[] = [];
      while (kinds.length < expected.length) kinds.push((await watch.next()).value?.kind);
      expect(kinds).toEqual(expected);
    };
    await check([1, 1, 1, 1], ['snapshot']);
    await check([1, 1, 1], ['change', 'change', 'change']);
    await check([2, 1], ['change', 'change']);
    await check([1, 1, 1, 1], ['snapshot']);
    await check([4], ['snapshot']);
    await check([3], ['change']);
    stop.abort();
    expect(await watch.next()).toMatchObject({ done: true });
  });
}

function leaseTests(createSubject: () => Promise<KvSubject>): void {
  test('the keys of a lease go in one transaction when it is not kept alive, and stay while it is', async () => {
    await using subject = await createSubject();
    const clock = createFakeClock();
    await using kv = await subject.open({ clock });
    const lease = await kv.grantLease(1_000);
    expect(lease.ttlMs).toBe(1_000);
    await kv.transact([leased('a', lease.leaseId), leased('b', lease.leaseId), put('c', '1')]);
    expect(await kv.get('a')).toMatchObject({ leaseId: lease.leaseId });
    // A put without the lease takes the key out of it.
    await kv.transact([put('b', '2')]);
    await kv.transact([leased('d', lease.leaseId)]);
    for (let i = 0; i < 3; i += 1) {
      await clock.advance(900);
      await kv.keepAlive(lease.leaseId);
    }
    expect(kv.revision()).toBe(3);
    await clock.advance(1_000);
    await until('the lease ends', () => kv.revision() === 4);
    expect((await kv.list('')).entries.map(({ key }) => key)).toEqual(['b', 'c']);
    await expect(kv.keepAlive(lease.leaseId)).rejects.toMatchObject({ code: 'not-found' });
    await expect(kv.transact([leased('e', lease.leaseId)])).rejects.toMatchObject({ code: 'invalid' });
  });

  test('a revoked lease takes its keys with it, at once and once', async () => {
    await using subject = await createSubject();
    await using kv = await subject.open({ clock: createFakeClock() });
    const [one, two] = [await kv.grantLease(1_000), await kv.grantLease(1_000)];
    await kv.transact([leased('a', one.leaseId), leased('b', two.leaseId)]);
    await kv.revokeLease(one.leaseId);
    await kv.revokeLease(one.leaseId);
    expect((await kv.list('')).entries.map(({ key }) => key)).toEqual(['b']);
    expect(kv.revision()).toBe(2);
    await expect(kv.keepAlive(one.leaseId)).rejects.toMatchObject({ code: 'not-found' });
    await kv.keepAlive(two.leaseId);
  });

  test('a lease lives from one whole millisecond to the longest timer', async () => {
    await using subject = await createSubject();
    await using kv = await subject.open({ clock: createFakeClock() });
    for (const ttlMs of [0, -1, 1.5, Number.NaN, 2 ** 31]) {
      await expect(kv.grantLease(ttlMs)).rejects.toMatchObject({ code: 'invalid' });
    }
  });
}

function restartTests(createSubject: () => Promise<KvSubject>): void {
  test('everything is there after a restart, and a lease has its whole time again', async () => {
    await using subject = await createSubject();
    const clock = createFakeClock();
    const before = await subject.open({ clock });
    const [kept, ended, revoked] = [
      await before.grantLease(1_000),
      await before.grantLease(1_000),
      await before.grantLease(1_000),
    ];
    await before.transact([put('a', '1'), leased('kept', kept.leaseId), leased('ended', ended.leaseId)]);
    await before.transact([put('gone', '1'), leased('revoked', revoked.leaseId)]);
    await before.transact([remove('gone'), put('a', '2')]);
    await before.revokeLease(revoked.leaseId);
    const { entries } = await before.list('');
    await before[Symbol.asyncDispose]();

    await clock.advance(900);
    await using after = await subject.open({ clock });
    expect(await after.list('')).toEqual({ revision: 4, entries });
    await clock.advance(900);
    await after.keepAlive(kept.leaseId);
    expect(after.revision()).toBe(4);
    await clock.advance(100);
    await until('the lease that nobody kept alive ends', () => after.revision() === 5);
    expect((await after.list('')).entries.map(({ key }) => key)).toEqual(['a', 'kept']);
    await expect(after.keepAlive(revoked.leaseId)).rejects.toMatchObject({ code: 'not-found' });
  });
}

function put(key: string, text: string): Operation {
  return { kind: 'put', key, value: bytes(text) };
}

function leased(key: string, leaseId: string): Operation {
  return { kind: 'put', key, value: bytes(key), leaseId };
}

function remove(key: string): Operation {
  return { kind: 'delete', key };
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
