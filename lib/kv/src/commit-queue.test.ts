// What the store does between a write and its sync, and when that fails: an engine that a test holds in its hand.
import { OperatingError, systemClock } from '@plumb/base';
import { createFakeClock, until } from '@plumb/testing';
import { expect, test } from 'vitest';
import type { KvEngine } from './kv-engine.ts';
import type { Kv } from './kv.ts';
import { GROUP_SIZE_BYTES_MAX, PENDING_TRANSACTIONS_MAX, VALUE_SIZE_BYTES_MAX } from './limits.ts';
import { createMemoryEngine, type MemoryRecords } from './memory-engine.ts';
import { openKv } from './open-kv.ts';
import type { Operation } from './operation.ts';
import type { WatchEvent } from './watch-event.ts';

/** Each write waits for `finish`; `finish('full')` keeps the batch, as a disk may, and says that it failed. */
type HeldEngine = KvEngine & {
  readonly records: MemoryRecords;
  readonly batches: number[];
  isHeld: boolean;
  readonly finish: (how?: 'full') => Promise<void>;
};

function createHeldEngine(): HeldEngine {
  const records: MemoryRecords = new Map();
  const memory = createMemoryEngine(records);
  let held: PromiseWithResolvers<void> | undefined;
  return {
    ...memory,
    records,
    batches: [],
    isHeld: false,
    async write(batch) {
      this.batches.push(batch.length);
      await memory.write(batch);
      if (!this.isHeld) return;
      held = Promise.withResolvers<void>();
      await held.promise;
    },
    async finish(how) {
      const one = await until('a write is held', () => held);
      held = undefined;
      if (how === undefined) one.resolve();
      else one.reject(new OperatingError('exhausted', 'the disk is full'));
    },
  };
}

async function openHeld(): Promise<{ engine: HeldEngine; kv: Kv }> {
  const engine = createHeldEngine();
  const kv = await openKv(engine, { clock: systemClock });
  engine.isHeld = true;
  engine.batches.length = 0;
  return { engine, kv };
}

const put = (key: string, text = '1'): Operation => ({ kind: 'put', key, value: Buffer.from(text) });

test('nobody sees a write before it is on disk', async () => {
  const { engine, kv } = await openHeld();
  const stop = new AbortController();
  const events: WatchEvent[] = [];
  const watching = (async () => {
    for await (const event of kv.watch('', { signal: stop.signal })) events.push(event);
  })();
  let isAcknowledged = false;
  const writing = kv.transact([put('a')]).then(() => (isAcknowledged = true));
  await until('the write is on its way', () => engine.batches.length === 1);
  expect(await kv.get('a')).toBeUndefined();
  expect(kv.revision()).toBe(0);
  expect([isAcknowledged, events.length]).toEqual([false, 1]);
  await engine.finish();
  await writing;
  await until('the watcher hears of it', () => events.length === 2);
  expect(await kv.get('a')).toMatchObject({ modRevision: 1 });
  stop.abort();
  await watching;
});

test('what arrives during a write goes out together, each on what those before it left', async () => {
  const { engine, kv } = await openHeld();
  const first = kv.transact([put('n', '0')]);
  await until('the first write is on its way', () => engine.batches.length === 1);
  const rest = [1, 2, 3].map((modRevision) =>
    kv.transact([put('n', String(modRevision))], { compare: [{ key: 'n', modRevision }] }),
  );
  const late = kv.transact([put('m')], { compare: [{ key: 'n', modRevision: 1 }] });
  await engine.finish();
  await first;
  await engine.finish();
  expect(await Promise.all(rest)).toMatchObject([{ revision: 2 }, { revision: 3 }, { revision: 4 }]);
  expect(await late).toMatchObject({ kind: 'conflict', current: { modRevision: 4 } });
  // One put, one piece of history and the revision, however often it changed.
  expect(engine.batches).toEqual([3, 3]);
});

test('when a write fails, all of its group reject, the store is as before, and goes on', async () => {
  const { engine, kv } = await openHeld();
  const before = kv.transact([put('a', 'old'), put('b', 'old')]);
  await engine.finish();
  await before;

  const group = [
    kv.transact([put('a', 'new'), { kind: 'delete', key: 'b' }, put('c', 'new')]),
    kv.transact([put('d')], { compare: [{ key: 'c', modRevision: 0 }] }),
    kv.grantLease(1_000),
  ];
  const settled = Promise.allSettled(group);
  await engine.finish('full');
  for (const result of await settled)
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'exhausted' } });
  expect((await kv.list('')).entries.map(({ key, value }) => `${key} ${String(Buffer.from(value))}`)).toEqual([
    'a old',
    'b old',
  ]);

  const after = kv.transact([put('e')], { compare: [{ key: 'c', modRevision: 0 }] });
  await engine.finish();
  expect(await after).toMatchObject({ kind: 'committed', revision: 2 });
  const { entries } = await kv.list('');
  // The failed batch is in the engine: the next one must have settled each of its keys.
  const restarted = await openKv(createMemoryEngine(engine.records), { clock: systemClock });
  expect(await restarted.list('')).toEqual({ revision: 2, entries });
});

test('a store that closes after a failed write leaves nothing of it', async () => {
  const { engine, kv } = await openHeld();
  const failed = expect(kv.transact([put('a')])).rejects.toMatchObject({ code: 'exhausted' });
  await engine.finish('full');
  await failed;
  engine.isHeld = false;
  await kv[Symbol.asyncDispose]();
  const restarted = await openKv(createMemoryEngine(engine.records), { clock: systemClock });
  expect(await restarted.list('')).toEqual({ revision: 0, entries: [] });
});

test('an ended lease whose keys cannot be deleted is tried again, and is not revived meanwhile', async () => {
  const engine = createHeldEngine();
  const clock = createFakeClock();
  await using kv = await openKv(engine, { clock });
  const { leaseId } = await kv.grantLease(1_000);
  await kv.transact([{ kind: 'put', key: 'a', value: Buffer.from('1'), leaseId }]);
  engine.isHeld = true;
  await clock.advance(1_000);
  await engine.finish('full');
  await expect(kv.keepAlive(leaseId)).rejects.toMatchObject({ code: 'not-found' });
  expect(await kv.get('a')).toBeDefined();
  engine.isHeld = false;
  await clock.advance(1_000);
  await until('the key is deleted', async () => (await kv.get('a')) === undefined);
});

test('what waits for the disk is bounded in number and in bytes', async () => {
  const { engine, kv } = await openHeld();
  const first = kv.transact([put('first')]);
  await until('the first write is on its way', () => engine.batches.length === 1);
  const waiting = Array.from({ length: PENDING_TRANSACTIONS_MAX }, () => kv.transact([put('a')]));
  await expect(kv.transact([put('b')])).rejects.toMatchObject({ code: 'exhausted' });
  await engine.finish();
  await engine.finish();
  await Promise.all([first, ...waiting]);

  const value = new Uint8Array(VALUE_SIZE_BYTES_MAX);
  const large = Array.from({ length: 40 }, (_, i) => kv.transact([{ kind: 'put', key: `large/${i}`, value }]));
  engine.isHeld = false;
  const results = await Promise.allSettled(large);
  expect(results.filter(({ status }) => status === 'fulfilled').length).toBeLessThan(33);
  // A group is short: a few values, their piece of history and the revision.
  expect(Math.max(...engine.batches.slice(2))).toBeLessThanOrEqual(GROUP_SIZE_BYTES_MAX / VALUE_SIZE_BYTES_MAX + 2);
});

test('a store that is full refuses what would make it larger, and takes what makes it smaller', async () => {
  await using kv = await openKv(createMemoryEngine(), { clock: systemClock, storeSizeBytesMax: 20 });
  await kv.transact([put('a', '123456789')]);
  await expect(kv.transact([put('b', '1234567890')])).rejects.toMatchObject({ code: 'exhausted' });
  await kv.transact([put('b', '123456789')]);
  await expect(kv.transact([put('a', '1234567890')])).rejects.toMatchObject({ code: 'exhausted' });
  await kv.transact([{ kind: 'delete', key: 'a' }, put('c', '123')]);
  expect((await kv.list('')).entries.map(({ key }) => key)).toEqual(['b', 'c']);
});
