/** Joining and cutting of sample columns. Values move as memory, never as numbers, so that every NaN keeps its bits. */
import { bitsOf } from './bytes.ts';
import { type Columns, decodeChunkInto, type MutableColumns } from './chunk.ts';
import type { SealedChunk } from './head-series.ts';
import { decodeHistogramChunkInto, isHistogramChunk } from './histogram-chunk.ts';
import type { HistogramSample } from './native-histogram.ts';

/** Samples in order of time, as columns or still encoded. */
export type Part = Columns | SealedChunk;

/**
 * The samples of `parts` that lie in [minAt, maxAt], ascending in time, in arrays of their own. Where parts overlap, the
 * sample of the earlier part wins. A chunk without bytes is one whose checksum was wrong: it is left out.
 */
export function joinParts(parts: readonly Part[], minAt: number, maxAt: number): Columns {
  const count = parts.reduce((sum, part) => sum + countOf(part), 0);
  const joined: MutableColumns = { times: new Float64Array(count), values: new Float64Array(count) };
  let at = 0;
  let lastAt = -Infinity;
  let isAscending = true;
  for (const part of parts) {
    const ownCount = countOf(part);
    if (ownCount === 0) continue;
    copyPart(part, joined, at);
    if ((joined.times[at] as number) <= lastAt) isAscending = false;
    at += ownCount;
    lastAt = joined.times[at - 1] as number;
  }
  return cutColumns(isAscending ? joined : inOrder(joined), minAt, maxAt);
}

function copyPart(part: Part, joined: MutableColumns, at: number): void {
  if (!('bytes' in part)) {
    joined.times.set(part.times, at);
    joined.values.set(part.values, at);
    if (part.histograms !== undefined) histogramsOf(joined).splice(at, part.times.length, ...part.histograms);
  } else if (isHistogramChunk(part.bytes)) {
    decodeHistogramChunkInto(part.bytes, part.count, { ...joined, histograms: histogramsOf(joined) }, at);
  } else {
    decodeChunkInto(part.bytes, part.count, joined, at);
  }
}

function histogramsOf(columns: MutableColumns): (HistogramSample | undefined)[] {
  columns.histograms ??= Array.from<undefined>({ length: columns.times.length });
  return columns.histograms;
}

function countOf(part: Part): number {
  if (!('bytes' in part)) return part.times.length;
  return part.bytes.length === 0 ? 0 : part.count;
}

/** Sorted by time; of several samples at one time, the first. */
function inOrder(columns: Columns): Columns {
  const { times } = columns;
  const order = Uint32Array.from({ length: times.length }, (_, i) => i);
  order.sort((a, b) => (times[a] as number) - (times[b] as number) || a - b);
  return pickColumns(
    columns,
    order.filter((index, i) => i === 0 || times[index] !== times[order[i - 1] as number]),
  );
}

/** The samples at `indexes`, in arrays of their own. */
export function pickColumns({ times, values, histograms }: Columns, indexes: ArrayLike<number>): Columns {
  const count = indexes.length;
  const picked = { times: new Float64Array(count), values: new Float64Array(count) };
  const [from, to] = [bitsOf(values), bitsOf(picked.values)];
  for (let i = 0; i < count; i += 1) {
    const index = indexes[i] as number;
    picked.times[i] = times[index] as number;
    to[2 * i] = from[2 * index] as number;
    to[2 * i + 1] = from[2 * index + 1] as number;
  }
  if (histograms === undefined) return picked;
  return { ...picked, histograms: Array.from(indexes, (index) => histograms[index]) };
}

/** A view of the samples in [minAt, maxAt]. */
export function cutColumns(columns: Columns, minAt: number, maxAt: number): Columns {
  const { times } = columns;
  const isWhole = times.length > 0 && (times[0] as number) >= minAt && (times[times.length - 1] as number) <= maxAt;
  if (isWhole) return columns;
  return sliceColumns(columns, firstAtOrAfter(times, minAt), firstAtOrAfter(times, maxAt + 1));
}

/** A view of the samples from `start` to before `end`. */
export function sliceColumns({ times, values, histograms }: Columns, start: number, end: number): Columns {
  const sliced = { times: times.subarray(start, end), values: values.subarray(start, end) };
  return histograms === undefined ? sliced : { ...sliced, histograms: histograms.slice(start, end) };
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
