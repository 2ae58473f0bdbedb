/** Joins a series' short chunks, which follow each other in time, to chunks of `CHUNK_SAMPLES_MAX`. */
import { CHUNK_SAMPLES_MAX, type Columns, encodeChunk } from './chunk.ts';
import { joinParts } from './columns.ts';
import type { SealedChunk } from './head-series.ts';

/** Full chunks are passed on as they are; runs of shorter ones are decoded, joined and encoded again. */
export function mergeChunks(chunks: readonly SealedChunk[]): SealedChunk[] {
  const merged: SealedChunk[] = [];
  let run: SealedChunk[] = [];
  const endRun = (): void => {
    merged.push(...(run.length > 1 ? joinRun(run) : run));
    run = [];
  };
  for (const chunk of chunks) {
    if (chunk.count === CHUNK_SAMPLES_MAX) endRun();
    run.push(chunk);
    if (chunk.count === CHUNK_SAMPLES_MAX) endRun();
  }
  endRun();
  return merged;
}

function joinRun(run: readonly SealedChunk[]): SealedChunk[] {
  const { times, values } = joinParts(run, -Infinity, Infinity);
  const chunks: SealedChunk[] = [];
  for (let start = 0; start < times.length; start += CHUNK_SAMPLES_MAX) {
    const end = Math.min(times.length, start + CHUNK_SAMPLES_MAX);
    chunks.push(sealColumns({ times: times.slice(start, end), values: values.slice(start, end) }));
  }
  return chunks;
}

/** One chunk of the samples of `columns`, at least one. */
function sealColumns(columns: Columns): SealedChunk {
  const { times } = columns;
  const [minAt, maxAt] = [times[0] as number, times[times.length - 1] as number];
  return { minAt, maxAt, count: times.length, bytes: encodeChunk(columns) };
}
