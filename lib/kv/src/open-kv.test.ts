import { systemClock } from '@plumb/base';
import { expect, test } from 'vitest';
import type { EngineRecord, KvEngine } from './kv-engine.ts';
import { createMemoryEngine, type MemoryRecords } from './memory-engine.ts';
import { openKv } from './open-kv.ts';

/** What a store with one key and one lease has in its engine. */
async function writeRecords(): Promise<MemoryRecords> {
  const records: MemoryRecords = new Map();
  await using kv = await openKv(createMemoryEngine(records), { clock: systemClock });
  const { leaseId } = await kv.grantLease(1_000);
  await kv.transact([{ kind: 'put', key: 'a/b', value: Buffer.from('value'), leaseId }]);
  return records;
}

function recordStarting(records: MemoryRecords, text: string): EngineRecord {
  return [...records.values()].find(({ key }) => Buffer.from(key).toString().startsWith(text)) as EngineRecord;
}

function replace(records: MemoryRecords, record: EngineRecord): void {
  records.set(Buffer.from(record.key).toString('hex'), record);
}

test('a damaged record is refused with its name: no flipped bit and no missing byte goes unseen', async () => {
  const check = async (kind: string, named: string): Promise<void> => {
    const size = recordStarting(await writeRecords(), kind).value.length;
    for (let at = 0; at < size; at += 1) {
      for (const damage of ['flip', 'cut'] as const) {
        const records = await writeRecords();
        const record = recordStarting(records, kind);
        const value = Buffer.from(damage === 'cut' ? record.value.subarray(0, at) : record.value);
        if (damage === 'flip') value.writeUInt8(value.readUInt8(at) ^ 1, at);
        replace(records, { key: record.key, value });
        await expect(openKv(createMemoryEngine(records), { clock: systemClock })).rejects.toMatchObject({
          code: 'internal',
          message: expect.stringMatching(new RegExp(`${named}.* is damaged: .*restore`)),
        });
      }
    }
  };
  await check('2', '"a/b"');
  await check('1', '"1');
  await check('0revision', '"0revision"');
});

test('a record under another key than it was written for is refused', async () => {
  const records = await writeRecords();
  replace(records, { key: Buffer.from('2a/c'), value: recordStarting(records, '2').value });
  await expect(openKv(createMemoryEngine(records), { clock: systemClock })).rejects.toThrow(
    '"a/c" of the store is damaged',
  );
});

test('a store of a later format is refused before anything else of it is read', async () => {
  const records = await writeRecords();
  replace(records, { key: Buffer.from('0format'), value: Buffer.from('2') });
  replace(records, { key: Buffer.from('2a/b'), value: Buffer.from('?') });
  await expect(openKv(createMemoryEngine(records), { clock: systemClock })).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('format 2, and this Plumb reads format 1'),
  });
});

test('a store with records but no format is refused', async () => {
  const records = await writeRecords();
  records.delete(Buffer.from('0format').toString('hex'));
  await expect(openKv(createMemoryEngine(records), { clock: systemClock })).rejects.toMatchObject({ code: 'internal' });
});

test('the engine is closed when the store cannot be opened', async () => {
  const records = await writeRecords();
  replace(records, { key: Buffer.from('0format'), value: Buffer.from('2') });
  let isClosed = false;
  const engine: KvEngine = {
    ...createMemoryEngine(records),
    [Symbol.asyncDispose]: async () => {
      isClosed = true;
    },
  };
  await expect(openKv(engine, { clock: systemClock })).rejects.toThrow('format 2');
  expect(isClosed).toBe(true);
});
