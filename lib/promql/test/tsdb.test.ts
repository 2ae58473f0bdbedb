// The real store behind the evaluator: samples that went through log, head and blocks give the answers of the scripts.
import { silentLog } from '@plumb/base';
import { createFakeClock, openTemporaryDirectory } from '@plumb/testing';
import { openTsdb } from '@plumb/tsdb';
import { expect, test } from 'vitest';
import { evaluateInstant, evaluateRange } from '../src/index.ts';

const START = 1_760_400_000_000;
const STEP_MS = 15_000;

test('a query over blocks and head counts every sample once, and ends at a stale marker', async () => {
  await using directory = await openTemporaryDirectory();
  const clock = { ...createFakeClock(), now: () => START + 1_000 * STEP_MS };
  await using tsdb = await openTsdb({ directory: directory.path, clock, log: silentLog, retentionMs: 1e12 });
  for (let i = 0; i < 1_000; i += 1) {
    const at = START + i * STEP_MS;
    await tsdb.append(
      ['a', 'b'].map((instance) => ({ series: { __name__: 'requests_total', instance }, at, value: i * 3 })),
    );
  }
  await tsdb.append([
    { series: { __name__: 'requests_total', instance: 'b' }, at: START + 1_000 * STEP_MS, value: 'stale' },
  ]);
  await tsdb.maintain();
  expect(tsdb.stats().blockCount).toBe(1);

  const range = { queryable: tsdb, startAt: START + 300_000, endAt: START + 999 * STEP_MS, stepMs: 60_000 };
  const [rates] = await evaluateRange({ ...range, expression: 'sum(rate(requests_total[5m]))' });
  expect(rates?.times.length).toBe(245);
  for (const value of rates?.values ?? []) expect(value).toBeCloseTo(0.4, 10);
  const at = START + 1_000 * STEP_MS;
  const counts = await evaluateInstant({ expression: 'sum(count_over_time(requests_total[5h]))', at, queryable: tsdb });
  expect(counts).toMatchObject({ samples: [{ value: 2_000 }] });
  const now = await evaluateInstant({ expression: 'requests_total', at, queryable: tsdb });
  expect(now).toMatchObject({ samples: [{ labels: { instance: 'a' } }] });
});
