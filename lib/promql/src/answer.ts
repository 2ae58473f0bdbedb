/** Columns and ranges as the series of an answer. */
import type { NativeHistogram } from './native-histogram/native-histogram.ts';
import { compareLabelOrder, labelOrder, type SeriesData } from './queryable.ts';
import { type Column, type Grid, stepAt } from './vector.ts';

/** Series with the steps at which they have values, in order of their labels. */
export function seriesOf(columns: readonly Column[], grid: Grid): SeriesData[] {
  const sorted = columns.map((column) => ({ column, ...labelOrder(column.labels) }));
  return sorted.sort(compareLabelOrder).map(({ column }) => presentSamples(column, grid));
}

/** The steps at which a column has a value. */
function presentSamples({ labels, values, present, histograms }: Column, grid: Grid): SeriesData {
  const count = present.reduce((sum, isPresent) => sum + isPresent, 0);
  const samples = { times: new Float64Array(count), values: new Float64Array(count) };
  const kept = histograms === undefined ? undefined : Array.from<NativeHistogram | undefined>({ length: count });
  let index = 0;
  for (let step = 0; step < present.length; step += 1) {
    if (present[step] !== 1) continue;
    samples.times[index] = stepAt(grid, step);
    samples.values[index] = values[step] as number;
    if (kept !== undefined) kept[index] = histograms?.[step];
    index += 1;
  }
  return kept === undefined ? { labels, ...samples } : { labels, ...samples, histograms: kept };
}

/** The samples of a series in (startAt, endAt]. */
export function cutTo(
  { labels, times, values, histograms }: SeriesData,
  { startAt, endAt }: { readonly startAt: number; readonly endAt: number },
): SeriesData {
  const from = times.findIndex((at) => at > startAt);
  const start = from < 0 ? times.length : from;
  const end = Math.max(start, times.findLastIndex((at) => at <= endAt) + 1);
  const cut = { labels, times: times.slice(start, end), values: values.slice(start, end) };
  return histograms === undefined ? cut : { ...cut, histograms: histograms.slice(start, end) };
}
