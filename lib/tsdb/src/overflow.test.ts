import { createLog } from '@plumb/base';
import { createFakeClock, openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';
import { OVERFLOW_SERIES_MAX } from './overflow.ts';
import { openTsdb, type Tsdb } from './tsdb.ts';
import type { TsdbOptions } from './tsdb-options.ts';

const START = 1_760_400_000_000;

async function openWorld(options: Partial<TsdbOptions>) {
  const directory = await openTemporaryDirectory();
  const events: string[] = [];
  const log = createLog((_, event) => void events.push(event));
  const clock = { ...createFakeClock(), now: () => START + 60_000 };
  const open = (): Promise<Tsdb> => openTsdb({ directory: directory.path, clock, log, retentionMs: 1e12, ...options });
  return { events, open, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

const request = (user: number): Record<string, string> => ({
  __name__: 'requests_total',
  job: 'web',
  user: String(user),
});

test('series over the budget are summed in one overflow series for each metric and target, with one warning', async () => {
  await using world = await openWorld({ seriesCountMax: 2 });
  {
    await using tsdb = await world.open();
    for (let round = 0; round < 3; round += 1) {
      const samples = Array.from({ length: 10 }, (_, user) => ({
        series: request(user),
        at: START + round * 1_000,
        value: (round + 1) * user,
      }));
      const outcome = await tsdb.append(samples);
      expect(outcome).toMatchObject({ acceptedCount: 10, foldedCount: 8, overLimitCount: 0 });
    }
    expect(tsdb.stats()).toMatchObject({ seriesCount: 3, overflowSeriesCount: 1, foldedCount: 24 });
    expect(world.events.filter((event) => event === 'tsdb.series-over-budget')).toHaveLength(1);
  }
  await using tsdb = await world.open();
  const overflow = tsdb.select([{ name: 'plumb_overflow', op: '=', value: 'true' }], 0, START * 2);
  expect(overflow.map(({ labels }) => labels)).toEqual([
    { __name__: 'requests_total', job: 'web', plumb_overflow: 'true' },
  ]);
  expect([...(overflow[0]?.values ?? [])]).toEqual([44, 88, 132]); // 2 + 3 + … + 9, each round once more.
  const again = await tsdb.append([{ series: request(9), at: START + 3_000, value: 7 }]);
  expect(again).toMatchObject({ acceptedCount: 1, foldedCount: 1 });
});

test('known series keep their own values, and the end of one that was folded ends nothing', async () => {
  await using world = await openWorld({ seriesCountMax: 1 });
  await using tsdb = await world.open();
  await tsdb.append([
    { series: request(0), at: START, value: 5 },
    { series: request(1), at: START, value: 'stale' },
    { series: request(2), at: START, value: 1 },
  ]);
  const found = tsdb.select([], 0, START * 2).map(({ labels, values }) => [labels['user'] ?? 'overflow', ...values]);
  expect(found).toEqual([
    ['0', 5],
    ['overflow', 1],
  ]);
});

test('labels beyond their limits fold a series too', async () => {
  await using world = await openWorld({ labelLimits: { countMax: 3, nameLengthMax: 20, valueLengthMax: 30 } });
  await using tsdb = await world.open();
  const ref = tsdb.seriesRef({ ...request(1), path: '/', method: 'GET' });
  expect(tsdb.seriesRef({ __name__: 'requests_total', job: 'web', user: 'x'.repeat(31) })).toBe(ref);
  expect(tsdb.seriesRef({ __name__: 'requests_total', job: 'web', ['n'.repeat(21)]: 'x' })).toBe(ref);
  expect(tsdb.seriesRef(request(1))).not.toBe(ref);
});

test('metrics without end fill the overflow series, and only then samples are refused', async () => {
  await using world = await openWorld({ seriesCountMax: 1 });
  await using tsdb = await world.open();
  const samples = Array.from({ length: OVERFLOW_SERIES_MAX + 3 }, (_, i) => ({
    series: { __name__: `metric_${i}` },
    at: START,
    value: 1,
  }));
  const outcome = await tsdb.append(samples);
  expect(outcome).toMatchObject({ acceptedCount: OVERFLOW_SERIES_MAX + 1, overLimitCount: 2 });
});
