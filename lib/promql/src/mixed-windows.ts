/** Windows over series that have native histograms, alone or between floats. */
import type { Annotate } from './annotations.ts';
import { METRIC_NAME } from './ast.ts';
import type { Context } from './context.ts';
import type { TimedHistogram } from './histogram-rate.ts';
import { labelOf } from './queryable.ts';
import type { Ranges, RangeSeries, Window } from './range-windows.ts';
import { type Column, emptyColumn, type Sample, setSample, stepAt } from './vector.ts';

/** At least one sample; the range is (startAt, endAt], as in `Window`. */
export type MixedWindow = {
  /** The floats alone. */
  readonly floats: Window;
  readonly histograms: readonly TimedHistogram[];
  readonly startAt: number;
  readonly endAt: number;
  /** Of the series, for notes. */
  readonly name: string;
};

/** A function of a window; undefined where it has no answer. */
export type MixedFunction = (window: MixedWindow, step: number, annotate: Annotate) => Sample | undefined;

export type MixedOptions = {
  readonly keepsName: boolean;
  readonly run: MixedFunction;
  readonly annotate: Annotate;
};

export async function mapMixedWindows(
  series: RangeSeries,
  { readAt, rangeMs, beforeMs, afterMs }: Ranges,
  { budget }: Context,
  options: MixedOptions,
): Promise<Column | undefined> {
  const { floats, histograms } = split(series);
  const times = Float64Array.from(histograms, ({ at }) => at);
  const name = labelOf(series.labels, METRIC_NAME);
  const column = emptyColumn(series.labels, readAt.count, series.dropsName || !options.keepsName);
  let ofFloats = { start: 0, end: 0 };
  let ofHistograms = { start: 0, end: 0 };
  for (let step = 0; step < readAt.count; step += 1) {
    const endAt = stepAt(readAt, step);
    const startAt = endAt - rangeMs;
    const reach = { after: startAt - beforeMs, to: endAt + afterMs };
    ofFloats = moved(ofFloats, floats.times, reach);
    ofHistograms = moved(ofHistograms, times, reach);
    const inside = histograms.slice(ofHistograms.start, ofHistograms.end);
    const count = ofFloats.end - ofFloats.start + inside.length;
    if (count === 0) continue;
    const window = { floats: { ...floats, ...ofFloats, startAt, endAt }, histograms: inside, startAt, endAt, name };
    const sample = options.run(window, step, options.annotate);
    if (sample !== undefined) setSample(column, step, sample);
    // To add histograms up takes as long as to read them.
    await budget.spend(count);
  }
  return column.present.includes(1) ? column : undefined;
}

/** Where the samples in (after, to] begin and end; both only move forward. */
function moved(
  { start, end }: { readonly start: number; readonly end: number },
  times: Float64Array,
  { after, to }: { readonly after: number; readonly to: number },
): { start: number; end: number } {
  let [first, behind] = [start, end];
  while (behind < times.length && (times[behind] as number) <= to) behind += 1;
  while (first < behind && (times[first] as number) <= after) first += 1;
  return { start: first, end: behind };
}

function split({ times, values, startTimes, histograms = [] }: RangeSeries): {
  floats: Pick<Window, 'times' | 'values' | 'startTimes'>;
  histograms: TimedHistogram[];
} {
  const isFloat = (_: unknown, i: number): boolean => histograms[i] === undefined;
  return {
    floats: {
      times: times.filter(isFloat),
      values: values.filter(isFloat),
      startTimes: startTimes?.filter(isFloat),
    },
    histograms: histograms.flatMap((histogram, i) =>
      histogram === undefined ? [] : [{ at: times[i] as number, histogram, startedAt: startTimes?.[i] ?? 0 }],
    ),
  };
}
