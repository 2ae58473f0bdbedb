/** Range vectors: for each series and step, the window of samples in (t - range, t]. */
import { type Expression, type Extension, type RangeSelector, type Subquery, withoutParentheses } from './ast.ts';
import { assert, OperatingError } from '@plumb/base';
import { type Context, readTimes, selectSamples } from './context.ts';
import type { NativeHistogram } from './native-histogram/native-histogram.ts';
import { type SeriesData, withoutStale } from './queryable.ts';
import type { StepFunction } from './series-functions.ts';
import { type Column, emptyColumn, type Grid, hasValues, sampleAt, stepAt } from './vector.ts';

/**
 * Samples `start` up to, not including, `end` of a series; the range itself is (startAt, endAt], epoch ms. Of a range that
 * is anchored or smoothed, there are samples beyond it too.
 */
export type Window = {
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** When the counts began, where that is known: see `SeriesData`. */
  readonly startTimes: Float64Array | undefined;
  readonly start: number;
  readonly end: number;
  readonly startAt: number;
  readonly endAt: number;
};

/** A function of a window with at least one sample, all of them floats; undefined where it has no answer. */
export type WindowFunction = (window: Window, step: number) => number | undefined;

/** What a function does with the samples of a window: `scan` passes over them, `sort` puts them in order. */
export type WindowWork = 'scan' | 'sort';

/**
 * What a sample that a window looks at costs, where one that is read costs 1: windows overlap, so a query looks at the
 * same sample many times. By the time that it takes: some nanoseconds, or some ten.
 */
const LOOK_COST: Readonly<Record<WindowWork, number>> = { scan: 1 / 64, sort: 1 / 4 };
/** Samples that windows look at before other work, and a cancellation, may come in between: some milliseconds. */
const LOOKS_PER_TURN = 65_536;

export type RangeSeries = SeriesData & { readonly dropsName: boolean };
export type Ranges = {
  readonly series: readonly RangeSeries[];
  readonly readAt: Grid;
  readonly rangeMs: number;
  readonly extension: Extension | undefined;
  /** How far samples lie before the range, and after it: 0 but for a range that is anchored or smoothed. */
  readonly beforeMs: number;
  readonly afterMs: number;
};

/** The series of a range selector or subquery, without stale markers. */
export async function evaluateRanges(expression: Expression, context: Context): Promise<Ranges> {
  const node = withoutParentheses(expression);
  assert(node.kind === 'range-selector' || node.kind === 'subquery', 'only these are range vectors');
  return node.kind === 'range-selector' ? rangesOfSelector(node, context) : rangesOfSubquery(node, context);
}

/** What `mapWindows` does for each series and step. */
export type WindowOptions = {
  readonly keepsName: boolean;
  readonly run: WindowFunction;
  readonly work: WindowWork;
};

/**
 * Applies a function to every window of a series of floats, whose range is not extended; both ends of the windows only move
 * forward.
 */
export async function mapWindows(
  { labels, dropsName, times, values, startTimes }: RangeSeries,
  { readAt, rangeMs }: Ranges,
  { budget }: Context,
  options: WindowOptions,
): Promise<Column | undefined> {
  const lookCost = LOOK_COST[options.work];
  const column = emptyColumn(labels, readAt.count, dropsName || !options.keepsName);
  let isUsed = false;
  let start = 0;
  let end = 0;
  let lookCount = 0;
  const { startAt: firstAt, stepMs, count } = readAt;
  for (let step = 0; step < count; step += 1) {
    const endAt = firstAt + step * stepMs;
    const startAt = endAt - rangeMs;
    while (end < times.length && (times[end] as number) <= endAt) end += 1;
    while (start < end && (times[start] as number) <= startAt) start += 1;
    if (start === end) continue;
    lookCount += end - start;
    if (lookCount >= LOOKS_PER_TURN) {
      budget.take(lookCount * lookCost);
      await budget.pause(lookCount);
      lookCount = 0;
    }
    const value = options.run({ times, values, startTimes, start, end, startAt, endAt }, step);
    if (value === undefined) continue;
    column.values[step] = value;
    column.present[step] = 1;
    isUsed = true;
  }
  budget.take(readAt.count + lookCount * lookCost);
  await budget.pause(lookCount);
  return isUsed ? column : undefined;
}

/** As `mapWindows`, with a function that takes up where the last window left off: it looks at each sample a few times at most. */
export async function mapSteps(
  { labels, times }: RangeSeries,
  { readAt, rangeMs }: Ranges,
  { budget }: Context,
  run: StepFunction,
): Promise<Column | undefined> {
  const column = emptyColumn(labels, readAt.count, true);
  const { startAt: firstAt, stepMs, count } = readAt;
  let start = 0;
  let end = 0;
  for (let step = 0; step < count; step += 1) {
    const endAt = firstAt + step * stepMs;
    const startAt = endAt - rangeMs;
    while (end < times.length && (times[end] as number) <= endAt) end += 1;
    while (start < end && (times[start] as number) <= startAt) start += 1;
    const value = start === end ? undefined : run(start, end, startAt, endAt);
    if (value === undefined) continue;
    column.values[step] = value;
    column.present[step] = 1;
  }
  budget.take(count);
  await budget.pause(times.length);
  return hasValues(column) ? column : undefined;
}

async function rangesOfSelector({ selector, rangeMs }: RangeSelector, context: Context): Promise<Ranges> {
  const { extension } = selector;
  const beforeMs = extension === undefined ? 0 : context.lookbackMs;
  const afterMs = extension === 'smoothed' ? context.lookbackMs : 0;
  const series = await selectSamples(selector, { reachMs: rangeMs + beforeMs, aheadMs: afterMs }, context);
  const readAt = readTimes(selector, context);
  return {
    series: series.map((one) => ({ ...withoutStale(one), dropsName: false })),
    readAt,
    rangeMs,
    extension,
    beforeMs,
    afterMs,
  };
}

/** Evaluates the inner expression at whole multiples of its step, as far back as the first window reaches. */
async function rangesOfSubquery(subquery: Subquery, context: Context): Promise<Ranges> {
  const { rangeMs, expression } = subquery;
  const stepMs = subquery.stepMs ?? context.defaultStepMs;
  const readAt = readTimes(subquery, context);
  const startAt = (Math.floor((readAt.startAt - rangeMs) / stepMs) + 1) * stepMs;
  const count = Math.max(0, Math.floor((stepAt(readAt, readAt.count - 1) - startAt) / stepMs) + 1);
  const { stepCountMax } = context.budget.limits;
  if (count > stepCountMax * SUBQUERY_STEPS_FACTOR) {
    throw new OperatingError(
      'exhausted',
      `a subquery needs ${count} steps, more than ${stepCountMax * SUBQUERY_STEPS_FACTOR}: give it a longer step`,
    );
  }
  const ranges = { readAt, rangeMs, extension: undefined, beforeMs: 0, afterMs: 0 };
  if (count === 0) return { ...ranges, series: [] };
  const grid = { startAt, stepMs, count };
  // Which samples are seen depends on the step, so that resets between them are found by comparison alone.
  const value = await context.evaluate(expression, { ...context, grid, hintsResets: false });
  assert(value.kind !== 'string', 'a subquery of a string does not parse');
  const columns: readonly Column[] =
    value.kind === 'vector'
      ? value.columns
      : [{ labels: {}, dropsName: false, values: value.values, present: new Uint8Array(count).fill(1) }];
  return { ...ranges, series: columns.map((column) => samplesOf(column, grid)) };
}

/** A subquery covers the whole query and its own range, at a step that is often finer: allow it more steps than a query. */
const SUBQUERY_STEPS_FACTOR = 10;

function samplesOf(column: Column, grid: Grid): RangeSeries {
  const { labels, dropsName, values, present, histograms } = column;
  const steps: number[] = [];
  present.forEach((isPresent, step) => {
    if (isPresent === 1) steps.push(step);
  });
  return {
    labels,
    dropsName,
    times: Float64Array.from(steps, (step) => stepAt(grid, step)),
    values: Float64Array.from(steps, (step) => values[step] as number),
    histograms: histograms === undefined ? undefined : steps.map((step) => unhinted(sampleAt(column, step))),
  };
}

/** Steps may leave out samples or see one twice: what a sample says of the one before it does not hold between them. */
function unhinted(sample: number | NativeHistogram): NativeHistogram | undefined {
  if (typeof sample === 'number') return undefined;
  return sample.resetHint === 'gauge' ? sample : { ...sample, resetHint: 'unknown' };
}
