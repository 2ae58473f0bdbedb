import fs from 'node:fs/promises';
import path from 'node:path';
import { silentLog, systemClock } from '@plumb/base';
import { openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';
import type { Kv } from './kv.ts';
import { openMemoryKv } from './memory-engine.ts';
import type { Operation } from './operation.ts';
import { checkBackup } from './read-backup.ts';
import { openRocksKv, restoreBackup } from './rocks.ts';

const put = (key: string, text: string, leaseId?: string): Operation => ({
  kind: 'put',
  key,
  value: Buffer.from(text),
  leaseId,
});

/** A backup of three keys, one with a lease, with some history. */
async function writeSmallBackup(file: string): Promise<void> {
  await using kv = await openMemoryKv({ clock: systemClock });
  const { leaseId } = await kv.grantLease(30_000, { leaseId: 'lease' });
  await kv.transact([put('a', '1'), put('b', '1'), put('c', '1')]);
  await kv.transact([put('a', '2'), { kind: 'delete', key: 'b' }, put('d', '2', leaseId)]);
  await kv.backup(file);
}

const restore = (file: string, directory: string) =>
  restoreBackup({ file, directory, clock: systemClock, log: silentLog });

/** All that can be asked of a store: its entries, leases, and the events since the beginning. */
async function readAll(kv: Kv): Promise<unknown[]> {
  const all: unknown[] = [await kv.list(''), await kv.listLeases()];
  const stop = new AbortController();
  for await (const event of kv.watchFrom('', {
    fromRevision: 1,
    previous: true,
    progress: true,
    signal: stop.signal,
  })) {
    all.push(event);
    if (event.kind !== 'change') stop.abort();
  }
  return all;
}

test('a restored store has what was backed up, with its leases and its history, and goes on from there', async () => {
  await using directory = await openTemporaryDirectory();
  const [file, store] = [path.join(directory.path, 'backup'), path.join(directory.path, 'store')];
  await using kv = await openMemoryKv({ clock: systemClock });
  const { leaseId } = await kv.grantLease(30_000);
  for (let index = 0; index < 600; index += 1) await kv.transact([put(`key/${index % 50}`, String(index))]);
  await kv.transact([put('leased', '1', leaseId), { kind: 'delete-prefix', prefix: 'key/1' }]);
  await kv.transact([{ kind: 'put', key: 'large', value: Buffer.alloc(1_000_000, 7) }]);
  await kv.compact(100);
  const summary = await kv.backup(file);
  expect(summary).toEqual({ revision: 602, entryCount: 41, sizeBytes: (await fs.stat(file)).size });
  expect(await checkBackup(file)).toEqual(summary);
  expect((await fs.stat(file)).mode & 0o777).toBe(0o600);

  expect(await restore(file, store)).toEqual(summary);
  await using restored = await openRocksKv({ directory: store, clock: systemClock, log: silentLog });
  expect(await readAll(restored)).toEqual(await readAll(kv));
  const before = await restored.range({ start: 'key/', revision: 300 });
  expect(before).toEqual(await kv.range({ start: 'key/', revision: 300 }));
  expect(await restored.transact([put('after', '1')])).toMatchObject({ revision: 603 });
});

test('a backup is of one revision, however much is written meanwhile', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'backup');
  await using kv = await openMemoryKv({ clock: systemClock });
  const pair = (text: string): Operation[] =>
    Array.from({ length: 500 }, (_, index) => ({ kind: 'put', key: `key/${index}`, value: Buffer.alloc(8_000, text) }));
  await kv.transact(pair('0'));
  let isWritten = false;
  const backup = kv.backup(file).finally(() => (isWritten = true));
  let written = 0;
  for (; !isWritten; written += 1) {
    await kv.transact(pair(String(written % 10)));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect((await backup).revision).toBe(1);
  expect(written).toBeGreaterThan(0);
  await restore(file, path.join(directory.path, 'store'));
  await using restored = await openRocksKv({
    directory: path.join(directory.path, 'store'),
    clock: systemClock,
    log: silentLog,
  });
  const { entries } = await restored.list('');
  expect(new Set(entries.map(({ value }) => Buffer.from(value).toString('latin1', 0, 1)))).toEqual(new Set(['0']));
  expect(await fs.readdir(directory.path)).toEqual(['backup', 'store']);
});

test('no flipped bit and no missing byte of a backup goes unseen, and nothing is made of it', async () => {
  await using directory = await openTemporaryDirectory();
  const [file, store] = [path.join(directory.path, 'backup'), path.join(directory.path, 'store')];
  await writeSmallBackup(file);
  const bytes = await fs.readFile(file);
  const check = async (damaged: Buffer): Promise<void> => {
    await fs.writeFile(file, damaged);
    await expect(restore(file, store)).rejects.toThrow(file);
  };
  for (let at = 0; at < bytes.length; at += 1) {
    const flipped = Buffer.from(bytes);
    flipped.writeUInt8(bytes.readUInt8(at) ^ (1 << (at % 8)), at);
    await check(flipped);
    await check(bytes.subarray(0, at));
  }
  await check(Buffer.concat([bytes, Buffer.from([0])]));
  expect(await fs.readdir(directory.path)).toEqual(['backup']);
  await fs.writeFile(file, bytes);
  expect(await restore(file, store)).toMatchObject({ revision: 2, entryCount: 3 });
});

test('a damaged backup is refused with the name of what is damaged', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'backup');
  const check = async (damage: (bytes: Buffer) => Buffer, code: string, message: RegExp): Promise<void> => {
    await writeSmallBackup(file);
    await fs.writeFile(file, damage(await fs.readFile(file)));
    await expect(checkBackup(file)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  };
  const flipAfter = (text: string) => (bytes: Buffer) => {
    const at = bytes.indexOf(text) + text.length;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    return bytes;
  };
  await check(
    flipAfter('2a'),
    'internal',
    /the entry "a" is damaged: its checksum does not match .*use another backup/,
  );
  await check(flipAfter('1lease'), 'internal', /the record "1lease" is damaged/);
  await check(flipAfter('30000000000000001'), 'internal', /the history from revision 1 on is damaged/);
  await check((bytes) => bytes.subarray(0, -5), 'internal', /cut short at byte \d+/);
  await check(() => Buffer.from('something else, and long enough'), 'invalid', /is no backup of a store/);
  // A whole record taken out: only the end can tell.
  await check(
    (bytes) => {
      const [start, end] = [bytes.indexOf('2c') - 12, bytes.indexOf('2d') - 12];
      return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
    },
    'internal',
    /it has 6 records of 7/,
  );
});

test('a place that cannot take a backup, or a store, is refused and left as it was', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'backup');
  await using kv = await openMemoryKv({ clock: systemClock });
  await expect(kv.backup(path.join(directory.path, 'none', 'backup'))).rejects.toMatchObject({ code: 'not-found' });
  await expect(kv.backup(directory.path)).rejects.toMatchObject({ code: 'invalid' });
  await expect(checkBackup(file)).rejects.toMatchObject({ code: 'not-found' });
  await writeSmallBackup(file);
  await expect(restore(file, directory.path)).rejects.toMatchObject({ code: 'already-exists' });
  expect(await fs.readdir(directory.path)).toEqual(['backup']);
});
