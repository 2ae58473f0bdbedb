/**
 * Runs test scripts of Prometheus and judges every `eval` in them as Prometheus' own runner does: values, order, failures and
 * annotations with their texts and places. An instant is asked again as the middle step of a range, and both again with `@` at
 * every selector and at other times.
 */
import { describeError, OperatingError } from '@plumb/base';
import type { Annotation } from '../src/annotations.ts';
import { evaluateInstant, evaluateRange, type InstantResult } from '../src/evaluate.ts';
import { atVariants } from './at-variants.ts';
import { assertSorted, compareAnnotations, compareInstant, compareMatrix, describe, meets } from './compare.ts';
import { type Expectation, parseScript, type ScriptEval } from './script.ts';
import { type EvalGroup, groupOf } from './eval-groups.ts';
import { ScriptStorage } from './script-storage.ts';

export type Verdict = {
  readonly kind: 'passed' | 'failed';
  readonly line: number;
  readonly expression: string;
  readonly reason: string;
  readonly group: EvalGroup;
};

export async function runScript(text: string): Promise<Verdict[]> {
  const storage = new ScriptStorage();
  const verdicts: Verdict[] = [];
  for (const step of parseScript(text)) {
    if (step.kind === 'clear') storage.clear();
    else if (step.kind === 'load') storage.load(step);
    else verdicts.push(await judge(step, storage));
  }
  return verdicts;
}

async function judge(step: ScriptEval, storage: ScriptStorage): Promise<Verdict> {
  const { line, expression } = step;
  const group = groupOf(step, storage);
  try {
    await (step.time.kind === 'range'
      ? judgeRange(step, step.time, storage)
      : judgeInstants(step, step.time.at, storage));
    return { kind: 'passed', line, expression, reason: '', group };
  } catch (error) {
    return { kind: 'failed', line, expression, reason: describeError(error), group };
  }
}

async function judgeRange(
  { expression, expected }: ScriptEval,
  time: ScriptEval['time'] & { readonly kind: 'range' },
  queryable: ScriptStorage,
): Promise<void> {
  const { startAt, endAt, stepMs } = time;
  const series = await asked(expected, (annotate) =>
    evaluateRange({ expression, queryable, startAt, endAt, stepMs, annotate }),
  );
  if (series === undefined) return;
  assertSorted(series);
  compareMatrix(series, expected, { startAt, endAt, stepMs });
}

async function judgeInstants(
  { expression, expected }: ScriptEval,
  scriptAt: number,
  queryable: ScriptStorage,
): Promise<void> {
  const at = expected.range?.endAt ?? scriptAt;
  const first = { expression, at: scriptAt };
  let variants: readonly { expression: string; at: number }[] = [first];
  // What does not parse has no variants.
  if (expected.failure === undefined) variants = [first, ...atVariants(expression, at)];
  for (const [i, variant] of variants.entries()) {
    try {
      await judgeInstant(variant, expected, queryable);
    } catch (error) {
      if (i === 0) throw error;
      throw new Error(`as ${variant.expression} at ${variant.at}: ${describeError(error)}`);
    }
  }
}

async function judgeInstant(
  { expression, at }: { expression: string; at: number },
  expected: Expectation,
  queryable: ScriptStorage,
): Promise<void> {
  const result = await asked(expected, (annotate) => evaluateInstant({ expression, queryable, at, annotate }));
  if (result === undefined) return;
  compareInstant(result, expected);
  const hasRange = expected.range === undefined && (result.kind === 'vector' || result.kind === 'scalar');
  if (hasRange && !/\b(start|end|range|step)\s*\(\s*\)/i.test(expression))
    await compareWithinRange(result, { expression, at }, expected, queryable);
}

/** An instant must have the same value when it is one step of a range, where data are selected and stepped differently. */
async function compareWithinRange(
  { kind }: InstantResult,
  { expression, at }: { expression: string; at: number },
  expected: Expectation,
  queryable: ScriptStorage,
): Promise<void> {
  const stepMs = 60_000;
  const series = await evaluateRange({ expression, queryable, startAt: at - stepMs, endAt: at + stepMs, stepMs });
  if (expected.isOrdered) return;
  assertSorted(series);
  const samples = series.flatMap(({ labels, times, values, histograms }) => {
    const index = times.indexOf(at);
    return index < 0 ? [] : [{ labels, value: values[index] as number, histogram: histograms?.[index] }];
  });
  try {
    if (kind === 'scalar') compareInstant({ kind, at, value: samples[0]?.value ?? NaN }, expected);
    else compareInstant({ kind: 'vector', at, samples }, expected);
  } catch (error) {
    throw new Error(`as a step of a range: ${describeError(error)}`);
  }
}

/** The answer, with annotations compared; undefined when it failed as it should. */
async function asked<T>(
  { failure, annotations: expected }: Expectation,
  ask: (annotate: (annotation: Annotation) => void) => Promise<T>,
): Promise<T | undefined> {
  const annotations: Annotation[] = [];
  let answer: T;
  try {
    answer = await ask((annotation) => annotations.push(annotation));
  } catch (error) {
    if (failure === undefined || !(error instanceof OperatingError) || error.code !== 'invalid') throw error;
    if (meets(error.message, failure)) return undefined;
    throw new Error(`expected the failure ${describe(failure)}, got: ${error.message}`);
  }
  if (failure !== undefined) throw new Error('expected an error, got a result');
  compareAnnotations(annotations, expected);
  return answer;
}
