/**
 * What the store costs: bytes a sample and speed of the codec on six kinds of series; then appending scrapes, flushing,
 * opening again and reading everything back. Rates are per second of
 * CPU time of the process, so that other work on the machine does not count; opening is in wall time. `--json` prints the project's common format.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Clock, seededRandom, silentLog, systemClock } from '@plumb/base';
import { type BenchResult, printBench } from '@plumb/testing/bench';
import { CHUNK_SAMPLES_MAX, decodeChunk, encodeChunk, openTsdb, type Tsdb } from '../src/index.ts';
import { makeSeries, SERIES_KINDS } from './series-kinds.ts';

export type BenchOptions = {
  readonly chunkCount: number;
  readonly seriesCount: number;
  readonly scrapeCount: number;
  readonly rounds: number;
};
const START = 1_760_400_000_000;
const STEP_MS = 15_000;

export async function runBench(options: BenchOptions): Promise<{ results: BenchResult[]; checksum: number }> {
  const codec = measureCodec(options);
  const store = await measureStore(options);
  return { results: [...codec, ...store.results], checksum: store.checksum };
}

function measureCodec({ chunkCount, rounds }: BenchOptions): BenchResult[] {
  return SERIES_KINDS.flatMap((kind) => {
    const runs = Array.from({ length: chunkCount }, (_, i) => makeSeries(kind, CHUNK_SAMPLES_MAX, i + 1));
    const chunks = runs.map(encodeChunk);
    const sampleCount = chunkCount * CHUNK_SAMPLES_MAX;
    const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const encodeMs = bestOf(rounds, () => runs.forEach(encodeChunk));
    const decodeMs = bestOf(rounds, () => chunks.forEach(decodeChunk));
    return [
      { name: `${kind}: size`, unit: 'B/sample', better: 'lower', ours: sizeBytes / sampleCount },
      { name: `${kind}: encode`, unit: 'M samples/s', better: 'higher', ours: sampleCount / encodeMs / 1_000 },
      { name: `${kind}: decode`, unit: 'M samples/s', better: 'higher', ours: sampleCount / decodeMs / 1_000 },
    ];
  });
}

async function measureStore({
  seriesCount,
  scrapeCount,
}: BenchOptions): Promise<{ results: BenchResult[]; checksum: number }> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'plumb-tsdb-bench-'));
  const sampleCount = seriesCount * scrapeCount;
  const clock: Clock = { ...systemClock, now: () => START + scrapeCount * STEP_MS };
  const open = (): Promise<Tsdb> => openTsdb({ directory, clock, log: silentLog, retentionMs: 1e12 });
  const measured = async <T>(run: () => Promise<T>): Promise<{ ms: number; wallMs: number; value: T }> => {
    const [startMs, wallStartMs] = [cpuMs(), performance.now()];
    const value = await run();
    return { ms: cpuMs() - startMs, wallMs: performance.now() - wallStartMs, value };
  };
  try {
    const first = await open();
    const append = await measured(() => appendScrapes(first, seriesCount, scrapeCount));
    const { headBytes, walBytes } = first.stats();
    await first[Symbol.asyncDispose]();
    const replay = await measured(open);
    await using closing = new AsyncDisposableStack();
    const tsdb = closing.use(replay.value);
    const flush = await measured(() => tsdb.maintain());
    const read = await measured(async () => sumOfAll(tsdb));
    const { blockBytes, blockSampleCount, headSampleCount } = tsdb.stats();
    if (blockSampleCount + headSampleCount !== sampleCount) throw new Error('samples were lost');
    const results: BenchResult[] = [
      { name: 'append', unit: 'M samples/s', better: 'higher', ours: sampleCount / append.ms / 1_000 },
      { name: 'head', unit: 'B/sample', better: 'lower', ours: headBytes / sampleCount },
      { name: 'log', unit: 'B/sample', better: 'lower', ours: walBytes / sampleCount },
      { name: `open with ${sampleCount} samples in the log`, unit: 'ms', better: 'lower', ours: replay.wallMs },
      { name: 'flush', unit: 'M samples/s', better: 'higher', ours: blockSampleCount / flush.ms / 1_000 },
      {
        name: 'blocks with index',
        unit: 'B/sample',
        better: 'lower',
        ours: blockBytes / Math.max(1, blockSampleCount),
      },
      { name: 'select and sum', unit: 'M samples/s', better: 'higher', ours: sampleCount / read.ms / 1_000 },
    ];
    return { results, checksum: read.value };
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

/** Scrapes of `seriesCount` series, mixed as an exporter's are: half constant, a quarter counters, a quarter gauges. */
async function appendScrapes(tsdb: Tsdb, seriesCount: number, scrapeCount: number): Promise<void> {
  const random = seededRandom(1);
  const refs = Uint32Array.from({ length: seriesCount }, (_, i) => {
    return (
      tsdb.seriesRef({ __name__: `metric_${i % 97}`, instance: `host-${i % 50}:9100`, job: 'node', cpu: String(i) }) ??
      0
    );
  });
  const values = new Float64Array(seriesCount);
  for (let scrape = 0; scrape < scrapeCount; scrape += 1) {
    const at = START + scrape * STEP_MS;
    for (let i = 0; i < seriesCount; i += 1) {
      if (i % 4 === 1) values[i] = (values[i] as number) + Math.floor(random.float() * 3_000);
      if (i % 4 === 3) values[i] = Math.round(random.float() * 10_000) / 100;
    }
    await tsdb.appendColumns({ refs, times: new Float64Array(seriesCount).fill(at), values });
  }
}

function sumOfAll(tsdb: Tsdb): number {
  let sum = 0;
  for (const { values } of tsdb.select([], -Infinity, Infinity)) for (const value of values) sum += value;
  return sum;
}

function bestOf(rounds: number, run: () => void): number {
  let bestMs = Infinity;
  for (let i = 0; i < rounds; i += 1) {
    const startMs = cpuMs();
    run();
    bestMs = Math.min(bestMs, cpuMs() - startMs);
  }
  return bestMs;
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

if (import.meta.main) {
  const options = { chunkCount: 200, seriesCount: 10_000, scrapeCount: 960, rounds: 5 };
  const { results, checksum } = await runBench(options);
  printBench({ bench: 'tsdb', rounds: options.rounds, results });
  process.stderr.write(`tsdb: ${JSON.stringify(options)}, checksum ${checksum}\n`);
}
