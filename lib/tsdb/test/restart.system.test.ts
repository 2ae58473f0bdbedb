import { silentLog, systemClock } from '@plumb/base';
import { openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';
import { openTsdb } from '../src/index.ts';

const SERIES_COUNT = 2_000;
const SCRAPE_COUNT = 500;
const START = 1_760_400_000_000;

test('a million samples in the log are there after a restart, and the time it took is printed', async () => {
  await using directory = await openTemporaryDirectory();
  const clock = { ...systemClock, now: () => START + 1e9 };
  const options = { directory: directory.path, clock, log: silentLog, retentionMs: 1e12 };
  {
    await using tsdb = await openTsdb(options);
    const refs = Uint32Array.from(
      { length: SERIES_COUNT },
      (_, i) => tsdb.seriesRef({ __name__: 'x', i: String(i) }) ?? 0,
    );
    for (let scrape = 0; scrape < SCRAPE_COUNT; scrape += 1) {
      const times = new Float64Array(SERIES_COUNT).fill(START + scrape * 15_000);
      await tsdb.appendColumns({ refs, times, values: new Float64Array(SERIES_COUNT).fill(scrape) });
    }
  }
  await using tsdb = await openTsdb(options);
  const { headSampleCount, seriesCount, replay } = tsdb.stats();
  expect({ headSampleCount, seriesCount }).toEqual({
    headSampleCount: SERIES_COUNT * SCRAPE_COUNT,
    seriesCount: SERIES_COUNT,
  });
  process.stderr.write(`restart: ${headSampleCount} samples in ${Math.round(replay.lengthMs)} ms\n`);
});
