/**
 * Functions of windows that overlap, in a time that does not grow with the windows: what they need to know of a series is
 * found once, and a window takes up where the last one left off. The answers are those of `range-functions.ts`, to the bit.
 */
import { stretchOf } from './rate.ts';

/** All samples of a series, of which windows are parts. */
export type WindowSeries = {
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly startTimes?: Float64Array | undefined;
};

/** Of the samples from `start` up to, not including, `end`, in the range (startAt, endAt]; undefined where there is no answer. */
export type StepFunction = (start: number, end: number, startAt: number, endAt: number) => number | undefined;

/** Makes the function of the windows of one series, which have to come in order: neither end moves back. */
export type SeriesFunction = (series: WindowSeries) => StepFunction;

/** For series whose counts do not say when they began. */
export const SERIES_FUNCTIONS: Readonly<Record<string, SeriesFunction>> = {
  rate: (series) => counterFunction(series, true),
  increase: (series) => counterFunction(series, false),
  resets: (series) => countingFunction(resetsOf(series)),
  changes: (series) => countingFunction(changesOf(series)),
  min_over_time: ({ values }) => extremeFunction(values, -1),
  max_over_time: ({ values }) => extremeFunction(values, 1),
};

export function isChange(before: number, value: number): boolean {
  return before !== value && !(Number.isNaN(before) && Number.isNaN(value));
}

/** The indexes of samples before which a counter was reset, ascending. Most series have few. */
function resetsOf({ values }: WindowSeries): Int32Array {
  const found = new Int32Array(values.length);
  let count = 0;
  for (let i = 1; i < values.length; i += 1) {
    if (!((values[i] as number) < (values[i - 1] as number))) continue;
    found[count] = i;
    count += 1;
  }
  return found.subarray(0, count);
}

/** The indexes of samples that differ from the one before, ascending. */
function changesOf({ values }: WindowSeries): Int32Array {
  const found = new Int32Array(values.length);
  let count = 0;
  for (let i = 1; i < values.length; i += 1) {
    if (!isChange(values[i - 1] as number, values[i] as number)) continue;
    found[count] = i;
    count += 1;
  }
  return found.subarray(0, count);
}

function counterFunction(series: WindowSeries, isRate: boolean): StepFunction {
  const { times, values } = series;
  const resets = resetsOf(series);
  let from = 0; // The first reset that is behind the first sample of the window.
  return (start, end, startAt, endAt) => {
    const count = end - start;
    if (count < 2) return undefined;
    const first = values[start] as number;
    let delta = (values[end - 1] as number) - first;
    while (from < resets.length && (resets[from] as number) <= start) from += 1;
    for (let i = from; i < resets.length && (resets[i] as number) < end; i += 1)
      delta += values[(resets[i] as number) - 1] as number;
    const toZero = delta > 0 && first >= 0 ? first / delta : Infinity;
    const [firstAt, lastAt] = [times[start] as number, times[end - 1] as number];
    const factor = stretchOf({ firstAt, lastAt, count, startAt, endAt, startedAt: 0 }, toZero);
    return delta * (isRate ? factor / ((endAt - startAt) / 1_000) : factor);
  };
}

/** How many of the marked samples a window has, but for its first, which is compared with nothing in it. */
function countingFunction(marks: Int32Array): StepFunction {
  let from = 0;
  let to = 0;
  return (start, end) => {
    while (from < marks.length && (marks[from] as number) <= start) from += 1;
    while (to < marks.length && (marks[to] as number) < end) to += 1;
    return Math.max(0, to - from);
  };
}

/**
 * The greatest of a window, or the least for `sign` -1: a queue of the samples that nothing behind them outdoes, so that the
 * first of them is the one. NaN only when there is nothing else.
 */
function extremeFunction(values: Float64Array, sign: 1 | -1): StepFunction {
  const queue = new Int32Array(values.length);
  let head = 0;
  let tail = 0;
  let next = 0;
  return (start, end) => {
    if (next < start) next = start;
    for (; next < end; next += 1) {
      const value = sign * (values[next] as number);
      if (Number.isNaN(value)) continue;
      while (tail > head && value > sign * (values[queue[tail - 1] as number] as number)) tail -= 1;
      queue[tail] = next;
      tail += 1;
    }
    while (head < tail && (queue[head] as number) < start) head += 1;
    return head === tail ? NaN : (values[queue[head] as number] as number);
  };
}
