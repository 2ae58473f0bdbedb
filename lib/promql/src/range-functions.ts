/** Functions of range vectors: from the samples of a window to one value. */
import { OperatingError } from '@plumb/base';
import { type Annotate, notes } from './annotations.ts';
import { extrapolatedDelta, instantDelta, isReset } from './rate.ts';
import { meanOf, quantileOf, sumOf, varianceOf, addTo, resultOf } from './summation.ts';
import type { Window, WindowFunction } from './range-windows.ts';
import { isChange } from './series-functions.ts';
import { type Grid, stepAt } from './vector.ts';

/** Functions that take a range vector and nothing else. */
export const RANGE_FUNCTIONS: Readonly<Record<string, WindowFunction>> = {
  rate: (window) => extrapolatedDelta(window, { isCounter: true, isRate: true }),
  increase: (window) => extrapolatedDelta(window, { isCounter: true, isRate: false }),
  delta: (window) => extrapolatedDelta(window, { isCounter: false, isRate: false }),
  irate: (window) => instantDelta(window, { isRate: true }),
  idelta: (window) => instantDelta(window, { isRate: false }),
  deriv: (window) =>
    window.end - window.start < 2 ? undefined : linearRegression(window, window.times[window.start] as number).slope,
  changes: (window) => countPairs(window, isChange),
  resets: countResets,
  avg_over_time: ({ values, start, end }) => meanOf(values, start, end),
  sum_over_time: ({ values, start, end }) => sumOf(values, start, end),
  count_over_time: ({ start, end }) => end - start,
  present_over_time: () => 1,
  min_over_time: (window) => extreme(window, (value, best) => value < best),
  max_over_time: (window) => extreme(window, (value, best) => value > best),
  first_over_time: ({ values, start }) => values[start],
  last_over_time: ({ values, end }) => values[end - 1],
  mad_over_time: ({ values, start, end }) => medianDeviation([...values.subarray(start, end)]),
  ts_of_first_over_time: ({ times, start }) => (times[start] as number) / 1_000,
  ts_of_last_over_time: ({ times, end }) => (times[end - 1] as number) / 1_000,
  ts_of_min_over_time: (window) => timeOf(window, (value, best) => value <= best),
  ts_of_max_over_time: (window) => timeOf(window, (value, best) => value >= best),
  stdvar_over_time: ({ values, start, end }) => varianceOf(values, start, end),
  stddev_over_time: ({ values, start, end }) => Math.sqrt(varianceOf(values, start, end)),
};

/** Functions whose value is a sample of the series itself, so that its name still fits. */
export const NAME_KEEPING_FUNCTIONS: ReadonlySet<string> = new Set(['first_over_time', 'last_over_time']);

/** Functions that put the samples of each window in order. */
export const SORTING_FUNCTIONS: ReadonlySet<string> = new Set(['quantile_over_time', 'mad_over_time']);

export function quantileOverTime(quantiles: Float64Array, annotate: Annotate): WindowFunction {
  return ({ values, start, end }, step) => {
    const quantile = quantiles[step] as number;
    if (!(quantile >= 0 && quantile <= 1)) annotate(notes.invalidQuantile(quantile));
    return quantileOf(quantile, [...values.subarray(start, end)]);
  };
}

/** Warns of each that is no share. */
export function noteQuantiles(quantiles: Float64Array, annotate: Annotate): void {
  for (const quantile of quantiles) if (!(quantile >= 0 && quantile <= 1)) annotate(notes.invalidQuantile(quantile));
}

/** The value that the window's trend reaches `seconds` after the step, wherever `offset` and `@` put the window. */
export function predictLinear(seconds: Float64Array, grid: Grid): WindowFunction {
  return (window, step) => {
    if (window.end - window.start < 2) return undefined;
    const { slope, intercept } = linearRegression(window, stepAt(grid, step));
    return slope * (seconds[step] as number) + intercept;
  };
}

/**
 * The last value as smoothed by Holt's method: `smoothing` is the weight of each value against those before, `trend` that of
 * each step against the steps before. Undefined with fewer than two samples.
 * @throws OperatingError `invalid` when either is not between 0 and 1.
 */
export function smoothTwice(smoothings: Float64Array, trends: Float64Array): WindowFunction {
  return ({ values, start, end }, step) => {
    const [smoothing, trend] = [smoothings[step] as number, trends[step] as number];
    assertWeight(smoothing, 'smoothing factor', 'sf');
    assertWeight(trend, 'trend factor', 'tf');
    if (end - start < 2) return undefined;
    let level = values[start] as number;
    let slope = (values[start + 1] as number) - level;
    let before = 0;
    for (let i = start + 1; i < end; i += 1) {
      if (i > start + 1) slope = trend * (level - before) + (1 - trend) * slope;
      const next = smoothing * (values[i] as number) + (1 - smoothing) * (level + slope);
      before = level;
      level = next;
    }
    return level;
  };
}

function assertWeight(weight: number, what: string, name: string): void {
  if (weight > 0 && weight < 1) return;
  throw new OperatingError('invalid', `invalid ${what}. Expected: 0 < ${name} < 1, got: ${weight.toFixed(6)}`);
}

/** Least squares; the intercept is at `interceptAt`. A constant series has slope 0 exactly; infinities give NaN. */
function linearRegression(
  { times, values, start, end }: Window,
  interceptAt: number,
): { slope: number; intercept: number } {
  const first = values[start] as number;
  const sums = { x: zero(), y: zero(), xy: zero(), xx: zero() };
  let isConstant = true;
  for (let i = start; i < end; i += 1) {
    const y = values[i] as number;
    if (y !== first) isConstant = false;
    const x = ((times[i] as number) - interceptAt) / 1_000;
    addTo(sums.x, x);
    addTo(sums.y, y);
    addTo(sums.xy, x * y);
    addTo(sums.xx, x * x);
  }
  if (isConstant) return Number.isFinite(first) ? { slope: 0, intercept: first } : { slope: NaN, intercept: NaN };
  const count = end - start;
  const [x, y] = [resultOf(sums.x), resultOf(sums.y)];
  const covariance = resultOf(sums.xy) - (x * y) / count;
  const variance = resultOf(sums.xx) - (x * x) / count;
  const slope = covariance / variance;
  return { slope, intercept: y / count - (slope * x) / count };
}

function countResets(window: Window): number {
  if (window.startTimes === undefined) return countPairs(window, (before, value) => value < before);
  let count = 0;
  for (let i = window.start + 1; i < window.end; i += 1) if (isReset(window, i)) count += 1;
  return count;
}

function zero(): { total: number; compensation: number } {
  return { total: 0, compensation: 0 };
}

function countPairs({ values, start, end }: Window, counts: (before: number, value: number) => boolean): number {
  let count = 0;
  for (let i = start + 1; i < end; i += 1) if (counts(values[i - 1] as number, values[i] as number)) count += 1;
  return count;
}

/** NaN only when there is nothing else. */
function extreme({ values, start, end }: Window, isBetter: (value: number, best: number) => boolean): number {
  let best = values[start] as number;
  for (let i = start + 1; i < end; i += 1) {
    const value = values[i] as number;
    if (isBetter(value, best) || Number.isNaN(best)) best = value;
  }
  return best;
}

/** When the best value was last seen, in seconds; NaN only when there is nothing else. */
function timeOf({ times, values, start, end }: Window, isAsGood: (value: number, best: number) => boolean): number {
  let best = start;
  for (let i = start + 1; i < end; i += 1) {
    if (isAsGood(values[i] as number, values[best] as number) || Number.isNaN(values[best])) best = i;
  }
  return (times[best] as number) / 1_000;
}

/** The median of the distances from the median; NaN when a value is. */
function medianDeviation(values: readonly number[]): number {
  if (values.some(Number.isNaN)) return NaN;
  const median = quantileOf(0.5, values);
  return quantileOf(
    0.5,
    values.map((value) => Math.abs(value - median)),
  );
}
