/** Range vectors: for each series and step, the window of samples in (t - range, t]. */
import { type Expression, type RangeSelector, type Subquery, withoutParentheses } from './ast.ts';
import { assert, OperatingError } from '@plumb/base';
import { type Context, readTimes, selectSamples } from './context.ts';
import { bitsOf, isStaleAt, type SeriesData } from './queryable.ts';
import { type Column, emptyColumn, type Grid, stepAt } from './vector.ts';

/** Samples `start` up to, not including, `end` of a series; the range itself is (startAt, endAt], epoch ms. */
export type Window = {
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly start: number;
  readonly end: number;
  readonly startAt: number;
  readonly endAt: number;
};

/** A function of a window with at least one sample; undefined where it has no answer. */
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

type RangeSeries = SeriesData & { readonly dropsName: boolean };
export type Ranges = { readonly series: readonly RangeSeries[]; readonly readAt: Grid; readonly rangeMs: number };

/** The series of a range selector or subquery, without stale markers. */
export async function evaluateRanges(expression: Expression, context: Context): Promise<Ranges> {
  const node = withoutParentheses(expression);
  assert(node.kind === 'range-selector' || node.kind === 'subquery', 'only these are range vectors');
  return node.kind === 'range-selector' ? rangesOfSelector(node, context) : rangesOfSubquery(node, context);
}

/** Applies a function to every window; both ends of the windows only move forward. */
export async function mapWindows(
  { series, readAt, rangeMs }: Ranges,
  context: Context,
  options: { readonly keepsName: boolean; readonly run: WindowFunction; readonly work: WindowWork },
): Promise<Column[]> {
  const { budget } = context;
  const lookCost = LOOK_COST[options.work];
  const columns: Column[] = [];
  for (const { labels, dropsName, times, values } of series) {
    const column = emptyColumn(labels, readAt.count, dropsName || !options.keepsName);
    let isUsed = false;
    let start = 0;
    let end = 0;
    let lookCount = 0;
    for (let step = 0; step < readAt.count; step += 1) {
      const endAt = stepAt(readAt, step);
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
      const value = options.run({ times, values, start, end, startAt, endAt }, step);
      if (value === undefined) continue;
      column.values[step] = value;
      column.present[step] = 1;
      isUsed = true;
    }
    if (isUsed) columns.push(column);
    budget.take(readAt.count + lookCount * lookCost);
    await budget.pause(lookCount);
  }
  return columns;
}

async function rangesOfSelector({ selector, rangeMs }: RangeSelector, context: Context): Promise<Ranges> {
  const series = await selectSamples(selector, rangeMs, context);
  const readAt = readTimes(selector, context);
  return { series: series.map((one) => ({ ...withoutStale(one), dropsName: false })), readAt, rangeMs };
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
  if (count === 0) return { series: [], readAt, rangeMs };
  const grid = { startAt, stepMs, count };
  const value = await context.evaluate(expression, { ...context, grid });
  assert(value.kind !== 'string', 'a subquery of a string does not parse');
  const columns: readonly Column[] =
    value.kind === 'vector'
      ? value.columns
      : [{ labels: {}, dropsName: false, values: value.values, present: new Uint8Array(count).fill(1) }];
  return { series: columns.map((column) => samplesOf(column, grid)), readAt, rangeMs };
}

/** A subquery covers the whole query and its own range, at a step that is often finer: allow it more steps than a query. */
const SUBQUERY_STEPS_FACTOR = 10;

function samplesOf({ labels, dropsName, values, present }: Column, grid: Grid): RangeSeries {
  const steps: number[] = [];
  present.forEach((isPresent, step) => {
    if (isPresent === 1) steps.push(step);
  });
  const times = Float64Array.from(steps, (step) => stepAt(grid, step));
  return { labels, dropsName, times, values: Float64Array.from(steps, (step) => values[step] as number) };
}

function withoutStale(series: SeriesData): SeriesData {
  const { labels, times, values } = series;
  const bits = bitsOf(values);
  let staleCount = 0;
  for (let i = 0; i < times.length; i += 1) if (isStaleAt(bits, i)) staleCount += 1;
  if (staleCount === 0) return series;
  const kept = {
    times: new Float64Array(times.length - staleCount),
    values: new Float64Array(times.length - staleCount),
  };
  let at = 0;
  for (let i = 0; i < times.length; i += 1) {
    if (isStaleAt(bits, i)) continue;
    kept.times[at] = times[i] as number;
    kept.values[at] = values[i] as number;
    at += 1;
  }
  return { labels, ...kept };
}
