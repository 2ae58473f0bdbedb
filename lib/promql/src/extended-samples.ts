import { OperatingError } from '@plumb/base';
import type { Extension } from './ast.ts';
import { edgesOf, interpolated } from './extended-rate.ts';
import type { SeriesData } from './queryable.ts';

/**
 * The samples of a range that is anchored or smoothed, with one at each of its ends. None where it is not covered.
 * @throws OperatingError `invalid` for native histograms, whose values at the ends are not defined.
 */
export function extendedSamples(
  { labels, times, values, histograms }: SeriesData,
  { startAt, endAt }: { readonly startAt: number; readonly endAt: number },
  extension: Extension,
): SeriesData {
  if (histograms !== undefined)
    throw new OperatingError('invalid', `${extension} modifier is not supported with histograms: use it within a rate`);
  const edges = edgesOf({ times, start: 0, end: times.length, startAt, endAt }, extension);
  if (edges === undefined) return { labels, times: new Float64Array(0), values: new Float64Array(0) };
  const { first, last } = edges;
  const isSmoothed = extension === 'smoothed';
  const [firstAt, lastAt] = [times[first] as number, times[last] as number];
  const left = isSmoothed && firstAt < startAt ? interpolated({ times, values }, first, startAt, false) : values[first];
  const right =
    isSmoothed && last > 0 && lastAt > endAt ? interpolated({ times, values }, last - 1, endAt, false) : values[last];
  const from = firstAt <= startAt ? first + 1 : first;
  const to = lastAt >= endAt ? last - 1 : last;
  return {
    labels,
    times: Float64Array.of(startAt, ...times.subarray(from, to + 1), endAt),
    values: Float64Array.of(left as number, ...values.subarray(from, to + 1), right as number),
  };
}
