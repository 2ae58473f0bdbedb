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
  await check('3', 'the history from revision 1 on');
});

test('a record under another key than it was written for is refused', async () => {
  const records = await writeRecords();
  replace(records, { key: Buffer.from('2a/c'), value: recordStarting(records, '2').value });
  await expect(openKv(createMemoryEngine(records), { clock: systemClock })).rejects.toThrow(
    '"a/c" of the store is damaged',
  );
});

test('a store whose history has a hole is refused', async () => {
  const records: MemoryRecords = new Map();
  const open = () => openKv(createMemoryEngine(records), { clock: systemClock });
  await using kv = await open();
  for (const text of ['1', '2', '3']) await kv.transact([{ kind: 'put', key: 'a', value: Buffer.from(text) }]);
  const pieces = [...records.keys()].filter((name) => name.startsWith('33')).sort();
  expect(pieces).toHaveLength(3);
  for (const piece of pieces) {
    const record = records.get(piece) as EngineRecord;
    records.delete(piece);
    await expect(open()).rejects.toThrow(/the history from revision \d on of the store is damaged: .*missing/);
    records.set(piece, record);
  }
  await (await open())[Symbol.asyncDispose]();
});

test('a store of a later format is refused before anything else of it is read', async () => {
  const records = await writeRecords();
  replace(records, { key: Buffer.from('0format'), value: Buffer.from('3') });
  replace(records, { key: Buffer.from('2a/b'), value: Buffer.from('?') });
  await expect(openKv(createMemoryEngine(records), { clock: systemClock })).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('format 3, and this Plumb reads formats 1 to 2'),
  });
});

test('a store with records but no format is refused', async () => {
  const records = await writeRecords();
  records.delete(Buffer.from('0format').toString('hex'));
  await expect(openKv(createMemoryEngine(records), { clock: systemClock })).rejects.toMatchObject({ code: 'internal' });
});

test('the engine is closed when the store cannot be opened', async () => {
  const records = await writeRecords();
  replace(records, { key: Buffer.from('0format'), value: Buffer.from('3') });
  let isClosed = false;
  const engine: KvEngine = {
    ...createMemoryEngine(records),
    [Symbol.asyncDispose]: async () => {
      isClosed = true;
    },
  };
  await expect(openKv(engine, { clock: systemClock })).rejects.toThrow('format 3');
  expect(isClosed).toBe(true);
});
