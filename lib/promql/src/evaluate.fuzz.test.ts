// Goal: whatever is asked of whatever data, the answer is an answer or an operating error, and a moment has the same answer
// alone and within a range. Method: random expressions over series of floats, stale markers and native histograms.
import fc from 'fast-check';
import { OperatingError } from '@plumb/base';
import { expect, test } from 'vitest';
import { arbitraryExpressions } from '../test/arbitrary-expression.ts';
import { observe } from '../test/observed-histogram.ts';
import type { ScriptLoad } from '../test/script.ts';
import { ScriptStorage } from '../test/script-storage.ts';
import type { ScriptValue } from '../test/script-values.ts';
import { evaluateInstant, evaluateRange } from './evaluate.ts';
import { equalHistograms } from './native-histogram/native-histogram.ts';
import type { ResetHint } from './native-histogram/native-histogram.ts';
import { labelsKey, type Labels, type SeriesData } from './queryable.ts';

const STEP_MS = 30_000;

const { vector } = arbitraryExpressions({
  names: ['a_total', 'b', 'h', 'c_bucket', 'target_info'],
  labels: ['job', 'le', 'instance', 'x'],
  values: fc.constantFrom('"1"', '"a"', '"x"', '"job"'),
});

const histogram = fc
  .tuple(
    fc.array(fc.integer({ min: -3, max: 9 }), { maxLength: 6 }),
    fc.constantFrom(
      { schema: 0, zeroThreshold: 0.01 },
      { schema: 1, zeroThreshold: 0.01 },
      { schema: -1, zeroThreshold: 1 },
      { bounds: [1, 4] },
      { bounds: [2, 4, 8] },
    ),
    fc.constantFrom<ResetHint>('unknown', 'unknown', 'gauge', 'reset'),
  )
  .map(([observations, layout, resetHint]): ScriptValue => {
    return { histogram: { ...observe(observations, layout), resetHint }, hint: resetHint };
  });
const float: fc.Arbitrary<ScriptValue> = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -5, max: 30 }) },
  fc.constantFrom<ScriptValue>(NaN, Infinity, -Infinity, 1e300, 'stale', undefined),
);
const floats = fc.array(float, { maxLength: 12 });
const mixed = fc.array(fc.oneof({ weight: 5, arbitrary: histogram }, float), { maxLength: 12 });

const labelsOf = (name: string, rest: Labels): Labels => ({ __name__: name, ...rest });
const load: fc.Arbitrary<ScriptLoad> = fc
  .tuple(floats, floats, floats, mixed, mixed, floats, floats, floats)
  .map(([a1, a2, b, h1, h2, low, high, info]) => ({
    kind: 'load',
    stepMs: STEP_MS,
    makesHistograms: false,
    starts: [{ labels: labelsOf('a_total', { job: '1', instance: 'a' }), offsetsMs: a1.map(() => -STEP_MS) }],
    series: [
      { labels: labelsOf('a_total', { job: '1', instance: 'a' }), values: a1 },
      { labels: labelsOf('a_total', { job: 'x', instance: 'a' }), values: a2 },
      { labels: labelsOf('b', { job: '1', instance: 'a' }), values: b },
      { labels: labelsOf('h', { job: '1', instance: 'a' }), values: h1 },
      { labels: labelsOf('h', { job: 'x', x: '1' }), values: h2 },
      { labels: labelsOf('c_bucket', { job: '1', le: '1' }), values: low },
      { labels: labelsOf('c_bucket', { job: '1', le: '+Inf' }), values: high },
      { labels: labelsOf('target_info', { job: '1', instance: 'a', x: 'y' }), values: info },
    ],
  }));

/** Answers of a moment by series, as text where two numbers are to be the same bits. */
function valuesAt(series: readonly SeriesData[], at: number): Map<string, SeriesData> {
  const values = new Map<string, SeriesData>();
  for (const { labels, times, values: numbers, histograms } of series) {
    const i = times.indexOf(at);
    if (i < 0) continue;
    const key = labelsKey(labels);
    expect(values.has(key)).toBe(false);
    values.set(key, {
      labels,
      times: Float64Array.of(at),
      values: numbers.slice(i, i + 1),
      histograms: [histograms?.[i]],
    });
  }
  return values;
}

/** The answer; undefined for an error that a person made. Anything else is a bug. */
async function answered<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof OperatingError && (error.code === 'invalid' || error.code === 'exhausted')) return undefined;
    throw error;
  }
}

test('an instant answers as the step of a range does, and nothing but operating errors is thrown', async () => {
  await fc.assert(
    fc.asyncProperty(load, vector, fc.integer({ min: 0, max: 14 }), async (loaded, expression, step) => {
      const queryable = new ScriptStorage();
      queryable.load(loaded);
      const at = step * STEP_MS;
      // What a subquery of a day reads is beside the point.
      const limits = { sampleCountMax: 200_000 };
      const instant = await answered(() => evaluateInstant({ expression, queryable, at, limits }));
      const range = await answered(() =>
        evaluateRange({ expression, queryable, startAt: at - 60_000, endAt: at + 60_000, stepMs: 60_000, limits }),
      );
      if (instant?.kind !== 'vector' || range === undefined) return;
      for (const { times } of range) expect(times.length).toBeGreaterThan(0);
      // Those are other questions within a range.
      if (/\b(start|end|step|range)\s*\(/.test(expression)) return;
      const expected = valuesAt(range, at);
      expect(instant.samples.length).toBe(expected.size);
      for (const { labels, value, histogram: own } of instant.samples) {
        const other = expected.get(labelsKey(labels));
        const theirs = other?.histograms?.[0];
        if (own === undefined || theirs === undefined) {
          expect([labels, own, value]).toEqual([labels, theirs, other?.values[0]]);
        } else expect(equalHistograms(own, theirs)).toBe(true);
      }
    }),
  );
});
