/** Runs test scripts of Prometheus and judges every `eval` in them. */
import { describeError, OperatingError } from '@plumb/base';
import { selectorsOf } from '../src/walk.ts';
import { evaluateInstant, evaluateRange, type InstantResult } from '../src/evaluate.ts';
import { parseExpression } from '../src/parser.ts';
import { labelsKey, type SeriesData } from '../src/queryable.ts';
import { type Expectation, parseScript, type ScriptEval, type ScriptSeries } from './script.ts';
import { ScriptStorage } from './script-storage.ts';

/** `unsupported`: it needs what the parser says is not supported, or native histograms. */
export type Verdict = {
  readonly kind: 'passed' | 'failed' | 'unsupported';
  readonly line: number;
  readonly expression: string;
  readonly reason: string;
};

export async function runScript(text: string): Promise<Verdict[]> {
  const storage = new ScriptStorage();
  const verdicts: Verdict[] = [];
  for (const step of parseScript(text)) {
    if (step.kind === 'clear') storage.clear();
    else if (step.kind === 'load') for (const series of step.series) storage.load(series, step);
    else verdicts.push(await judge(step, storage));
  }
  return verdicts;
}

async function judge(step: ScriptEval, storage: ScriptStorage): Promise<Verdict> {
  const { line, expression, expected } = step;
  const verdict = (kind: Verdict['kind'], reason: string): Verdict => ({ kind, line, expression, reason });
  try {
    const needsHistograms = expected.series.some(({ values }) => values.includes('histogram'));
    const reads = needsHistograms ? [] : selectorsOf(parseExpression(expression));
    if (needsHistograms || reads.some(({ matchers }) => storage.isPartial(matchers))) {
      return verdict('unsupported', 'native histograms or start timestamps');
    }
    await evaluateAndCompare(step, storage);
  } catch (error) {
    const reason = describeError(error);
    if (/not supported/.test(reason)) return verdict('unsupported', reason);
    const failsAsExpected = expected.fails && error instanceof OperatingError && error.code === 'invalid';
    return failsAsExpected ? verdict('passed', '') : verdict('failed', reason);
  }
  return expected.fails ? verdict('failed', 'expected an error, got a result') : verdict('passed', '');
}

async function evaluateAndCompare({ expression, time, expected }: ScriptEval, queryable: ScriptStorage): Promise<void> {
  if (time.kind === 'range') {
    const { startAt, endAt, stepMs } = time;
    const series = await evaluateRange({ expression, queryable, startAt, endAt, stepMs });
    if (!expected.fails) compareMatrix(series, expected, { startAt, stepMs });
    return;
  }
  const { at } = time;
  const result = await evaluateInstant({ expression, queryable, at });
  if (expected.fails) return;
  compareInstant(result, expected);
  if (result.kind !== 'vector' && result.kind !== 'scalar') return;
  if (/\b(start|end)\s*\(\s*\)/.test(expression)) return;
  await compareWithinRange({ expression, at, result, isOrdered: expected.isOrdered }, queryable);
}

/** An instant must have the same value when it is one step of a range, where data are selected and stepped differently. */
async function compareWithinRange(
  {
    expression,
    at,
    result,
  }: { expression: string; at: number; result: InstantResult & { kind: 'vector' | 'scalar' }; isOrdered: boolean },
  queryable: ScriptStorage,
): Promise<void> {
  const series = await evaluateRange({
    expression,
    queryable,
    startAt: at - 60_000,
    endAt: at + 60_000,
    stepMs: 60_000,
  });
  const samples = series.flatMap(({ labels, times, values }) => {
    const index = times.indexOf(at);
    return index < 0 ? [] : [{ labels, value: values[index] as number }];
  });
  const expected = result.kind === 'scalar' ? [{ labels: {}, value: result.value }] : result.samples;
  compareSets(samples.map(asSeries), expected.map(asSeries), 'as a step of a range: ');
}

function asSeries({
  labels,
  value,
}: {
  readonly labels: ScriptSeries['labels'];
  readonly value: number;
}): ScriptSeries {
  return { labels, values: [value] };
}

function compareInstant(result: InstantResult, expected: Expectation): void {
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
      compareMatrix(result.series, expected, expected.range ?? { startAt: 0, stepMs: 1 });
      return;
    case 'vector':
      compareSets(result.samples.map(asSeries), expected.series, '');
      if (expected.isOrdered) {
        const order = result.samples.map(({ labels }) => labelsKey(labels));
        const wanted = expected.series.map(({ labels }) => labelsKey(labels));
        if (order.join() !== wanted.join()) throw new Error('the samples are right, their order is not');
      }
  }
}

function compareMatrix(
  series: readonly SeriesData[],
  expected: Expectation,
  { startAt, stepMs }: { startAt: number; stepMs: number },
): void {
  if (expected.scalar !== undefined) throw new Error('a range has no scalar');
  const actual = series.map(({ labels, times, values }) => {
    const spread: (number | undefined)[] = [];
    times.forEach((at, i) => {
      spread[Math.round((at - startAt) / stepMs)] = values[i] as number;
    });
    return { labels, values: Array.from(spread) };
  });
  compareSets(actual, expected.series, '');
}

function compareSets(actual: readonly ScriptSeries[], expected: readonly ScriptSeries[], where: string): void {
  const rest = new Map(actual.map((series) => [labelsKey(series.labels), series]));
  for (const { labels, values } of expected) {
    const key = labelsKey(labels);
    const found = rest.get(key);
    const name = JSON.stringify(labels);
    if (values.every((value) => value === undefined) && found === undefined) continue;
    if (found === undefined)
      throw new Error(`${where}${name} is missing; got ${JSON.stringify(actual.map((series) => series.labels))}`);
    rest.delete(key);
    const length = Math.max(values.length, found.values.length);
    for (let i = 0; i < length; i += 1) {
      if (!isAlmostEqual(found.values[i], values[i]))
        throw new Error(`${where}${name} is ${String(found.values[i])} at step ${i}, expected ${String(values[i])}`);
    }
  }
  const [extra] = rest.values();
  if (extra !== undefined) throw new Error(`${where}${JSON.stringify(extra.labels)} is there and should not be`);
}

/** The judge's own tolerance: Prometheus' util/almost. */
function isAlmostEqual(a: ScriptSeries['values'][number], b: ScriptSeries['values'][number]): boolean {
  if (typeof a !== 'number' || typeof b !== 'number') return a === b;
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  const leastNormal = 2.225_073_858_507_201_4e-308;
  if (a === 0 || b === 0 || sum < leastNormal) return difference < 1e-6 * leastNormal;
  return difference / Math.min(sum, Number.MAX_VALUE) < 1e-6;
}
