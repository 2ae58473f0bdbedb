/** Columns and ranges as the series of an answer. */
import { compareLabelOrder, labelOrder, type SeriesData } from './queryable.ts';
import { type Column, type Grid, stepAt } from './vector.ts';

/** Series with the steps at which they have values, in order of their labels. They may share arrays: do not change them. */
export function seriesOf(columns: readonly Column[], grid: Grid): SeriesData[] {
  const sorted = columns.map((column) => ({ column, ...labelOrder(column.labels) })).sort(compareLabelOrder);
  const times = Float64Array.from({ length: grid.count }, (_, step) => stepAt(grid, step));
  return sorted.map(({ column }) => presentSamples(column, times));
}

/** The steps, at `times`, at which a column has a value. */
function presentSamples({ labels, values, present, histograms }: Column, times: Float64Array): SeriesData {
  // Most series of a range have a value at every step.
  if (histograms === undefined && !present.includes(0)) return { labels, times, values };
  const steps = Int32Array.from(present.keys()).filter((step) => present[step] === 1);
  const samples = {
    labels,
    times: Float64Array.from(steps, (step) => times[step] as number),
    values: Float64Array.from(steps, (step) => values[step] as number),
  };
  return histograms === undefined ? samples : { ...samples, histograms: Array.from(steps, (step) => histograms[step]) };
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
