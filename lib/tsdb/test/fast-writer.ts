/** The child of restart.system.test.ts: appends scrapes as fast as it can, says when it is done, and waits for its end. */
import { silentLog, systemClock } from '@plumb/base';
import { openTsdb } from '../src/index.ts';

const [directory = '', ...numbers] = process.argv.slice(2);
const [startAt = 0, seriesCount = 0, scrapeCount = 0, checkpointLogBytes = 0] = numbers.map(Number);
const clock = { ...systemClock, now: () => startAt + 1e9 };
const tsdb = await openTsdb({ directory, clock, log: silentLog, retentionMs: 1e12, checkpointLogBytes });
const refOf = (i: number): number => tsdb.seriesRef({ __name__: 'x', i: String(i) }) ?? 0;
const refs = Uint32Array.from({ length: seriesCount }, (_, i) => refOf(i));
for (let scrape = 0; scrape < scrapeCount; scrape += 1) {
  const times = new Float64Array(seriesCount).fill(startAt + scrape * 15_000);
  await tsdb.appendColumns({ refs, times, values: new Float64Array(seriesCount).fill(scrape) });
}
process.stdout.write('done\n');
