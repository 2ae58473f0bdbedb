// What a full disk does: the disk is the real one, until it is told to fail in the middle of a write.
import fs from 'node:fs';
import { createLog, silentLog } from '@plumb/base';
import { createFakeClock, openTemporaryDirectory } from '@plumb/testing';
import { afterEach, expect, test, vi } from 'vitest';
import { openTsdb, type Tsdb } from './tsdb.ts';

const START = 1_760_400_000_000;
const clock = { ...createFakeClock(), now: () => START + 5 * 3_600_000 };

afterEach(() => {
  vi.restoreAllMocks();
});

/** The next write puts half of its bytes on the disk and fails. */
function failNextWrite(): void {
  const write = fs.writeSync;
  const half = (fd: number, bytes: Uint8Array, offset: number, length: number, position: number | null): number => {
    write(fd, bytes, offset, Math.floor(length / 2), position);
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  };
  vi.spyOn(fs, 'writeSync').mockImplementationOnce(half as typeof fs.writeSync);
}

function valuesOf(tsdb: Tsdb): number[] {
  return tsdb.select([], -Infinity, Infinity).flatMap(({ values }) => [...values]);
}

test('an append on a full disk is refused as a whole, and the log goes on behind it', async () => {
  await using directory = await openTemporaryDirectory();
  const options = { directory: directory.path, clock, log: silentLog, retentionMs: 1e12 };
  {
    await using tsdb = await openTsdb(options);
    await tsdb.append([{ series: { __name__: 'x' }, at: START, value: 1 }]);
    failNextWrite();
    const refused = tsdb.append([{ series: { __name__: 'y' }, at: START, value: 2 }]);
    await expect(refused).rejects.toMatchObject({ code: 'exhausted', message: /the disk is full/ });
    expect(valuesOf(tsdb)).toEqual([1]);
  }
  {
    await using tsdb = await openTsdb(options);
    expect(tsdb.stats().replay.tornBytes).toBe(0); // The half was cut off at once.
    failNextWrite();
    await expect(tsdb.append([{ series: { __name__: 'y' }, at: START, value: 2 }])).rejects.toThrow();
    await tsdb.append([{ series: { __name__: 'y' }, at: START, value: 3 }]);
  }
  await using tsdb = await openTsdb(options);
  expect(valuesOf(tsdb)).toEqual([1, 3]);
  expect(tsdb.stats().replay.tornBytes).toBe(0);
});

test('a flush on a full disk is logged and tried again; nothing is lost or served twice', async () => {
  await using directory = await openTemporaryDirectory();
  const events: string[] = [];
  const log = createLog((_, event) => void events.push(event));
  await using tsdb = await openTsdb({ directory: directory.path, clock, log, retentionMs: 1e12 });
  for (let i = 0; i < 1_000; i += 1)
    await tsdb.append([{ series: { __name__: 'x' }, at: START + i * 15_000, value: i }]);
  const expected = Array.from({ length: 1_000 }, (_, i) => i);

  failNextWrite();
  await tsdb.maintain();
  expect(events).toContain('tsdb.maintenance-failed');
  expect(valuesOf(tsdb)).toEqual(expected);
  expect(tsdb.stats().blockCount).toBe(0);

  await tsdb.maintain();
  expect(valuesOf(tsdb)).toEqual(expected);
  expect(tsdb.stats().blockCount).toBe(1);
});
