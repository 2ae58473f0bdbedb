/** `metric smoothed`: at every step the value on the line between the samples before and after it. */
import { type Annotate, notes } from './annotations.ts';
import { METRIC_NAME } from './ast.ts';
import { interpolateHistograms } from './extended-histogram-rate.ts';
import { interpolated } from './extended-rate.ts';
import { labelOf, type SeriesData, withoutStale } from './queryable.ts';
import { emptyColumn, type Grid, type MutableColumn, type Sample, setSample, stepAt } from './vector.ts';

/** After the last sample its value goes on for the lookback. Absent where floats and histograms are mixed around a step. */
export function smoothedColumn(raw: SeriesData, readAt: Grid, lookbackMs: number, annotate: Annotate): MutableColumn {
  const series = withoutStale(raw);
  const { times } = series;
  const column = emptyColumn(series.labels, readAt.count);
  for (let step = 0; step < readAt.count; step += 1) {
    const at = stepAt(readAt, step);
    const isNear = (time: number): boolean => time > at - lookbackMs && time <= at + lookbackMs;
    const first = times.findIndex(isNear);
    const last = times.findLastIndex(isNear);
    if (first < 0) continue;
    const next = times.findIndex((time, i) => i >= first && i <= last && time >= at);
    const sample = sampleBetween(series, { first, last, next }, at, annotate);
    if (sample !== undefined) setSample(column, step, sample);
  }
  return column;
}

function sampleBetween(
  { labels, times, values, histograms }: SeriesData,
  { first, last, next }: { first: number; last: number; next: number },
  at: number,
  annotate: Annotate,
): Sample | undefined {
  const name = labelOf(labels, METRIC_NAME);
  const near = histograms?.slice(first, last + 1) ?? [];
  const isMixed =
    near.some((histogram) => histogram === undefined) && near.some((histogram) => histogram !== undefined);
  if (isMixed) {
    annotate(notes.mixedRange(name));
    return undefined;
  }
  const sampleOf = (i: number): Sample => histograms?.[i] ?? (values[i] as number);
  if (next < 0) return sampleOf(last);
  if (times[next] === at) return sampleOf(next);
  if (next === first) return undefined;
  const [before, after] = [histograms?.[next - 1], histograms?.[next]];
  if (before === undefined || after === undefined) return interpolated({ times, values }, next - 1, at, false);
  const isCounter = before.resetHint !== 'gauge' && after.resetHint !== 'gauge';
  const result = interpolateHistograms(
    { at: times[next - 1] as number, histogram: before, startedAt: 0 },
    { at: times[next] as number, histogram: after, startedAt: 0 },
    at,
    isCounter,
    annotate,
  );
  if (result === undefined) annotate(notes.mixedSchemas(name));
  return result;
}
