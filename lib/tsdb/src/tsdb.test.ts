import fs from 'node:fs';
import path from 'node:path';
import { createLog, type LogFields, silentLog } from '@plumb/base';
import { createFakeClock, openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';
import { isStale } from './stale.ts';
import { openTsdb, type Tsdb } from './tsdb.ts';
import type { TsdbOptions } from './tsdb-options.ts';

const HOUR = 3_600_000;
/** The start of the longest span that blocks are joined to. */
const START = 1_760_400_000_000 - (1_760_400_000_000 % (54 * HOUR));
const up = { __name__: 'up', job: 'web', instance: 'a' };

async function openWorld(options: Partial<TsdbOptions> = {}) {
  const directory = await openTemporaryDirectory();
  let now = START;
  // Jumps without running the timers in between: these tests call `maintain` themselves.
  const clock = { ...createFakeClock(), now: () => now, jump: (lengthMs: number) => void (now += lengthMs) };
  const open = (): Promise<Tsdb> =>
    openTsdb({ directory: directory.path, clock, log: silentLog, retentionMs: 1_000 * HOUR, ...options });
  return { directory, clock, open, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

function points(tsdb: Tsdb, name = 'up', minAt = 0, maxAt = Number.MAX_SAFE_INTEGER): number[][] {
  return tsdb
    .select([{ name: '__name__', op: '=', value: name }], minAt, maxAt)
    .flatMap(({ times, values }) => Array.from(times, (at, i) => [at, values[i] as number]));
}

/** Appends one sample of `up` every 15 s from `startAt`, `count` times, with the clock at each of them. */
async function appendSteadily(tsdb: Tsdb, startAt: number, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await tsdb.append([{ series: up, at: startAt + i * 15_000, value: i }]);
}

test('samples are found by every kind of matcher, within the range that is asked for', async () => {
  await using world = await openWorld();
  await using tsdb = await world.open();
  await tsdb.append([
    { series: up, at: START, value: 1 },
    { series: { ...up, instance: 'b' }, at: START, value: 2 },
    { series: { __name__: 'load', job: 'host' }, at: START, value: 3 },
    { series: up, at: START + 1, value: 4 },
  ]);
  const check = (matcher: string, expected: number[]): void => {
    const [, name = '', op, value = ''] = /^(\w+)(=~|!~|!=|=)(.*)$/.exec(matcher) ?? [];
    const found = tsdb.select([{ name, op: op as '=', value }], START, START + 1);
    expect(found.flatMap(({ values }) => [...values]).sort((a, b) => a - b)).toEqual(expected);
  };
  check('job=web', [1, 2, 4]);
  check('job!=web', [3]);
  check('instance=', [3]);
  check('instance!=', [1, 2, 4]);
  check('instance=~a|c', [1, 4]);
  check('instance=~[b-d]', [2]);
  check('instance=~.*', [1, 2, 3, 4]);
  check('instance!~a', [2, 3]);
  check('job=~we', []);
  check('absent=~.+', []);
  expect(points(tsdb, 'up', START + 1, START + 1)).toEqual([[START + 1, 4]]);
  expect(tsdb.labelNames()).toEqual(['__name__', 'instance', 'job']);
  expect(tsdb.labelValues('job')).toEqual(['host', 'web']);
  expect(tsdb.series({ matchers: [{ name: 'job', op: '=', value: 'host' }] })).toEqual([
    { __name__: 'load', job: 'host' },
  ]);
});

test('a pattern that is no RE2 is refused, and one that blows up elsewhere is not', async () => {
  await using world = await openWorld();
  await using tsdb = await world.open();
  await tsdb.append([{ series: { __name__: 'x', text: 'a'.repeat(5_000) }, at: START, value: 1 }]);
  expect(() => tsdb.select([{ name: 'text', op: '=~', value: '(?=a)' }], 0, START)).toThrow(
    /not an RE2 regular expression/,
  );
  expect(tsdb.select([{ name: 'text', op: '=~', value: '(a+)+b' }], 0, START)).toEqual([]);
});

test('samples out of order, repeated, too old or too new are refused and counted; the rest of the batch is kept', async () => {
  await using world = await openWorld();
  await using tsdb = await world.open();
  const ref = tsdb.seriesRef(up) ?? 0;
  const outcome = await tsdb.append([
    { series: ref, at: START, value: 1 },
    { series: ref, at: START, value: 1 },
    { series: ref, at: START, value: 2 },
    { series: ref, at: START - 1, value: 1 },
    { series: ref, at: START + HOUR, value: 1 },
    { series: 999, at: START, value: 1 },
    { series: ref, at: START + 1, value: 5 },
  ]);
  expect(outcome).toMatchObject({
    acceptedCount: 3,
    duplicateCount: 1,
    outOfOrderCount: 1,
    tooNewCount: 1,
    unknownRefs: [999],
  });
  expect(points(tsdb)).toEqual([
    [START, 1],
    [START + 1, 5],
  ]);
  const again = await tsdb.append([{ series: up, at: START + 1, value: 5 }]);
  expect(again).toMatchObject({ acceptedCount: 1, duplicateCount: 0 });
  expect(tsdb.stats()).toMatchObject({ seriesCount: 1, headSampleCount: 2, duplicateCount: 1, unknownRefCount: 1 });
});

test('after a restart every sample is there, with the stale marker as it was', async () => {
  await using world = await openWorld();
  {
    await using tsdb = await world.open();
    await appendSteadily(tsdb, START, 40);
    await tsdb.append([{ series: up, at: START + 600_000, value: 'stale' }]);
  }
  world.clock.jump(HOUR);
  await using tsdb = await world.open();
  const [series] = tsdb.select([], 0, START * 2);
  expect(series?.times.length).toBe(41);
  expect(isStale(series?.values ?? new Float64Array(1), 40)).toBe(true);
  await tsdb.append([{ series: up, at: START + 600_001, value: 7 }]);
  expect(points(tsdb).at(-1)).toEqual([START + 600_001, 7]);
});

test('a torn tail of the log is cut off and counted, and writing goes on behind it', async () => {
  await using world = await openWorld();
  {
    await using tsdb = await world.open();
    await appendSteadily(tsdb, START, 3);
  }
  const wal = path.join(world.directory.path, 'wal');
  const [segment = ''] = fs.readdirSync(wal);
  fs.truncateSync(path.join(wal, segment), fs.statSync(path.join(wal, segment)).size - 5);
  {
    await using tsdb = await world.open();
    expect(tsdb.stats().replay.tornBytes).toBeGreaterThan(0);
    expect(points(tsdb).length).toBe(2);
    await tsdb.append([{ series: up, at: START + 60_000, value: 9 }]);
  }
  await using tsdb = await world.open();
  expect(tsdb.stats().replay.tornBytes).toBe(0);
  expect(points(tsdb).map(([, value]) => value)).toEqual([0, 1, 9]);
});

test('periods that have passed are flushed to blocks, and the answer stays the same, before and after a restart', async () => {
  await using world = await openWorld();
  const expected = Array.from({ length: 2_000 }, (_, i) => [START + i * 15_000, i]);
  {
    await using tsdb = await world.open();
    world.clock.jump(9 * HOUR);
    await appendSteadily(tsdb, START, 2_000);
    const walBytes = tsdb.stats().walBytes;
    await tsdb.maintain();
    expect(points(tsdb)).toEqual(expected);
    expect(tsdb.stats()).toMatchObject({ blockCount: 1 }); // Three periods, joined: the fourth is not over.
    expect(tsdb.stats().walBytes).toBeLessThan(walBytes / 2);
    expect((await tsdb.append([{ series: { __name__: 'late' }, at: START, value: 1 }])).tooOldCount).toBe(1);
    expect(points(tsdb, 'up', START + HOUR, START + HOUR + 15_000)).toEqual(expected.slice(240, 242));
  }
  await using tsdb = await world.open();
  expect(points(tsdb)).toEqual(expected);
  expect(tsdb.stats().blockSampleCount + tsdb.stats().headSampleCount).toBe(2_000);
});

test('blocks beyond the retention go, and their count stays bounded', async () => {
  await using world = await openWorld({ retentionMs: 10 * HOUR, blockPeriodMs: HOUR });
  await using tsdb = await world.open();
  for (let hour = 0; hour < 45; hour += 1) {
    world.clock.jump(HOUR);
    await tsdb.append([{ series: up, at: START + hour * HOUR, value: hour }]);
    await tsdb.maintain();
    expect(tsdb.stats().blockCount).toBeLessThan(12);
  }
  const kept = points(tsdb);
  expect(kept.at(-1)?.[1]).toBe(44);
  expect(kept[0]?.[0]).toBeGreaterThanOrEqual(world.clock.now() - (10 + 27) * HOUR);
  expect(kept.length).toBe(45 - (kept[0]?.[1] ?? 0));
});

test('a damaged block is set aside with a message, and the rest is served', async () => {
  const lines: { event: string; fields: LogFields }[] = [];
  await using world = await openWorld({ log: createLog((_, event, fields) => void lines.push({ event, fields })) });
  {
    await using tsdb = await world.open();
    world.clock.jump(6 * HOUR);
    await appendSteadily(tsdb, START, 1_300);
    await tsdb.maintain();
    expect(tsdb.stats().blockCount).toBe(2);
  }
  const blocks = path.join(world.directory.path, 'blocks');
  const [first = ''] = fs.readdirSync(blocks).sort();
  const file = path.join(blocks, first);
  flipByte(file, fs.statSync(file).size - 60); // In the index.
  await using tsdb = await world.open();
  expect(tsdb.stats()).toMatchObject({ blockCount: 1, damagedBlockCount: 1 });
  expect(points(tsdb).length).toBe(820);
  expect(fs.existsSync(`${file}.damaged`)).toBe(true);
  expect(lines.find(({ event }) => event === 'tsdb.block.damaged')?.fields).toMatchObject({ file });
});

test('a damaged chunk is left out, counted and named, and the rest is served', async () => {
  await using world = await openWorld();
  await using tsdb = await world.open();
  world.clock.jump(4 * HOUR);
  await tsdb.append([{ series: { ...up, instance: 'b' }, at: START, value: 1 }]);
  await appendSteadily(tsdb, START, 800);
  await tsdb.maintain();
  const blocks = path.join(world.directory.path, 'blocks');
  flipByte(path.join(blocks, fs.readdirSync(blocks)[0] ?? ''), 40);
  expect(tsdb.select([], 0, START + HOUR).map(({ labels }) => labels['instance'])).toEqual(['b']);
  expect(tsdb.stats().damagedChunkCount).toBe(1);
});

test('a query beyond its limits is refused', async () => {
  await using world = await openWorld();
  await using tsdb = await world.open();
  await appendSteadily(tsdb, START, 10);
  await tsdb.append([{ series: { __name__: 'other' }, at: START, value: 1 }]);
  expect(() => tsdb.select([], 0, START * 2, { sampleCountMax: 5 })).toThrow(/more than 5 samples/);
  expect(() => tsdb.select([], 0, START * 2, { seriesCountMax: 1 })).toThrow(/2 series, more than 1/);
});

function flipByte(file: string, offset: number): void {
  const bytes = fs.readFileSync(file);
  bytes[offset] = (bytes[offset] ?? 0) ^ 0xff;
  fs.writeFileSync(file, bytes);
}

test('a crash between a flush and its checkpoint repeats nothing: the log is skipped where a block has it', async () => {
  await using world = await openWorld();
  const wal = path.join(world.directory.path, 'wal');
  const saved = path.join(world.directory.path, 'saved');
  const expected = Array.from({ length: 1_000 }, (_, i) => [START + i * 15_000, i]);
  {
    await using tsdb = await world.open();
    world.clock.jump(5 * HOUR);
    await appendSteadily(tsdb, START, 1_000);
    fs.cpSync(wal, saved, { recursive: true });
    await tsdb.maintain();
    expect(tsdb.stats().blockCount).toBe(1);
  }
  fs.rmSync(wal, { recursive: true });
  fs.renameSync(saved, wal);
  await using tsdb = await world.open();
  expect(points(tsdb)).toEqual(expected);
  expect(tsdb.stats()).toMatchObject({ blockSampleCount: 480, headSampleCount: 520 });
  expect(tsdb.stats().replay.skippedSampleCount).toBe(480);
});

test('a series that ended, came back and then met a crash before the checkpoint keeps its samples', async () => {
  await using world = await openWorld();
  const wal = path.join(world.directory.path, 'wal');
  const saved = path.join(world.directory.path, 'saved');
  {
    await using tsdb = await world.open();
    await tsdb.append([{ series: { __name__: 'restless' }, at: START, value: 1 }]);
    world.clock.jump(5 * HOUR);
    await appendSteadily(tsdb, START, 1_000);
    fs.cpSync(wal, saved, { recursive: true });
    await tsdb.maintain(); // Forgets `restless`, whose only sample is in a block now.
    await tsdb.append([{ series: { __name__: 'restless' }, at: START + 4 * HOUR, value: 2 }]);
  }
  for (const name of fs.readdirSync(wal)) if (name.endsWith('.checkpoint')) fs.rmSync(path.join(wal, name));
  fs.cpSync(saved, wal, { recursive: true });
  for (let opens = 0; opens < 2; opens += 1) {
    await using tsdb = await world.open();
    const at = START + 4 * HOUR + opens * 60_000;
    expect(points(tsdb, 'restless').slice(0, 2)).toEqual([
      [START, 1],
      [START + 4 * HOUR, 2],
    ]);
    await tsdb.append([{ series: { __name__: 'restless' }, at: at + 60_000, value: 3 }]);
    expect(points(tsdb, 'restless').at(-1)).toEqual([at + 60_000, 3]);
  }
});

test('a log that has grown is replaced by a checkpoint, whose sealed chunks are read as they are', async () => {
  await using world = await openWorld({ checkpointLogBytes: 5_000 });
  {
    await using tsdb = await world.open();
    world.clock.jump(HOUR);
    await appendSteadily(tsdb, START, 200);
    await tsdb.maintain();
    expect(tsdb.stats()).toMatchObject({ blockCount: 0, headSampleCount: 200 });
    expect(tsdb.stats().walBytes).toBeLessThan(2_000);
    await tsdb.append([{ series: up, at: START + HOUR, value: 200 }]);
  }
  await using tsdb = await world.open();
  expect(tsdb.stats().replay).toMatchObject({ skippedSampleCount: 0 });
  expect(tsdb.stats().replay.recordCount).toBeLessThan(10); // Those behind the checkpoint.
  expect(points(tsdb).map(([, value]) => value)).toEqual(Array.from({ length: 201 }, (_, i) => i));
});

test('a folder of version 1 is read: its block, its checkpoint and its log', async () => {
  await using world = await openWorld();
  fs.cpSync(path.join(import.meta.dirname, '../test/testdata/version-1'), world.directory.path, { recursive: true });
  const start = 1_760_400_000_000 - (1_760_400_000_000 % (2 * HOUR));
  for (let opens = 0; opens < 2; opens += 1) {
    await using tsdb = await world.open();
    const counts = tsdb.select([], 0, start * 2).map(({ labels, times }) => [labels['job'], times.length]);
    expect(Object.fromEntries(counts)).toEqual({ a: 201, b: 200, c: 200, d: 1 });
    expect(tsdb.select([{ name: 'job', op: '=~', value: 'b|x' }], start + 60_000, start + 60_000)[0]?.values[0]).toBe(
      0.2,
    );
    expect(tsdb.select([{ name: 'job', op: '!=', value: 'b' }], start, start)).toHaveLength(2);
    await tsdb.maintain();
  }
});

test('a damaged checkpoint is set aside with a message, and what the log and the blocks have is served', async () => {
  const lines: { event: string; fields: LogFields }[] = [];
  await using world = await openWorld({ log: createLog((_, event, fields) => void lines.push({ event, fields })) });
  {
    await using tsdb = await world.open();
    world.clock.jump(6 * HOUR);
    await appendSteadily(tsdb, START, 1_000);
    await tsdb.maintain();
    await tsdb.append([{ series: { __name__: 'later' }, at: START + 5 * HOUR, value: 1 }]);
  }
  const wal = path.join(world.directory.path, 'wal');
  const file = path.join(wal, fs.readdirSync(wal).find((name) => name.endsWith('.checkpoint')) ?? '');
  flipByte(file, fs.statSync(file).size - 100);
  await using tsdb = await world.open();
  expect(lines.find(({ event }) => event === 'tsdb.checkpoint.damaged')?.fields).toMatchObject({ file });
  expect(tsdb.stats().replay.damagedSegmentCount).toBe(1);
  expect(points(tsdb)).toHaveLength(480);
  expect(points(tsdb, 'later')).toHaveLength(1);
});

test('a damaged record in the middle of the log is left out, counted and named; what follows is kept', async () => {
  const lines: { event: string; fields: LogFields }[] = [];
  await using world = await openWorld({ log: createLog((_, event, fields) => void lines.push({ event, fields })) });
  {
    await using tsdb = await world.open();
    await appendSteadily(tsdb, START, 10);
  }
  const wal = path.join(world.directory.path, 'wal');
  flipByte(path.join(wal, fs.readdirSync(wal)[0] ?? ''), 150);
  await using tsdb = await world.open();
  expect(tsdb.stats().replay).toMatchObject({ damagedRecordCount: 1, tornBytes: 0 });
  expect(points(tsdb)).toHaveLength(9);
  expect(lines.some(({ event }) => event === 'tsdb.wal.damaged-record')).toBe(true);
});
