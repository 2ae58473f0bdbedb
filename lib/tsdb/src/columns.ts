/** Joining and cutting of sample columns. Values move as memory, never as numbers, so that every NaN keeps its bits. */
import type { Columns } from './chunk.ts';

/** The samples of `runs`, which follow each other in time, that lie in [minAt, maxAt], in arrays of their own. */
export function joinColumns(runs: readonly Columns[], minAt: number, maxAt: number): Columns {
  const parts = runs.map((run) => cutColumns(run, minAt, maxAt));
  const count = parts.reduce((sum, { times }) => sum + times.length, 0);
  const times = new Float64Array(count);
  const values = new Float64Array(count);
  let at = 0;
  for (const part of parts) {
    times.set(part.times, at);
    values.set(part.values, at);
    at += part.times.length;
  }
  return { times, values };
}

/** A view of the samples in [minAt, maxAt]. */
export function cutColumns(columns: Columns, minAt: number, maxAt: number): Columns {
  const { times, values } = columns;
  const isWhole = times.length > 0 && (times[0] as number) >= minAt && (times[times.length - 1] as number) <= maxAt;
  if (isWhole) return columns;
  const start = firstAtOrAfter(times, minAt);
  const end = firstAtOrAfter(times, maxAt + 1);
  return { times: times.subarray(start, end), values: values.subarray(start, end) };
}

/** The index of the first of ascending whole `times` that is >= `at`. */
export function firstAtOrAfter(times: Float64Array, at: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as number) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
