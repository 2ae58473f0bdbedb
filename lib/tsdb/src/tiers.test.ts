// Goal: tiers answer what the samples answer. Method: the same data with and without tiers, bucket by bucket, and PromQL's
// own functions over the samples beside what is combined from buckets.
import { seededRandom, silentLog } from '@plumb/base';
import { evaluateInstant } from '@plumb/promql';
import { createFakeClock, openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';
import { aggregateOver, type Aggregate, increaseOver } from './aggregate.ts';
import type { BucketSeries } from './select-buckets.ts';
import { openTsdb, type Tsdb } from './tsdb.ts';
import type { Sample, TsdbOptions } from './tsdb-options.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = 1_760_400_000_000 - (1_760_400_000_000 % (54 * HOUR));
const HOURS = 30;

async function openWorld() {
  const directory = await openTemporaryDirectory();
  let now = START + HOURS * HOUR;
  const clock = { ...createFakeClock(), now: () => now, jump: (lengthMs: number) => void (now += lengthMs) };
  const settings = {
    directory: directory.path,
    clock,
    log: silentLog,
    outOfOrderWindowMs: 2 * HOUR,
    blockPeriodMs: HOUR,
  };
  const open = (options: Partial<TsdbOptions> = {}): Promise<Tsdb> =>
    openTsdb({ ...settings, retentionMs: 1e12, ...options });
  return { clock, open, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

/** A counter with resets, a gauge with ends in it, and one that is only there for a while; a sample every 30 s or so. */
async function fill(tsdb: Tsdb): Promise<void> {
  const random = seededRandom(7);
  let total = 0;
  for (let at = START; at < START + HOURS * HOUR; at += 30_000) {
    total = random.float() < 0.005 ? 0 : total + Math.floor(random.float() * 10);
    const samples: Sample[] = [
      { series: { __name__: 'requests_total' }, at, value: total },
      {
        series: { __name__: 'level' },
        at: at + 7,
        value: random.float() < 0.05 ? 'stale' : Math.floor(random.float() * 1e4),
      },
    ];
    if (at % (7 * HOUR) < HOUR) samples.push({ series: { __name__: 'rare' }, at, value: -3 });
    await tsdb.append(samples);
  }
  await tsdb.maintain();
}

function bucketsIn(tsdb: Tsdb, stepMs: number, name = '.+'): Record<string, BucketSeries['buckets']> {
  const query = { matchers: [{ name: '__name__', op: '=~' as const, value: name }], stepMs };
  const series = tsdb.selectBuckets({ ...query, startAt: START - HOUR, endAt: START + HOURS * HOUR });
  return Object.fromEntries(series.map(({ labels, buckets }) => [labels['__name__'], buckets]));
}

test('buckets from tiers are those of the samples, before and after the samples are gone', async () => {
  await using world = await openWorld();
  const expected = new Map<number, ReturnType<typeof bucketsIn>>();
  {
    await using tsdb = await world.open({ tiers: [] });
    await fill(tsdb);
    for (const minutes of [5, 15, 60]) expected.set(minutes, bucketsIn(tsdb, minutes * MINUTE));
    expect(expected.get(60)?.['requests_total']).toHaveLength(HOURS + 1); // The very first sample ends a bucket.
  }
  {
    await using tsdb = await world.open();
    await tsdb.maintain();
    expect(tsdb.stats().tierBytes).toBeGreaterThan(0);
    for (const [minutes, buckets] of expected) expect(bucketsIn(tsdb, minutes * MINUTE)).toEqual(buckets);
  }
  await using tsdb = await world.open({ retentionMs: 40 * HOUR });
  world.clock.jump(60 * HOUR);
  await tsdb.maintain();
  expect(tsdb.stats().blockCount).toBeLessThan(3);
  expect(tsdb.select([], START, START + 10 * HOUR)).toEqual([]);
  for (const [minutes, buckets] of expected) expect(bucketsIn(tsdb, minutes * MINUTE)).toEqual(buckets);
});

test('late samples and deletions are seen at once and after the next maintenance', async () => {
  await using world = await openWorld();
  await using tsdb = await world.open({ tiers: [{ stepMs: HOUR, retentionMs: 1e12 }] });
  await fill(tsdb);
  const sumOf = (): number =>
    (bucketsIn(tsdb, HOUR, 'rare')['rare'] ?? []).reduce((sum, bucket) => sum + bucket.sum, 0);
  const before = sumOf();
  await tsdb.append([{ series: { __name__: 'rare' }, at: START + (HOURS - 1.75) * HOUR, value: 1_000 }]);
  expect(sumOf()).toBe(before + 1_000);
  await tsdb.maintain();
  expect(sumOf()).toBe(before + 1_000);
  await tsdb.deleteSeries([{ name: '__name__', op: '=', value: 'rare' }], START, START + 5 * HOUR);
  const after = sumOf();
  expect(after).toBeGreaterThan(before + 1_000);
  await tsdb.maintain();
  expect(sumOf()).toBe(after);
});

test('what is combined from buckets is what PromQL computes from the samples', async () => {
  await using world = await openWorld();
  await using tsdb = await world.open();
  await fill(tsdb);
  const check = async (
    expression: string,
    name: string,
    of: (one: Aggregate, from: number, to: number) => number | undefined,
  ) => {
    const { [name]: buckets = [] } = bucketsIn(tsdb, 5 * MINUTE, name);
    for (const [endHours, rangeMinutes] of [
      [2, 60],
      [7.5, 450],
      [25, 1_440],
      [29.75, 15],
      [11, 5],
    ] as const) {
      const at = START + endHours * HOUR;
      const range = expression.replace('RANGE', `${rangeMinutes}m`);
      const answer = await evaluateInstant({ expression: range, at, queryable: tsdb });
      const aggregate = aggregateOver(buckets, at - rangeMinutes * MINUTE, at);
      const ours = aggregate === undefined ? undefined : of(aggregate, at - rangeMinutes * MINUTE, at);
      const theirs = answer.kind === 'vector' ? answer.samples[0]?.value : NaN;
      expect([range, ours ?? NaN]).toEqual([range, theirs === undefined ? NaN : expect.closeTo(theirs, 8)]);
    }
  };
  await check('count_over_time(level[RANGE])', 'level', ({ count }) => count);
  await check('sum_over_time(level[RANGE])', 'level', ({ sum }) => sum);
  await check('avg_over_time(level[RANGE])', 'level', ({ sum, count }) => sum / count);
  await check('min_over_time(level[RANGE])', 'level', ({ min }) => min);
  await check('max_over_time(level[RANGE])', 'level', ({ max }) => max);
  await check('last_over_time(level[RANGE])', 'level', ({ last }) => last);
  await check('increase(requests_total[RANGE])', 'requests_total', increaseOver);
  await check('rate(requests_total[RANGE])', 'requests_total', (one, from, to) => {
    const increase = increaseOver(one, from, to);
    return increase === undefined ? undefined : increase / ((to - from) / 1_000);
  });
});

test('ends that are not multiples of the step are refused', async () => {
  await using world = await openWorld();
  await using tsdb = await world.open();
  const query = { matchers: [], startAt: START, endAt: START + HOUR + 1, stepMs: HOUR };
  expect(() => tsdb.selectBuckets(query)).toThrow(/not multiples of the step/);
});
