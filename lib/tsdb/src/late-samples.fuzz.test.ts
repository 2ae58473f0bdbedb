// Goal: with an out-of-order window and deletions, the database still answers as plain maps would.
// Method: random steps against a database with tiny periods and against a Map of Maps, in which the first sample of a time
// stays; every answer is compared. Sometimes the folder is taken as it is at that moment, as after kill -9.
import fs from 'node:fs';
import fc from 'fast-check';
import { silentLog } from '@plumb/base';
import { createFakeClock, openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';
import { openTsdb } from './tsdb.ts';

const PERIOD_MS = 1_000;
const WINDOW_MS = 2_500;
const NAMES = ['a', 'b', 'c'];

const sample = fc.record({
  name: fc.constantFrom(...NAMES),
  offsetMs: fc.integer({ min: -3_500, max: 300 }),
  value: fc.nat(1e6),
});
const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('append' as const), samples: fc.array(sample, { maxLength: 8 }) }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: 'maintain' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'reopen' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'crash' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      name: fc.constantFrom(...NAMES),
      from: fc.integer({ min: 3_500, max: 7_000 }),
    }),
  },
);

test('late samples, deletions, flushes, restarts and crashes: the answer is that of plain maps', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
      await using parent = await openTemporaryDirectory();
      const clock = { ...createFakeClock(), now: () => 1_000_000 };
      let directory = `${parent.path}/0`;
      const open = () =>
        openTsdb({
          directory,
          clock,
          log: silentLog,
          retentionMs: 10_000_000,
          blockPeriodMs: PERIOD_MS,
          outOfOrderWindowMs: WINDOW_MS,
          checkpointLogBytes: 2_000,
        });
      let tsdb = await open();
      const model = new Map(NAMES.map((name) => [name, new Map<number, number>()]));
      let newestAt = 5_000;
      let crashCount = 0;
      const compare = (): void => {
        const actual = tsdb.select([], -Infinity, Infinity);
        const found = actual.map(({ labels, times, values }) => [
          labels['__name__'],
          [...times].map((at, i) => [at, values[i]]),
        ]);
        const expected = [...model].map(([name, points]) => [name, [...points].sort(([a], [b]) => a - b)] as const);
        expect(Object.fromEntries(found)).toEqual(
          Object.fromEntries(expected.filter(([, points]) => points.length > 0)),
        );
      };
      for (const one of steps) {
        if (one.kind === 'append') {
          for (const { name, offsetMs, value } of one.samples) {
            const at = newestAt + offsetMs;
            const { acceptedCount, lateCount } = await tsdb.append([{ series: { __name__: name }, at, value }]);
            const points = model.get(name) ?? new Map<number, number>();
            expect(lateCount).toBeLessThanOrEqual(acceptedCount);
            if (offsetMs >= -WINDOW_MS && offsetMs <= 0 && !points.has(at)) expect(acceptedCount).toBe(1);
            if (acceptedCount === 1 && !points.has(at)) points.set(at, value);
            if (acceptedCount === 1) newestAt = Math.max(newestAt, at);
          }
        } else if (one.kind === 'maintain') {
          await tsdb.maintain();
        } else if (one.kind === 'reopen') {
          await tsdb[Symbol.asyncDispose]();
          tsdb = await open();
        } else if (one.kind === 'crash') {
          crashCount += 1;
          fs.cpSync(directory, `${parent.path}/${crashCount}`, { recursive: true });
          await tsdb[Symbol.asyncDispose]();
          directory = `${parent.path}/${crashCount}`;
          tsdb = await open();
        } else {
          await tsdb.deleteSeries([{ name: '__name__', op: '=', value: one.name }], one.from, one.from + 700);
          const points = model.get(one.name);
          for (const at of points?.keys() ?? []) if (at >= one.from && at <= one.from + 700) points?.delete(at);
        }
        compare();
      }
      await tsdb[Symbol.asyncDispose]();
    }),
    { numRuns: 40 },
  );
});
