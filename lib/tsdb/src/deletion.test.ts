import fs from 'node:fs';
import path from 'node:path';
import { createLog, type LogFields } from '@plumb/base';
import { createFakeClock, openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';
import type { LabelMatcher } from './matcher.ts';
import { openTsdb, type Tsdb } from './tsdb.ts';
import type { TsdbOptions } from './tsdb-options.ts';

const HOUR = 3_600_000;
const START = 1_760_400_000_000 - (1_760_400_000_000 % (54 * HOUR));
const job = (value: string): LabelMatcher => ({ name: 'job', op: '=', value });

async function openWorld(options: Partial<TsdbOptions> = {}) {
  const directory = await openTemporaryDirectory();
  const lines: { event: string; fields: LogFields }[] = [];
  const log = createLog((_, event, fields) => void lines.push({ event, fields }));
  const clock = { ...createFakeClock(), now: () => START + 50 * HOUR };
  const folder = path.join(directory.path, 'data');
  const open = (own = folder): Promise<Tsdb> => openTsdb({ directory: own, clock, log, retentionMs: 1e12, ...options });
  return { folder, lines, open, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

/** Ten hours of jobs a and b, a sample a minute: four periods in blocks, the rest in the head. */
async function fill(tsdb: Tsdb): Promise<void> {
  for (let minute = 0; minute < 600; minute += 1) {
    const at = START + minute * 60_000;
    await tsdb.append(['a', 'b'].map((name) => ({ series: { __name__: 'up', job: name }, at, value: minute })));
  }
  await tsdb.maintain();
}

function minutesOf(tsdb: Tsdb, name: string): number[] {
  return tsdb.select([job(name)], 0, START * 2).flatMap(({ values }) => [...values]);
}

const all = Array.from({ length: 600 }, (_, minute) => minute);

test('deleted samples are gone at once, after a restart, and after the compaction that frees their space', async () => {
  await using world = await openWorld();
  const left = all.filter((minute) => minute < 100 || minute > 550);
  {
    await using tsdb = await world.open();
    await fill(tsdb);
    await tsdb.deleteSeries([job('a')], START + 100 * 60_000, START + 550 * 60_000);
    expect(minutesOf(tsdb, 'a')).toEqual(left);
    expect(minutesOf(tsdb, 'b')).toEqual(all);
  }
  {
    await using tsdb = await world.open();
    expect(minutesOf(tsdb, 'a')).toEqual(left);
    const before = tsdb.stats().blockSampleCount;
    await tsdb.maintain();
    expect(tsdb.stats().blockSampleCount).toBeLessThan(before - 300);
    expect(fs.readdirSync(path.join(world.folder, 'blocks')).filter((name) => name.endsWith('.tombstones'))).toEqual(
      [],
    );
    expect(minutesOf(tsdb, 'a')).toEqual(left);
    expect(
      await tsdb.append([{ series: { __name__: 'up', job: 'a' }, at: START + 11 * HOUR, value: 7 }]),
    ).toMatchObject({
      acceptedCount: 1,
    });
  }
  await using tsdb = await world.open();
  expect(minutesOf(tsdb, 'a')).toEqual([...left, 7]);
  expect(minutesOf(tsdb, 'b')).toEqual(all);
});

test('a deletion without a matcher that a label must have is refused', async () => {
  await using world = await openWorld();
  await using tsdb = await world.open();
  await fill(tsdb);
  await expect(tsdb.deleteSeries([], 0, START * 2)).rejects.toThrow(/accept every series/);
  await expect(tsdb.deleteSeries([{ name: 'job', op: '!=', value: 'c' }], 0, START * 2)).rejects.toThrow(
    /every series/,
  );
  expect(minutesOf(tsdb, 'a')).toEqual(all);
});

test('damaged tombstones are set aside with a message', async () => {
  await using world = await openWorld();
  {
    await using tsdb = await world.open();
    await fill(tsdb);
    await tsdb.deleteSeries([job('a')], START, START + HOUR);
  }
  const blocks = path.join(world.folder, 'blocks');
  const file = path.join(blocks, fs.readdirSync(blocks).find((name) => name.endsWith('.tombstones')) ?? '');
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('"a"', '"b"'));
  await using tsdb = await world.open();
  expect(minutesOf(tsdb, 'b')).toEqual(all);
  expect(world.lines.find(({ event }) => event === 'tsdb.tombstones.damaged')?.fields).toMatchObject({ file });
});

test('a snapshot holds what was acknowledged, stays as it is, and opens as a database', async () => {
  await using world = await openWorld();
  await using tsdb = await world.open();
  await fill(tsdb);
  const copy = `${world.folder}-snapshot`;
  await tsdb.snapshot(copy);
  await expect(tsdb.snapshot(copy)).rejects.toMatchObject({ code: 'already-exists' });
  await tsdb.append([{ series: { __name__: 'up', job: 'a' }, at: START + 11 * HOUR, value: 7 }]);
  await tsdb.deleteSeries([job('b')], 0, START * 2);
  await tsdb.maintain();
  {
    await using restored = await world.open(copy);
    expect(minutesOf(restored, 'a')).toEqual(all);
    expect(minutesOf(restored, 'b')).toEqual(all);
    await restored.append([{ series: { __name__: 'up', job: 'a' }, at: START + 12 * HOUR, value: 8 }]);
    await restored.maintain();
  }
  expect(minutesOf(tsdb, 'a')).toEqual([...all, 7]);
  expect(minutesOf(tsdb, 'b')).toEqual([]);
});

test('beyond the bytes that are allowed the oldest blocks go, and the newest samples stay', async () => {
  await using world = await openWorld({ retentionBytes: 2_000, blockPeriodMs: HOUR, tiers: [] });
  await using tsdb = await world.open();
  for (const minute of all) {
    const at = START + minute * 60_000;
    await tsdb.append([{ series: { __name__: 'up', job: 'a' }, at, value: Math.sin(minute) }]);
    if (minute % 60 === 0) await tsdb.maintain();
  }
  const { blockBytes, walBytes, blockCount } = tsdb.stats();
  expect(blockBytes <= 2_000 || blockCount === 1).toBe(true);
  expect(walBytes).toBeGreaterThan(0);
  const left = minutesOf(tsdb, 'a');
  expect(left).toEqual(all.slice(-left.length).map(Math.sin));
  expect(left.length).toBeGreaterThan(60);
  expect(left.length).toBeLessThan(600);
  expect(world.lines.some(({ event }) => event === 'tsdb.block.expired')).toBe(true);
});
