/** Sealing of samples, and joining of a series' short chunks to chunks of `CHUNK_SAMPLES_MAX`. */
import { CHUNK_SAMPLES_MAX, type Columns, encodeChunk, encodeRawChunk, isRawChunk } from './chunk.ts';
import { joinParts, sliceColumns } from './columns.ts';
import type { SealedChunk } from './head-series.ts';
import { encodeHistogramChunk } from './histogram-chunk.ts';
import { hasSameLayout, type HistogramSample } from './native-histogram.ts';

/** The chunks of a series in order of time, without overlap: full ones as they are, others decoded, joined and encoded again. */
export function mergeChunks(chunks: readonly SealedChunk[]): SealedChunk[] {
  const good = chunks.filter(({ bytes }) => bytes.length > 0);
  const isOverlapping = good.some(({ minAt }, i) => i > 0 && minAt <= (good[i - 1] as SealedChunk).maxAt);
  if (isOverlapping) return sealColumns(joinParts(good, -Infinity, Infinity));
  const merged: SealedChunk[] = [];
  let run: SealedChunk[] = [];
  const endRun = (): void => {
    const isSealed = run.length === 0 || (run.length === 1 && !isRawChunk((run[0] as SealedChunk).bytes));
    merged.push(...(isSealed ? run : sealColumns(joinParts(run, -Infinity, Infinity))));
    run = [];
  };
  for (const chunk of good) {
    if (chunk.count === CHUNK_SAMPLES_MAX) endRun();
    run.push(chunk);
    if (chunk.count === CHUNK_SAMPLES_MAX) endRun();
  }
  endRun();
  return merged;
}

/** Chunks of all samples of `columns`: a run of floats, or of histograms with one layout, is one until it is full. */
export function sealColumns(columns: Columns): SealedChunk[] {
  const { times, histograms } = columns;
  const chunks: SealedChunk[] = [];
  for (let start = 0; start < times.length;) {
    const limit = Math.min(times.length, start + CHUNK_SAMPLES_MAX);
    const end = histograms === undefined ? limit : endOfRun(histograms, start, limit);
    chunks.push(sealRun(sliceColumns(columns, start, end)));
    start = end;
  }
  return chunks;
}

/** The same for a checkpoint, which is written often and read once: floats stay raw. */
export function rawChunks(columns: Columns): SealedChunk[] {
  const { times, histograms } = columns;
  if (times.length === 0 || times.length > CHUNK_SAMPLES_MAX || histograms !== undefined) return sealColumns(columns);
  const [minAt, maxAt] = [times[0] as number, times[times.length - 1] as number];
  return [{ minAt, maxAt, count: times.length, bytes: encodeRawChunk(columns) }];
}

/** Where samples stop being of the kind, and the layout, of the one at `start`. */
function endOfRun(histograms: readonly (HistogramSample | undefined)[], start: number, limit: number): number {
  const first = histograms[start];
  const belongs = (one: HistogramSample | undefined): boolean =>
    first === undefined ? one === undefined : one !== undefined && hasSameLayout(first, one);
  let end = start + 1;
  while (end < limit && belongs(histograms[end])) end += 1;
  return end;
}

function sealRun(columns: Columns): SealedChunk {
  const { times, histograms } = columns;
  const [minAt, maxAt] = [times[0] as number, times[times.length - 1] as number];
  const own = histograms?.[0] === undefined ? undefined : (histograms as readonly HistogramSample[]);
  const bytes = own === undefined ? encodeChunk(columns) : encodeHistogramChunk(times, own);
  return { minAt, maxAt, count: times.length, bytes };
}
