/** The newest sample of each series within the lookback, at every step. */
import type { Selector } from './ast.ts';
import { type Context, readTimes, selectSamples } from './context.ts';
import { bitsOf, type Histograms, isStaleAt, type SeriesData } from './queryable.ts';
import { smoothedColumn } from './smoothed-selector.ts';
import { type Column, emptyColumn, setSample, stepAt } from './vector.ts';

/** A series whose newest sample is a stale marker, or none in (t - lookback, t], is absent at t. */
export async function evaluateSelector(selector: Selector, context: Context): Promise<Column[]> {
  if (selector.extension === 'smoothed') return evaluateSmoothed(selector, context);
  return readNewest(selector, context, ({ values, histograms }) => ({ numbers: values, histograms }));
}

/** `timestamp(selector)`: when the newest sample was taken, in seconds, instead of its value. */
export async function evaluateTimestamps(selector: Selector, context: Context): Promise<Column[]> {
  const columns = await readNewest(selector, context, ({ times }) => ({ numbers: inSeconds(times) }));
  return columns.map((column) => ({ ...column, dropsName: true }));
}

/** `start_timestamp(selector)`: since when the newest sample counts, in seconds; 0 where that is not known. */
export async function evaluateStartTimes(selector: Selector, context: Context): Promise<Column[]> {
  const columns = await readNewest(selector, context, ({ times, startTimes }) => ({
    numbers: inSeconds(startTimes ?? new Float64Array(times.length)),
  }));
  return columns.map((column) => ({ ...column, dropsName: true }));
}

export function inSeconds(times: Float64Array): Float64Array {
  return times.map((at) => at / 1_000);
}

/** What a column is filled with, for each sample of a series; where there is a histogram, it is that. */
type Source = { readonly numbers: Float64Array; readonly histograms?: Histograms | undefined };

/** A column for each series, with what `sourceOf` gives for the newest sample at every step at which there is one. */
export async function readNewest(
  selector: Selector,
  context: Context,
  sourceOf: (series: SeriesData) => Source,
): Promise<Column[]> {
  const { lookbackMs, budget } = context;
  const readAt = readTimes(selector, context);
  const columns: Column[] = [];
  for (const series of await selectSamples(selector, { reachMs: lookbackMs }, context)) {
    const { labels, times } = series;
    const { numbers, histograms } = sourceOf(series);
    const column = emptyColumn(labels, readAt.count);
    const bits = bitsOf(series.values);
    let isUsed = false;
    let index = -1; // The newest sample at or before the step; it only moves forward.
    for (let step = 0; step < readAt.count; step += 1) {
      const at = stepAt(readAt, step);
      while (index + 1 < times.length && (times[index + 1] as number) <= at) index += 1;
      if (index < 0 || (times[index] as number) <= at - lookbackMs || isStaleAt(bits, index)) continue;
      column.values[step] = numbers[index] as number;
      column.present[step] = 1;
      const histogram = histograms === undefined ? undefined : histograms[index];
      if (histogram !== undefined) setSample(column, step, histogram);
      isUsed = true;
    }
    if (isUsed) columns.push(column);
    await budget.spend(readAt.count);
  }
  return columns;
}

async function evaluateSmoothed(selector: Selector, context: Context): Promise<Column[]> {
  const { lookbackMs, budget } = context;
  const readAt = readTimes(selector, context);
  const columns: Column[] = [];
  for (const series of await selectSamples(selector, { reachMs: lookbackMs, aheadMs: lookbackMs }, context)) {
    const column = smoothedColumn(series, readAt, lookbackMs, (note) => context.annotations.add(note, selector.span));
    if (column.present.includes(1)) columns.push(column);
    await budget.spend(readAt.count);
  }
  return columns;
}
