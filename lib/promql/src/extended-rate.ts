/**
 * `rate`, `increase` and `delta` of ranges that are `anchored` or `smoothed`: nothing is extrapolated. Windows reach beyond
 * their range by the lookback: before it, and when smoothed after it.
 */
import type { Extension } from './ast.ts';
import type { RateOptions } from './rate.ts';
import type { Window } from './range-windows.ts';

type Extended = RateOptions & { readonly extension: Extension };

/** The samples that stand for the beginning and the end of the range; undefined where it is not covered. */
export function edgesOf(
  { times, start, end, startAt, endAt }: Pick<Window, 'times' | 'start' | 'end' | 'startAt' | 'endAt'>,
  extension: Extension,
): { readonly first: number; readonly last: number } | undefined {
  if (start === end) return undefined;
  let last = end - 1;
  let first = start;
  while (first < last && (times[first] as number) <= startAt) first += 1;
  first = Math.max(start, first - 1);
  if (extension === 'smoothed') {
    let before = start;
    while (before < last && (times[before] as number) < endAt) before += 1;
    last = before;
  }
  if ((times[last] as number) <= startAt) return undefined;
  return extension === 'smoothed' && (times[first] as number) > endAt ? undefined : { first, last };
}

export function extendedDelta(window: Window, { isCounter, isRate, extension }: Extended): number | undefined {
  const { times, values, startAt, endAt } = window;
  const edges = edgesOf(window, extension);
  if (edges === undefined) return undefined;
  const { first, last } = edges;
  const isSmoothed = extension === 'smoothed';
  const left =
    isSmoothed && (times[first] as number) < startAt
      ? interpolated(window, first, startAt, isCounter)
      : (values[first] as number);
  const right =
    isSmoothed && last > window.start && (times[last] as number) > endAt
      ? interpolated(window, last - 1, endAt, isCounter)
      : (values[last] as number);
  let delta = right - left;
  if (isCounter) {
    const from = (times[first] as number) <= startAt ? first + 1 : first;
    const to = (times[last] as number) >= endAt ? last - 1 : last;
    let before = left;
    for (let i = from; i <= to; i += 1) {
      if ((values[i] as number) < before) delta += before;
      before = values[i] as number;
    }
    if (right < before) delta += before;
  }
  return isRate ? delta / ((endAt - startAt) / 1_000) : delta;
}

/** On the line from sample `i` to the next; from zero where a counter was reset between them. */
export function interpolated(
  { times, values }: Pick<Window, 'times' | 'values'>,
  i: number,
  at: number,
  isCounter: boolean,
): number {
  const [beforeAt, nextAt] = [times[i] as number, times[i + 1] as number];
  const [before, next] = [values[i] as number, values[i + 1] as number];
  const from = isCounter && next < before ? 0 : before;
  return from + ((next - from) * (at - beforeAt)) / (nextAt - beforeAt);
}
