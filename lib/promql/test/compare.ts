/** How a script's expectation is compared with an answer. Differences throw an Error that says what differs. */
import type { Annotation } from '../src/annotations.ts';
import type { InstantResult } from '../src/evaluate.ts';
import { formatHistogram } from '../src/native-histogram/format-histogram.ts';
import {
  type Buckets,
  compacted,
  equalBounds,
  type NativeHistogram,
} from '../src/native-histogram/native-histogram.ts';
import { compareLabels, labelsKey, type SeriesData } from '../src/queryable.ts';
import type { Expectation, ScriptSeries, TextMatch } from './script.ts';
import type { ScriptHistogram, ScriptValue } from './script-values.ts';

export function compareInstant(result: InstantResult, expected: Expectation): void {
  switch (result.kind) {
    case 'scalar':
      if (expected.scalar === undefined || !isAlmostEqual(result.value, expected.scalar))
        throw new Error(`got ${result.value}, expected ${expected.scalar}`);
      return;
    case 'string':
      if (result.text !== expected.text)
        throw new Error(`got ${JSON.stringify(result.text)}, expected ${JSON.stringify(expected.text)}`);
      return;
    case 'matrix':
      compareMatrix(result.series, expected, expected.range ?? { startAt: 0, endAt: 0, stepMs: 1 });
      return;
    case 'vector':
      compareVector(result, expected);
  }
}

export function compareVector({ samples }: InstantResult & { kind: 'vector' }, expected: Expectation): void {
  if (expected.scalar !== undefined) throw new Error('got a vector, expected a scalar');
  compareSets(
    samples.map(({ labels, value, histogram }) => ({ labels, values: [asValue(value, histogram)] })),
    expected.series,
  );
  if (!expected.isOrdered) return;
  const order = samples.map(({ labels }) => labelsKey(labels));
  const wanted = expected.series.map(({ labels }) => labelsKey(labels));
  if (order.join() !== wanted.join()) throw new Error('the samples are right, their order is not');
}

export function compareMatrix(
  series: readonly SeriesData[],
  expected: Expectation,
  { startAt, endAt, stepMs }: { startAt: number; endAt: number; stepMs: number },
): void {
  if (expected.scalar !== undefined) throw new Error('a range has no scalar');
  const stepCount = Math.floor((endAt - startAt) / stepMs) + 1;
  const actual = series.map(({ labels, times, values, histograms }) => {
    const spread: ScriptValue[] = Array.from({ length: stepCount });
    times.forEach((at, i) => {
      const step = (at - startAt) / stepMs;
      if (!Number.isInteger(step) || step < 0 || step >= stepCount) throw new Error(`there is a sample at ${at} ms`);
      spread[step] = asValue(values[i] as number, histograms?.[i]);
    });
    return { labels, values: spread };
  });
  compareSets(actual, expected.series);
}

export function assertSorted(series: readonly SeriesData[]): void {
  const isSorted = series.every(
    ({ labels }, i) => i === 0 || compareLabels((series[i - 1] as SeriesData).labels, labels) <= 0,
  );
  if (!isSorted) throw new Error('the series are not sorted by their labels');
}

/** Each expected one is there, and nothing that is not expected, of kinds of which anything is said. */
export function compareAnnotations(annotations: readonly Annotation[], expected: Expectation['annotations']): void {
  for (const [kind, matches] of Object.entries(expected)) {
    const texts = annotations
      .filter((annotation) => annotation.kind === (kind === 'warn' ? 'warning' : 'info'))
      .map(({ text }) => text);
    const missing = matches.find((match) => !texts.some((text) => meets(text, match)));
    const extra = texts.find((text) => !matches.some((match) => meets(text, match)));
    if (missing !== undefined) throw new Error(`expected ${kind} ${describe(missing)}, got ${JSON.stringify(texts)}`);
    if (extra !== undefined) throw new Error(`there is a ${kind} that is not expected: ${extra}`);
  }
}

export function meets(text: string, { exactly, pattern }: TextMatch): boolean {
  return exactly !== undefined ? text === exactly : (pattern?.test(text) ?? true);
}

export function describe({ exactly, pattern }: TextMatch): string {
  return exactly ?? pattern?.source ?? 'of any text';
}

function asValue(value: number, histogram: NativeHistogram | undefined): ScriptValue {
  return histogram === undefined ? value : { histogram, hint: histogram.resetHint };
}

function compareSets(actual: readonly ScriptSeries[], expected: readonly ScriptSeries[]): void {
  const rest = new Map(actual.map((series) => [labelsKey(series.labels), series]));
  for (const { labels, values } of expected) {
    const key = labelsKey(labels);
    const found = rest.get(key);
    const name = JSON.stringify(labels);
    if (values.every((value) => value === undefined) && found === undefined) continue;
    if (found === undefined)
      throw new Error(`${name} is missing; got ${JSON.stringify(actual.map((series) => series.labels))}`);
    rest.delete(key);
    const length = Math.max(values.length, found.values.length);
    for (let i = 0; i < length; i += 1) {
      if (!equalValues(found.values[i], values[i]))
        throw new Error(`${name} is ${print(found.values[i])} at step ${i}, expected ${print(values[i])}`);
    }
  }
  const [extra] = rest.values();
  if (extra !== undefined) throw new Error(`${JSON.stringify(extra.labels)} is there and should not be`);
}

function print(value: ScriptValue): string {
  if (typeof value !== 'object') return String(value);
  const { schema, zeroThreshold, bounds } = value.histogram;
  return `${formatHistogram(value.histogram)} schema ${schema} zero ${zeroThreshold} bounds ${bounds?.join(' ')} (${value.hint})`;
}

function equalValues(a: ScriptValue, b: ScriptValue): boolean {
  if (typeof a === 'number' && typeof b === 'number') return isAlmostEqual(a, b);
  return typeof a === 'object' && typeof b === 'object' ? equalHistograms(a, b) : a === b;
}

/** A hint is compared where the script states one. */
function equalHistograms(actual: ScriptHistogram, expected: ScriptHistogram): boolean {
  if (expected.hint !== undefined && expected.hint !== actual.hint) return false;
  const [a, b] = [compacted(actual.histogram), compacted(expected.histogram)];
  return (
    a.schema === b.schema &&
    a.zeroThreshold === b.zeroThreshold &&
    equalBounds(a, b) &&
    isAlmostEqual(a.count, b.count) &&
    isAlmostEqual(a.sum, b.sum) &&
    isAlmostEqual(a.zeroCount, b.zeroCount) &&
    equalBuckets(a.positive, b.positive) &&
    equalBuckets(a.negative, b.negative)
  );
}

function equalBuckets(a: Buckets, b: Buckets): boolean {
  return (
    a.indexes.length === b.indexes.length &&
    a.indexes.every((index, i) => index === b.indexes[i] && isAlmostEqual(a.counts[i] as number, b.counts[i] as number))
  );
}

/** The judge's own tolerance: Prometheus' util/almost. */
function isAlmostEqual(a: number, b: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  const leastNormal = 2.225_073_858_507_201_4e-308;
  if (a === 0 || b === 0 || sum < leastNormal) return difference < 1e-6 * leastNormal;
  return difference / Math.min(sum, Number.MAX_VALUE) < 1e-6;
}
