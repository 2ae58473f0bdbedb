// A disk that is full: a small file system in memory, for which the machine must let us mount (root).
import { execFileSync } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { silentLog, systemClock } from '@plumb/base';
import { hasRequirement, openTemporaryDirectory, until } from '@plumb/testing';
import { expect, test } from 'vitest';
import type { Kv, TransactionResult } from '../src/index.ts';
import { openRocksKv } from '../src/rocks-engine.ts';
import { readHistory } from './read-history.ts';

const DISK_SIZE_MIB = 24;
const VALUE_SIZE_BYTES = 60_000;

type Disk = AsyncDisposable & { readonly path: string };

async function mountDisk(): Promise<Disk> {
  const directory = await openTemporaryDirectory();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_SIZE_MIB}m`, 'tmpfs', directory.path], { stdio: 'pipe' });
  } catch (error) {
    await directory[Symbol.asyncDispose]();
    throw error;
  }
  return {
    path: directory.path,
    async [Symbol.asyncDispose]() {
      execFileSync('umount', ['-l', directory.path]);
      await directory[Symbol.asyncDispose]();
    },
  };
}

async function canMount(): Promise<boolean> {
  try {
    await using _disk = await mountDisk();
    return true;
  } catch {
    return false;
  }
}

if (hasRequirement('mount', 'run as root, outside an unprivileged container', await canMount())) {
  test('on a full disk writes are refused, what is stored stays with its history, and all goes on when there is space again', async () => {
    await using disk = await mountDisk();
    const directory = path.join(disk.path, 'store');
    const put = (kv: Kv, index: number): Promise<TransactionResult> => {
      const value = Buffer.alloc(VALUE_SIZE_BYTES, index);
      return kv.transact([
        { kind: 'put', key: `left/${index}`, value },
        { kind: 'put', key: `right/${index}`, value, leaseId: 'all' },
        { kind: 'put', key: 'last', value: Buffer.from(String(index)) },
      ]);
    };
    const expectPairs = async (kv: Kv, count: number): Promise<void> => {
      const [left, right] = [await kv.list('left/'), await kv.list('right/')];
      expect(left.entries.length).toBe(count);
      expect(right.entries.map(({ value }) => value[0])).toEqual(left.entries.map(({ value }) => value[0]));
      expect((await kv.getLease('all'))?.keys).toEqual(right.entries.map(({ key }) => key));
      const { changes } = await readHistory(kv, 1);
      const indexes = Array.from({ length: count }, (_, index) => index);
      expect(changes.map(({ puts }) => puts.map(({ key }) => key))).toEqual(
        indexes.map((index) => ['last', `left/${index}`, `right/${index}`]),
      );
      expect(changes.map(({ previous = [] }) => previous.map(({ value }) => Number(Buffer.from(value))))).toEqual(
        indexes.map((index) => (index === 0 ? [] : [index - 1])),
      );
    };

    const kv = await openRocksKv({ directory, clock: systemClock, log: silentLog });
    await kv.grantLease(86_400_000, { leaseId: 'all' });
    const filler = path.join(disk.path, 'filler');
    await fs.writeFile(filler, Buffer.alloc((DISK_SIZE_MIB / 2) * 1_048_576));
    let stored = 0;
    const refusals: unknown[] = [];
    // RocksDB finds some space again when it is opened after a refusal, so one refusal is not the end.
    while (refusals.length < 3) {
      try {
        await put(kv, stored);
        stored += 1;
        refusals.length = 0;
      } catch (error) {
        refusals.push(error);
      }
      expect(kv.revision()).toBe(stored);
    }
    expect(stored).toBeGreaterThan(0);
    expect(refusals[0]).toMatchObject({ code: 'exhausted', message: expect.stringContaining('free some space') });
    await expectPairs(kv, stored);

    await fs.rm(filler);
    await until('the store takes writes again', async () => (await put(kv, stored)).kind === 'committed');
    stored += 1;
    expect(kv.revision()).toBe(stored);
    await kv[Symbol.asyncDispose]();

    await using after = await openRocksKv({ directory, clock: systemClock, log: silentLog });
    expect(after.revision()).toBe(stored);
    await expectPairs(after, stored);
  });
}
