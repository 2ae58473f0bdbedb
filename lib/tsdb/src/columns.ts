/** Joining and cutting of sample columns. Values move as memory, never as numbers, so that every NaN keeps its bits. */
import { type Columns, decodeChunkInto } from './chunk.ts';
import type { SealedChunk } from './head-series.ts';

/** Samples that follow each other in time, as columns or still encoded. */
export type Part = Columns | SealedChunk;

/** The samples of `parts`, which follow each other in time, that lie in [minAt, maxAt], in arrays of their own. */
export function joinParts(parts: readonly Part[], minAt: number, maxAt: number): Columns {
  const count = parts.reduce((sum, part) => sum + countOf(part), 0);
  const joined = { times: new Float64Array(count), values: new Float64Array(count) };
  let at = 0;
  for (const part of parts) {
    if ('bytes' in part) {
      decodeChunkInto(part.bytes, part.count, joined, at);
    } else {
      joined.times.set(part.times, at);
      joined.values.set(part.values, at);
    }
    at += countOf(part);
  }
  return cutColumns(joined, minAt, maxAt);
}

function countOf(part: Part): number {
  return 'bytes' in part ? part.count : part.times.length;
}

/** A view of the samples in [minAt, maxAt]. */
function cutColumns(columns: Columns, minAt: number, maxAt: number): Columns {
  const { times, values } = columns;
  const isWhole = times.length > 0 && (times[0] as number) >= minAt && (times[times.length - 1] as number) <= maxAt;
  if (isWhole) return columns;
  const start = firstAtOrAfter(times, minAt);
  const end = firstAtOrAfter(times, maxAt + 1);
  return { times: times.subarray(start, end), values: values.subarray(start, end) };
}

/** The index of the first of ascending whole `times` that is >= `at`. */
function firstAtOrAfter(times: Float64Array, at: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as number) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
