// Goal: whatever is appended, flushed, joined, restarted and asked, the database answers as plain arrays would.
// Method: random steps against a database with tiny periods and against a Map of arrays; every answer is compared.
import fc from 'fast-check';
import { silentLog } from '@plumb/base';
import { createFakeClock, openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';
import { bitsOf } from './bytes.ts';
import { setStale } from './stale.ts';
import { openTsdb } from './tsdb.ts';

const PERIOD_MS = 1_000;
const NAMES = ['a', 'b', 'c', 'd'];

const append = fc.record({
  kind: fc.constant('append' as const),
  samples: fc.array(
    fc.record({
      name: fc.constantFrom(...NAMES),
      gapMs: fc.integer({ min: -50, max: 400 }),
      value: fc.oneof(
        fc.integer().map((n) => n / 100),
        fc.double(),
        fc.constant('stale' as const),
      ),
    }),
    { maxLength: 8 },
  ),
});
const step = fc.oneof(
  { weight: 12, arbitrary: append },
  { weight: 2, arbitrary: fc.constant({ kind: 'maintain' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'reopen' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('select' as const), from: fc.nat(9_000), lengthMs: fc.nat(4_000) }),
  },
);

test('a database answers as plain arrays would, whatever was flushed, joined and restarted in between', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      await using directory = await openTemporaryDirectory();
      const clock = { ...createFakeClock(), now: () => 1_000_000 };
      const options = {
        directory: directory.path,
        clock,
        log: silentLog,
        retentionMs: 10_000_000,
        blockPeriodMs: PERIOD_MS,
        checkpointLogBytes: 500,
      };
      let tsdb = await openTsdb(options);
      const model = new Map(NAMES.map((name) => [name, [] as { at: number; bits: string }[]]));
      let now = 100;
      let leastAt = 0;
      const compare = (minAt: number, maxAt: number): void => {
        const actual = tsdb.select([{ name: '__name__', op: '=~', value: '.+' }], minAt, maxAt);
        const found = Object.fromEntries(
          actual.map(({ labels, times, values }) => [
            labels['__name__'],
            Array.from(times, (at, i) => [at, bitsAt(values, i)]),
          ]),
        );
        const inRange = [...model].map(
          ([name, points]) =>
            [name, points.filter(({ at }) => at >= minAt && at <= maxAt).map(({ at, bits }) => [at, bits])] as const,
        );
        expect(found).toEqual(Object.fromEntries(inRange.filter(([, points]) => points.length > 0)));
      };
      for (const one of steps) {
        if (one.kind === 'append') {
          const samples = one.samples.map(({ name, gapMs, value }) => ({
            series: { __name__: name },
            at: Math.max(0, (now += gapMs)),
            value,
          }));
          const outcome = await tsdb.append(samples);
          let acceptedCount = 0;
          for (const { series, at, value } of samples) {
            const points = model.get(series.__name__) ?? [];
            const last = points.at(-1);
            const bits = bitsOfValue(value);
            if (at < leastAt || (last !== undefined && (at < last.at || (at === last.at && bits !== last.bits))))
              continue;
            if (at !== last?.at) points.push({ at, bits });
            acceptedCount += 1;
          }
          expect(outcome.acceptedCount).toBe(acceptedCount);
        } else if (one.kind === 'maintain') {
          await tsdb.maintain();
          const newestAt = Math.max(-Infinity, ...[...model.values()].flatMap((points) => points.map(({ at }) => at)));
          leastAt = Math.max(leastAt, Math.floor((newestAt - PERIOD_MS / 2) / PERIOD_MS) * PERIOD_MS);
        } else if (one.kind === 'reopen') {
          await tsdb[Symbol.asyncDispose]();
          tsdb = await openTsdb(options);
        } else {
          compare(one.from, one.from + one.lengthMs);
        }
      }
      compare(-Infinity, Infinity);
      await tsdb[Symbol.asyncDispose]();
    }),
    { numRuns: 60 },
  );
});

function bitsAt(values: Float64Array, index: number): string {
  const bits = bitsOf(values);
  return `${bits[2 * index + 1]}:${bits[2 * index]}`;
}

function bitsOfValue(value: number | 'stale'): string {
  const values = Float64Array.of(value === 'stale' ? 0 : value);
  if (value === 'stale') setStale(values, 0);
  return bitsAt(values, 0);
}
