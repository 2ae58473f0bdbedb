// Goal: what is done to histograms is what would have been done to their observations. Method: random observations, put into
// histograms one by one, against the same operation on histograms.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { observe } from '../../test/observed-histogram.ts';
import { toSchema } from './align.ts';
import { addHistograms, subtractHistograms, sumHistograms } from './arithmetic.ts';
import { detectsReset } from './detect-reset.ts';
import { bucketsOf, compacted, type NativeHistogram } from './native-histogram.ts';
import { fractionOfHistogram, quantileOfHistogram, varianceOfHistogram } from './quantile.ts';
import { bucketsFromSpans, spansOf } from './spans.ts';
import { trimHistogram } from './trim.ts';

const value = fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((number) => Math.round(number * 1e3) / 1e3);
const observations = fc.array(fc.oneof(value, fc.integer({ min: -4, max: 8 })), { maxLength: 30 });
const some = fc.array(value, { minLength: 1, maxLength: 30 });
const schema = fc.integer({ min: -4, max: 8 });
const bounds = fc
  .uniqueArray(fc.integer({ min: -10, max: 10 }), { maxLength: 6 })
  .map((list) => list.sort((a, b) => a - b));
const layout = fc.oneof(
  schema.map((one) => ({ schema: one, zeroThreshold: 0.01 })),
  bounds.map((list) => ({ bounds: list })),
);

/** The parts that are exact: counts are whole, the sum is not. */
function exact(histogram: NativeHistogram): unknown {
  const { sum: _, ...rest } = compacted(histogram);
  return rest;
}

test('the sum of histograms is the histogram of all observations, and a difference takes them away again', () => {
  fc.assert(
    fc.property(fc.array(observations, { minLength: 1, maxLength: 4 }), layout, (groups, how) => {
      const histograms = groups.map((group) => observe(group, how));
      const sum = sumHistograms(histograms)?.histogram as NativeHistogram;
      expect(exact(sum)).toEqual(exact(observe(groups.flat(), how)));
      const [first, ...rest] = histograms as [NativeHistogram, ...NativeHistogram[]];
      const back = rest.reduce((left, one) => subtractHistograms(left, one)?.histogram as NativeHistogram, sum);
      expect(exact(back)).toEqual(exact(first));
    }),
  );
});

test('histograms of different resolutions and zero buckets lose no observation when they are added', () => {
  const threshold = fc.constantFrom(0, 1e-3, 0.3, 1, 5);
  fc.assert(
    fc.property(
      observations,
      schema,
      threshold,
      observations,
      schema,
      threshold,
      (a, aSchema, aZero, b, bSchema, bZero) => {
        const sum = addHistograms(
          observe(a, { schema: aSchema, zeroThreshold: aZero }),
          observe(b, { schema: bSchema, zeroThreshold: bZero }),
        )?.histogram as NativeHistogram;
        expect(sum.schema).toBe(Math.min(aSchema, bSchema));
        expect(bucketsOf(sum).reduce((total, { count }) => total + count, 0)).toBe(a.length + b.length);
        const all = [...a, ...b];
        for (const { lower, upper, count } of bucketsOf(sum)) {
          const within = all.filter((one) => (upper > 0 ? one > lower || lower < 0 : one >= lower) && one <= upper);
          expect(within.length).toBeGreaterThanOrEqual(count === 0 ? 0 : 1);
        }
      },
    ),
  );
});

test('a lower resolution is the histogram that the observations would have made', () => {
  fc.assert(
    fc.property(observations, schema, schema, (group, a, b) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      const reduced = toSchema(observe(group, { schema: high, zeroThreshold: 0.01 }), low);
      expect(exact(reduced)).toEqual(exact(observe(group, { schema: low, zeroThreshold: 0.01 })));
    }),
  );
});

test('a counter that only counts on is never taken for reset, and one that lost an observation always', () => {
  fc.assert(
    fc.property(observations, observations, layout, (first, added, how) => {
      const [before, after] = [observe(first, how), observe([...first, ...added], how)];
      expect(detectsReset(before, after)).toBe(false);
      expect(detectsReset(after, before)).toBe(added.length > 0);
    }),
  );
});

test('a quantile lies in the bucket of the observation that has its rank, and rises with q', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(some, schema, share, share, (group, how, a, b) => {
      const histogram = observe(group, { schema: how, zeroThreshold: 0 });
      const [low, high] = [Math.min(a, b), Math.max(a, b)].map((q) => quantileOfHistogram(q, histogram).value) as [
        number,
        number,
      ];
      expect(low).toBeLessThanOrEqual(high + Math.abs(high) * 1e-9);
      const [lowest, highest] = [bucketsOf(histogram)[0], bucketsOf(histogram).at(-1)];
      expect(low).toBeGreaterThanOrEqual((lowest?.lower ?? 0) * (1 + 1e-9 * Math.sign(-(lowest?.lower ?? 0))));
      expect(high).toBeLessThanOrEqual((highest?.upper ?? 0) * (1 + 1e-9 * Math.sign(highest?.upper ?? 0)));
      // Between buckets any value has the same rank, and on a bucket of one value the rank jumps.
      const near = Math.abs(high) * 1e-9 + 1e-12;
      const rankOf = (value: number): number => fractionOfHistogram(-Infinity, value, histogram).value;
      expect(rankOf(high - near)).toBeLessThanOrEqual(Math.max(a, b) + 1e-6);
      expect(rankOf(high + near)).toBeGreaterThanOrEqual(Math.max(a, b) - 1e-6);
    }),
  );
});

test('what is cut off below and above a value is the whole, and shares of a range add up', () => {
  const far = fc.constantFrom(0, 1, -1, 0.005, Infinity, -Infinity);
  const near = fc.double({ min: 0.5, max: 1.5, noNaN: true });
  fc.assert(
    fc.property(some, schema, fc.oneof({ arbitrary: near, weight: 4 }, far), (group, how, choice) => {
      // Most cuts go through a bucket that holds something.
      const at = choice > 0.4 && choice < 2 ? (group[0] as number) * choice : choice;
      // A bound of every schema: a bucket that overlaps with the zero bucket is cut without regard to that.
      const histogram = observe(group, { schema: how, zeroThreshold: 2 ** -16 });
      const [below, above] = [trimHistogram(histogram, at, 'below'), trimHistogram(histogram, at, 'above')];
      expect(below.count + above.count).toBeCloseTo(histogram.count, 6);
      const share = fractionOfHistogram(-Infinity, at, histogram).value;
      expect(below.count / histogram.count).toBeCloseTo(share, 6);
      expect(share + fractionOfHistogram(at, Infinity, histogram).value).toBeCloseTo(1, 6);
    }),
  );
});

test('the variance is that of the middles of the buckets', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0.5, max: 100, noNaN: true }), { minLength: 1, maxLength: 20 }), (group) => {
      const histogram = observe(group, { schema: 8, zeroThreshold: 0 });
      const mean = group.reduce((sum, one) => sum + one, 0) / group.length;
      const variance = group.reduce((sum, one) => sum + (one - mean) ** 2, 0) / group.length;
      // A bucket of schema 8 is 0.27 % wide.
      expect(Math.abs(varianceOfHistogram(histogram) - variance)).toBeLessThanOrEqual(0.003 * (variance + mean ** 2));
    }),
  );
});

test('spans hold every index and its count', () => {
  fc.assert(
    fc.property(observations, schema, (group, how) => {
      const { positive, negative } = observe(group, { schema: how, zeroThreshold: 0.01 });
      for (const side of [positive, negative]) expect(bucketsFromSpans(spansOf(side), side.counts)).toEqual(side);
    }),
  );
});
