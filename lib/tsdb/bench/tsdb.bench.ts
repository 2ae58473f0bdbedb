/**
 * What the store costs: bytes a sample and speed of the codec on six kinds of series; then appending scrapes, flushing,
 * opening again and reading everything back; then what series cost. Rates are per second of
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
  /** What a series costs is measured at each of these. */
  readonly seriesCounts: readonly number[];
};
const START = 1_760_400_000_000;
const STEP_MS = 15_000;

export async function runBench(options: BenchOptions): Promise<{ results: BenchResult[]; checksum: number }> {
  const codec = measureCodec(options);
  const store = await measureStore(options);
  const series: BenchResult[] = [];
  for (const count of options.seriesCounts) series.push(...(await measureSeries(count)));
  return { results: [...codec, ...store.results, ...series], checksum: store.checksum };
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

/** What a series costs, whatever its samples: making it, finding it in a block, and its part of the block's index. */
async function measureSeries(count: number): Promise<BenchResult[]> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'plumb-tsdb-bench-'));
  const clock: Clock = { ...systemClock, now: () => START + 86_400_000 };
  try {
    await using tsdb = await openTsdb({ directory, clock, log: silentLog, retentionMs: 1e12, tiers: [] });
    const startMs = cpuMs();
    const refs = refsOf(tsdb, count);
    const makeMs = cpuMs() - startMs;
    for (const at of [START, START + 6 * 3_600_000])
      await tsdb.appendColumns({ refs, times: new Float64Array(count).fill(at), values: new Float64Array(count) });
    await tsdb.maintain();
    const { blockBytes, blockSampleCount } = tsdb.stats();
    const find = (name: string, op: '=' | '=~', value: string): number =>
      bestOf(5, () => void tsdb.select([{ name, op, value }], START, START));
    const name = (what: string): string => `${count} series: ${what}`;
    return [
      { name: name('make one'), unit: 'us', better: 'lower', ours: (makeMs * 1_000) / count },
      { name: name('index and one sample'), unit: 'B/series', better: 'lower', ours: blockBytes / blockSampleCount },
      { name: name('find a metric (1 in 97)'), unit: 'ms', better: 'lower', ours: find('__name__', '=', 'metric_7') },
      { name: name('find one by a pattern'), unit: 'ms', better: 'lower', ours: find('cpu', '=~', '12[3]') },
    ];
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

function refsOf(tsdb: Tsdb, count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => {
    const labels = { __name__: `metric_${i % 97}`, instance: `host-${i % 50}:9100`, job: 'node', cpu: String(i) };
    return tsdb.seriesRef(labels) ?? 0;
  });
}

/** Scrapes of `seriesCount` series, mixed as an exporter's are: half constant, a quarter counters, a quarter gauges. */
async function appendScrapes(tsdb: Tsdb, seriesCount: number, scrapeCount: number): Promise<void> {
  const random = seededRandom(1);
  const refs = refsOf(tsdb, seriesCount);
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
  const options = {
    chunkCount: 200,
    seriesCount: 10_000,
    scrapeCount: 960,
    rounds: 5,
    seriesCounts: [20_000, 200_000],
  };
  const { results, checksum } = await runBench(options);
  printBench({ bench: 'tsdb', rounds: options.rounds, results });
  process.stderr.write(`tsdb: ${JSON.stringify(options)}, checksum ${checksum}\n`);
}
