import { silentLog } from '@plumb/base';
import { createFakeClock, openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';
import { openTsdb, type Tsdb } from './tsdb.ts';
import type { TsdbOptions } from './tsdb-options.ts';

const HOUR = 3_600_000;
const START = 1_760_400_000_000 - (1_760_400_000_000 % (54 * HOUR));
const up = { __name__: 'up' };

async function openWorld(options: Partial<TsdbOptions> = {}) {
  const directory = await openTemporaryDirectory();
  const clock = { ...createFakeClock(), now: () => START + 100 * HOUR };
  const settings = { clock, log: silentLog, retentionMs: 1e12, outOfOrderWindowMs: 6 * HOUR };
  const open = (): Promise<Tsdb> => openTsdb({ directory: directory.path, ...settings, ...options });
  return { open, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

function points(tsdb: Tsdb): number[][] {
  return tsdb
    .select([], 0, START * 2)
    .flatMap(({ times, values }) => [...times].map((at, i) => [at, values[i] as number]));
}

test('samples out of order are taken within the window, counted, and found in order, after a restart too', async () => {
  await using world = await openWorld();
  const ats = [10, 8, 9, 4, 12].map((hours) => START + hours * HOUR);
  const expected = [8, 9, 10, 12].map((hours) => [START + hours * HOUR, hours]);
  {
    await using tsdb = await world.open();
    const outcomes = [];
    for (const at of ats) outcomes.push(await tsdb.append([{ series: up, at, value: (at - START) / HOUR }]));
    expect(outcomes.map(({ acceptedCount }) => acceptedCount)).toEqual([1, 1, 1, 1, 1]);
    expect(tsdb.stats()).toMatchObject({ lateCount: 3, headSampleCount: 5 });
    const older = await tsdb.append([{ series: up, at: START + 5 * HOUR, value: 1 }]);
    expect(older).toMatchObject({ tooOldCount: 1, outOfOrderCount: 0, acceptedCount: 0 });
    expect(points(tsdb)).toEqual([[START + 4 * HOUR, 4], ...expected]);
  }
  await using tsdb = await world.open();
  expect(points(tsdb)).toEqual([[START + 4 * HOUR, 4], ...expected]);
});

test('a late sample that repeats another is taken when it is the same, and refused when it is not', async () => {
  await using world = await openWorld();
  await using tsdb = await world.open();
  await tsdb.append([
    { series: up, at: START + 10, value: 1 },
    { series: up, at: START, value: 2 },
  ]);
  const again = await tsdb.append([
    { series: up, at: START, value: 2 },
    { series: up, at: START, value: 3 },
    { series: up, at: START + 5, value: 4 },
    { series: up, at: START + 5, value: 5 },
  ]);
  expect(again).toMatchObject({ acceptedCount: 2, duplicateCount: 2, lateCount: 1 });
  expect(points(tsdb).map(([, value]) => value)).toEqual([2, 4, 1]);
});

test('late samples of periods that are in blocks already are written beside them and joined, before and after a restart', async () => {
  await using world = await openWorld({ checkpointLogBytes: 1_000 });
  const expected = Array.from({ length: 1_000 }, (_, i) => [START + i * 30_000, i]);
  {
    await using tsdb = await world.open();
    for (let i = 0; i < 1_000; i += 2) await tsdb.append([{ series: up, at: START + i * 30_000, value: i }]);
    await tsdb.maintain();
    const flushed = tsdb.stats().blockSampleCount;
    expect(flushed).toBeGreaterThan(0);
    for (let i = 401; i < 1_000; i += 2) await tsdb.append([{ series: up, at: START + i * 30_000, value: i }]);
    expect(tsdb.stats().lateCount).toBe(299);
    expect(points(tsdb)).toEqual(expected.filter(([, i = 0]) => i % 2 === 0 || i >= 401));
  }
  await using tsdb = await world.open();
  expect(points(tsdb)).toEqual(expected.filter(([, i = 0]) => i % 2 === 0 || i >= 401));
  for (let i = 0; i < 1_000; i += 1) await tsdb.append([{ series: up, at: START + (1_000 + i) * 30_000, value: 0 }]);
  await tsdb.maintain();
  expect(tsdb.stats().blockCount).toBeLessThan(5);
  expect(points(tsdb).slice(0, 800)).toEqual(expected.filter(([, i = 0]) => i % 2 === 0 || i >= 401));
});
