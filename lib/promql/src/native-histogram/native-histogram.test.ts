import { expect, test } from 'vitest';
import { observe } from '../../test/observed-histogram.ts';
import {
  addHistograms,
  divideHistogram,
  meanOfHistograms,
  multiplyHistogram,
  subtractHistograms,
  sumHistograms,
} from './arithmetic.ts';
import { detectsReset } from './detect-reset.ts';
import { formatHistogram } from './format-histogram.ts';
import { histogramFromClassic } from './from-classic.ts';
import { bucketsOf, compacted, createHistogram, equalHistograms, upperBoundOf } from './native-histogram.ts';
import { fractionOfHistogram, quantileOfHistogram } from './quantile.ts';
import { bucketsFromSpans, countsFromDeltas, deltasOf, spansOf } from './spans.ts';
import { trimHistogram } from './trim.ts';

const exponential = { schema: 0, zeroThreshold: 0.001 };

test('bounds are powers of two, divided by the schema, and end where numbers do', () => {
  expect([0, 1, 2, -1].map((index) => upperBoundOf({ schema: 0 }, index))).toEqual([1, 2, 4, 0.5]);
  expect(upperBoundOf({ schema: 3 }, 4)).toBeCloseTo(Math.SQRT2, 15);
  expect([0, 1, -1].map((index) => upperBoundOf({ schema: -4 }, index))).toEqual([1, 65_536, 1 / 65_536]);
  expect([1_024, 1_025].map((index) => upperBoundOf({ schema: 0 }, index))).toEqual([Number.MAX_VALUE, Infinity]);
  expect([-1, 0, 1, 2].map((index) => upperBoundOf({ schema: -53, bounds: [1, 5] }, index))).toEqual([
    -Infinity,
    1,
    5,
    Infinity,
  ]);
});

test('buckets come from the lowest to the highest, and do not overlap with the zero bucket', () => {
  expect(bucketsOf(observe([-3, -0.4, 0, 0.4, 3], { schema: 0, zeroThreshold: 0.3 }))).toEqual([
    { lower: -4, upper: -2, count: 1 },
    { lower: -0.5, upper: -0.3, count: 1 },
    { lower: -0.3, upper: 0.3, count: 1 },
    { lower: 0.3, upper: 0.5, count: 1 },
    { lower: 2, upper: 4, count: 1 },
  ]);
});

test('a zero bucket that ends within a populated bucket of the other takes that bucket in', () => {
  const wide = observe([0.4], { schema: 0, zeroThreshold: 0.75 });
  const sum = addHistograms(observe([0.9, 3], exponential), wide)?.histogram;
  expect(sum).toMatchObject({ zeroThreshold: 1, zeroCount: 2, count: 3 });
  expect([...(sum?.positive.indexes ?? [])]).toEqual([2]);
});

test('custom bounds that differ are reduced to those of both; a mix with exponential ones is refused', () => {
  const a = observe([1, 3, 5, 9], { bounds: [2, 4, 6] });
  const b = observe([1, 3, 5, 9], { bounds: [3, 4, 6, 8] });
  expect(addHistograms(a, b)).toMatchObject({ isReconciled: true, histogram: { bounds: [4, 6], count: 8 } });
  expect([...(addHistograms(a, b)?.histogram.positive.counts ?? [])]).toEqual([4, 2, 2]);
  expect(addHistograms(a, observe([1], exponential))).toBeUndefined();
  expect(subtractHistograms(a, observe([1], exponential))).toBeUndefined();
  expect(sumHistograms([])).toBeUndefined();
});

test('hints: a gauge makes a gauge, agreement stays, and resets that contradict each other are told', () => {
  const check = (hints: readonly ('unknown' | 'reset' | 'not-reset' | 'gauge')[]): unknown => {
    const sum = sumHistograms(hints.map((resetHint) => createHistogram({ resetHint })));
    return [sum?.histogram.resetHint, sum?.hintsCollide];
  };
  expect(check(['reset', 'reset'])).toEqual(['reset', false]);
  expect(check(['not-reset', 'unknown'])).toEqual(['unknown', false]);
  expect(check(['gauge', 'reset'])).toEqual(['gauge', false]);
  expect(check(['reset', 'not-reset', 'unknown'])).toEqual(['unknown', true]);
  expect(multiplyHistogram(createHistogram({ resetHint: 'reset' }), -2).resetHint).toBe('gauge');
});

test('small counts are not lost beside large ones, and a mean does not overflow', () => {
  const of = (count: number): ReturnType<typeof createHistogram> =>
    createHistogram({ count, sum: count, positive: { indexes: Int32Array.of(1), counts: Float64Array.of(count) } });
  expect(sumHistograms([of(1e100), of(1), of(-1e100)])?.histogram.positive.counts[0]).toBe(1);
  expect(meanOfHistograms([of(Number.MAX_VALUE), of(Number.MAX_VALUE)])?.histogram.count).toBe(Number.MAX_VALUE);
});

test('division by zero leaves no buckets', () => {
  const divided = divideHistogram(observe([0, 1, 2], exponential), 0);
  expect(divided).toMatchObject({ count: Infinity, sum: Infinity, zeroCount: Infinity });
  expect(divided.positive.indexes.length).toBe(0);
});

test('empty buckets do not count in a comparison', () => {
  const positive = { indexes: Int32Array.of(1, 2, 7), counts: Float64Array.of(0, 3, 0) };
  const sparse = createHistogram({ count: 3, positive: { indexes: Int32Array.of(2), counts: Float64Array.of(3) } });
  expect(equalHistograms(createHistogram({ count: 3, positive }), sparse)).toBe(true);
  expect(compacted(sparse)).toBe(sparse);
  expect(equalHistograms(sparse, { ...sparse, sum: 1 })).toBe(false);
  expect(equalHistograms(sparse, { ...sparse, schema: 1 })).toBe(false);
});

test('a reset is a count that falls, or a layout that cannot have come from the one before', () => {
  const before = observe([0.2, 3, 3, 9], exponential);
  const check = (after: ReturnType<typeof observe>, expected: boolean): void =>
    expect(detectsReset(before, after)).toBe(expected);
  check(observe([0.2, 3, 3, 9, 9], exponential), false);
  check(observe([0.2, 3, 9, 9, 9], exponential), true);
  check(observe([0.2, 3, 3, 9, 9], { schema: 1, zeroThreshold: 0.001 }), true);
  check(observe([0.2, 3, 3, 9, 9], { schema: -1, zeroThreshold: 0.001 }), false);
  check(observe([0.2, 3, 3, 9, 9], { schema: 0, zeroThreshold: 0.0001 }), true);
  check(observe([0.2, 3, 3, 9, 9], { schema: 0, zeroThreshold: 0.25 }), false);
  check(observe([0.2, 3, 3, 9, 9], { schema: 0, zeroThreshold: 0.24 }), true);
  check(observe([0.2, 3, 3, 9, 9], { bounds: [1, 5] }), true);
  check({ ...before, resetHint: 'reset' }, true);
  expect(detectsReset(observe([0, 0, 3], exponential), observe([0, 3, 3, 3], exponential))).toBe(true);
  check({ ...observe([], exponential), resetHint: 'not-reset' }, false);
});

test('within a bucket observations are spread over the logarithm, below zero the other way round', () => {
  const [above, below] = [observe([3], exponential), observe([-3], exponential)];
  expect(fractionOfHistogram(-Infinity, 2 ** 1.25, above).value).toBeCloseTo(0.25, 12);
  expect(fractionOfHistogram(-Infinity, -(2 ** 1.25), below).value).toBeCloseTo(0.75, 12);
  expect(quantileOfHistogram(0.25, above).value).toBeCloseTo(2 ** 1.25, 12);
  expect(quantileOfHistogram(0.75, below).value).toBeCloseTo(-(2 ** 1.25), 12);
  expect(trimHistogram(below, -(2 ** 1.25), 'above').count).toBeCloseTo(0.25, 12);
  expect(trimHistogram(below, -(2 ** 1.25), 'below').count).toBeCloseTo(0.75, 12);
});

test('spans and deltas read back, and what does not fit is refused', () => {
  const buckets = { indexes: Int32Array.of(-2, -1, 3, 4, 5), counts: Float64Array.of(1, 4, 2, 2, 7) };
  expect(spansOf(buckets)).toEqual([
    { offset: -2, length: 2 },
    { offset: 3, length: 3 },
  ]);
  expect(deltasOf(buckets)).toEqual([1, 3, -2, 0, 5]);
  expect(bucketsFromSpans(spansOf(buckets), countsFromDeltas(deltasOf(buckets)))).toEqual(buckets);
  expect(() => bucketsFromSpans([{ offset: 0, length: 2 }], [1])).toThrow(/have 2 buckets, but there are 1/);
  expect(() =>
    bucketsFromSpans(
      [
        { offset: 0, length: 1 },
        { offset: -1, length: 1 },
      ],
      [1, 1],
    ),
  ).toThrow(/begins before/);
});

test('a classic histogram becomes one with custom bounds, in whatever order its buckets come', () => {
  const buckets = [
    { upper: Infinity, count: 7 },
    { upper: 1, count: 2 },
    { upper: 5, count: 5 },
  ];
  const histogram = histogramFromClassic(buckets, { sum: 20 });
  expect(histogram).toMatchObject({ schema: -53, bounds: [1, 5], count: 7, sum: 20 });
  expect([...histogram.positive.counts]).toEqual([2, 3, 2]);
  expect(histogramFromClassic([], { count: 4 }).bounds).toEqual([]);
  expect(() => histogramFromClassic(buckets, { count: 8 })).toThrow('the bucket of +Inf counts 7, the histogram 8');
  expect(() =>
    histogramFromClassic(
      [
        { upper: 1, count: 2 },
        { upper: 2, count: 1 },
      ],
      {},
    ),
  ).toThrow(/less than 2 below it/);
  expect(() => histogramFromClassic([], {})).toThrow(/needs a count or a bucket/);
});

test('as text, a bucket says which of its bounds belongs to it', () => {
  expect(formatHistogram(observe([-3, 0, 0.7, 3_000_000], exponential))).toBe(
    '{count:4, sum:2.9999977e+06, [-4,-2):1, [-0.001,0.001]:1, (0.5,1]:1, (2.097152e+06,4.194304e+06]:1}',
  );
  expect(formatHistogram(observe([1, 3, 9], { bounds: [2, 4] }))).toBe(
    '{count:3, sum:13, [-Inf,2]:1, (2,4]:1, (4,+Inf]:1}',
  );
});
