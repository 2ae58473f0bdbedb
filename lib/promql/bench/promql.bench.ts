/**
 * What evaluation costs, without a store: series in arrays, an hour of samples every 15 s, asked for a graph. Rates are samples
 * that are read per second of CPU time of the process. `--json` prints the project's common format.
 */
import { seededRandom } from '@plumb/base';
import { type BenchResult, printBench } from '@plumb/testing/bench';
import { evaluateRange, type Queryable, type SeriesData } from '../src/index.ts';

export type BenchOptions = { readonly seriesCount: number; readonly rounds: number };

const SCRAPE_MS = 15_000;
const HOUR_MS = 3_600_000;
/** Ranges reach back before the first step. */
const SAMPLE_COUNT = (HOUR_MS + 300_000) / SCRAPE_MS;

/** Queries, each at a step of a minute and of a scrape; goals are those of the store with everything that it does. */
const QUERIES: readonly { readonly expression: string; readonly goal?: number }[] = [
  { expression: 'x_total' },
  { expression: 'sum(rate(x_total[5m]))', goal: 30 },
  { expression: 'sum by (region) (rate(x_total[5m]))' },
  { expression: 'max(max_over_time(x_total[5m]))', goal: 60 },
  { expression: 'avg(avg_over_time(x_total[5m]))' },
  { expression: 'topk(5, x_total)' },
  { expression: 'x_total / on (host) group_left () sum by (host) (x_total)' },
];

export async function runBench({ seriesCount, rounds }: BenchOptions): Promise<{
  results: BenchResult[];
  checksum: number;
}> {
  const series = makeCounters(seriesCount);
  const queryable: Queryable = { select: () => series };
  const results: BenchResult[] = [];
  let checksum = 0;
  for (const stepMs of [60_000, SCRAPE_MS]) {
    for (const { expression, goal } of QUERIES) {
      let bestMs = Infinity;
      for (let round = 0; round < rounds; round += 1) {
        const startMs = cpuMs();
        const answer = await evaluateRange({
          expression,
          queryable,
          startAt: 300_000,
          endAt: 300_000 + HOUR_MS,
          stepMs,
        });
        bestMs = Math.min(bestMs, cpuMs() - startMs);
        if (round === 0) checksum += checksumOf(answer);
      }
      results.push({
        name: `${expression} by ${stepMs / 1_000} s`,
        unit: 'M samples/s',
        better: 'higher',
        ours: (seriesCount * SAMPLE_COUNT) / bestMs / 1_000,
        ...(goal === undefined ? {} : { goal }),
      });
    }
  }
  return { results, checksum };
}

/** Ten metrics of each host, some of which restart. */
function makeCounters(count: number): SeriesData[] {
  const random = seededRandom(1);
  const times = Float64Array.from({ length: SAMPLE_COUNT }, (_, i) => i * SCRAPE_MS);
  return Array.from({ length: count }, (_, i) => {
    let value = 0;
    const values = times.map(() => {
      value = random.float() < 0.001 ? 0 : value + Math.floor(random.float() * 1_000);
      return value;
    });
    const host = Math.floor(i / 10);
    const labels = { __name__: 'x_total', host: `host-${host}`, region: `region-${host % 9}`, field: String(i % 10) };
    return { labels, times, values };
  });
}

/** Answers that differ have different sums, so that no speed is bought with the meaning. */
function checksumOf(series: readonly SeriesData[]): number {
  return series.reduce((sum, { values }) => sum + values.reduce((a, b) => a + b, 0), 0);
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

if (import.meta.main) {
  const options = { seriesCount: 2_000, rounds: 5 };
  const { results, checksum } = await runBench(options);
  printBench({ bench: 'promql', rounds: options.rounds, results });
  process.stderr.write(`promql: ${JSON.stringify(options)}, checksum ${checksum}\n`);
}
