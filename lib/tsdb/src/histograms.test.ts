// Goal: native histograms come back exactly as they went in, from the head, from chunks, from blocks and from the log.
// Method: random histograms in runs of one layout, mixed with floats; every stage is compared with what was appended.
import { silentLog } from '@plumb/base';
import { createFakeClock, openTemporaryDirectory } from '@plumb/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteReader, ByteWriter } from './bytes.ts';
import { readHistogram, writeHistogram } from './histogram-chunk.ts';
import { joinParts } from './columns.ts';
import { sealColumns } from './merge-chunks.ts';
import { type HistogramSample, RESET_HINTS } from './native-histogram.ts';
import { openTsdb, type Tsdb } from './tsdb.ts';
import type { Sample } from './tsdb-options.ts';

const START = 1_760_400_000_000 - (1_760_400_000_000 % 7_200_000);

const number = fc.oneof(fc.nat(1e6), fc.double({ noDefaultInfinity: true }));
const buckets = fc.uniqueArray(fc.integer({ min: -500, max: 500 }), { maxLength: 12 }).chain((indexes) =>
  fc.array(number, { minLength: indexes.length, maxLength: indexes.length }).map((counts) => ({
    indexes: Int32Array.from(indexes.toSorted((a, b) => a - b)),
    counts: Float64Array.from(counts),
  })),
);
const histogram: fc.Arbitrary<HistogramSample> = fc
  .record({
    schema: fc.integer({ min: -53, max: 8 }),
    resetHint: fc.constantFrom(...RESET_HINTS),
    count: number,
    sum: number,
    zeroThreshold: number,
    zeroCount: number,
    positive: buckets,
    negative: buckets,
    bounds: fc.option(fc.array(number, { maxLength: 5 }), { nil: undefined }),
  })
  .map(({ bounds, ...rest }) => (bounds === undefined ? rest : { ...rest, bounds }));

/** A run of one layout, whose counts grow. */
const run = fc.tuple(histogram, fc.integer({ min: 1, max: 40 })).map(([first, length]) =>
  Array.from({ length }, (_, i) => ({
    ...first,
    count: first.count + i,
    positive: { ...first.positive, counts: first.positive.counts.map((count, k) => count + i * k) },
  })),
);

test('a histogram in the log comes back as it was', () => {
  fc.assert(
    fc.property(histogram, (one) => {
      const out = new ByteWriter();
      writeHistogram(one, out);
      expect(readHistogram(new ByteReader(out.view()))).toEqual(one);
    }),
  );
});

test('runs of histograms and floats are sealed to chunks and come back as they were', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(run, fc.array(fc.constant(undefined), { maxLength: 5 })), { maxLength: 5 }),
      (runs) => {
        const histograms = runs.flat();
        const times = Float64Array.from(histograms, (_, i) => START + i * 15_000);
        const values = Float64Array.from(histograms, (one, i) => (one === undefined ? i : 0));
        const joined = joinParts(sealColumns({ times, values, histograms }), -Infinity, Infinity);
        expect(joined.times).toEqual(times);
        expect(joined.values).toEqual(values);
        expect(joined.histograms ?? histograms.map(() => undefined)).toEqual(histograms);
      },
    ),
  );
});

const latency = (i: number): HistogramSample => ({
  schema: 3,
  resetHint: 'unknown',
  count: i * 6,
  sum: i * 1.5,
  zeroThreshold: 2 ** -128,
  zeroCount: i,
  positive: { indexes: Int32Array.of(-3, 0, 1, 17), counts: Float64Array.of(i, i * 2, i, i) },
  negative: { indexes: new Int32Array(0), counts: new Float64Array(0) },
});

test('a series of histograms lives through the log, a flush, a restart and late samples, to the bit', async () => {
  await using directory = await openTemporaryDirectory();
  const clock = { ...createFakeClock(), now: () => START + 86_400_000 };
  const open = (): Promise<Tsdb> =>
    openTsdb({ directory: directory.path, clock, log: silentLog, retentionMs: 1e12, outOfOrderWindowMs: 3_600_000 });
  const sampleAt = (i: number): Sample => ({
    series: { __name__: 'latency' },
    at: START + i * 60_000,
    value: i === 130 ? 'stale' : i % 50 === 7 ? i : latency(i),
  });
  const expected = Array.from({ length: 400 }, (_, i) => (i === 130 || i % 50 === 7 ? undefined : latency(i)));
  const check = (tsdb: Tsdb): void => {
    const [found] = tsdb.select([], 0, START * 2);
    expect(found?.histograms).toEqual(expected);
    expect(found?.values[57]).toBe(57);
    expect(tsdb.select([], START + 3 * 60_000, START + 5 * 60_000)[0]?.histograms).toEqual([3, 4, 5].map(latency));
  };
  {
    await using tsdb = await open();
    for (let i = 0; i < 400; i += 1) if (i !== 391) await tsdb.append([sampleAt(i)]);
    expect(await tsdb.append([sampleAt(391)])).toMatchObject({ lateCount: 1 });
    expect(await tsdb.append([sampleAt(399)])).toMatchObject({ acceptedCount: 1, duplicateCount: 0 });
    check(tsdb);
  }
  {
    await using tsdb = await open();
    check(tsdb);
    await tsdb.maintain();
    expect(tsdb.stats().blockSampleCount).toBeGreaterThan(200);
    check(tsdb);
  }
  await using tsdb = await open();
  check(tsdb);
});

test('exemplars are kept as the newest of all, with their labels, and are there after a restart and a checkpoint', async () => {
  await using directory = await openTemporaryDirectory();
  const clock = { ...createFakeClock(), now: () => START + 86_400_000 };
  const options = { directory: directory.path, clock, log: silentLog, retentionMs: 1e12, exemplarCountMax: 3 };
  const series = { __name__: 'latency_bucket', le: '1' };
  const exemplar = (i: number) => ({ at: START + i, value: i / 10, labels: { trace_id: `t${i}` } });
  const check = (tsdb: Tsdb): void => {
    const found = tsdb.exemplars([{ name: 'le', op: '=', value: '1' }], 0, START * 2);
    expect(found).toEqual([{ labels: series, exemplars: [3, 4, 5].map(exemplar) }]);
  };
  {
    await using tsdb = await openTsdb(options);
    await tsdb.append([{ series, at: START, value: 1 }]);
    const kept = await tsdb.appendExemplars([1, 2, 3, 3, 2, 4].map((i) => ({ series, ...exemplar(i) })));
    expect(kept).toBe(4);
    await tsdb.appendExemplars([{ series, ...exemplar(5) }]);
    check(tsdb);
    expect(tsdb.exemplars([], START + 4, START + 4)[0]?.exemplars).toEqual([exemplar(4)]);
  }
  {
    await using tsdb = await openTsdb({ ...options, checkpointLogBytes: 1 });
    check(tsdb);
    await tsdb.maintain();
  }
  await using tsdb = await openTsdb(options);
  expect(tsdb.stats().replay.recordCount).toBe(0); // All of it is in the checkpoint.
  check(tsdb);
});
