// Goal: a start does not depend on how many samples the head holds, whatever the speed that they came in at.
// Method: a child appends as fast as it can and is killed; what opening had to replay is bounded, and all is there.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { silentLog, systemClock } from '@plumb/base';
import { openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';
import { openTsdb } from '../src/index.ts';

const START = 1_760_400_000_000;
const SERIES_COUNT = 2_000;
const SCRAPE_COUNT = 500;
const CHECKPOINT_LOG_BYTES = 1_024 * 1_024;

test('after kill -9 with a million samples only the end of the log is replayed, and the time it took is printed', async () => {
  await using directory = await openTemporaryDirectory();
  const writer = path.join(import.meta.dirname, 'fast-writer.ts');
  const settings = [directory.path, START, SERIES_COUNT, SCRAPE_COUNT, CHECKPOINT_LOG_BYTES].map(String);
  const child = spawn(process.execPath, [writer, ...settings], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  for await (const chunk of child.stdout) if (String(chunk).includes('done')) child.kill('SIGKILL');
  await exited;
  expect(child.signalCode).toBe('SIGKILL');

  const clock = { ...systemClock, now: () => START + 1e9 };
  await using tsdb = await openTsdb({ directory: directory.path, clock, log: silentLog, retentionMs: 1e12 });
  const { headSampleCount, seriesCount, replay } = tsdb.stats();
  expect({ headSampleCount, seriesCount }).toEqual({
    headSampleCount: SERIES_COUNT * SCRAPE_COUNT,
    seriesCount: SERIES_COUNT,
  });
  // Records are scrapes of about 22 kB; twice the bound, and what came while a checkpoint was written.
  expect(replay.recordCount).toBeLessThan((4 * CHECKPOINT_LOG_BYTES) / (SERIES_COUNT * 10));
  const [one] = tsdb.select([{ name: 'i', op: '=', value: '77' }], 0, START * 2);
  expect(Array.from(one?.values ?? [])).toEqual(Array.from({ length: SCRAPE_COUNT }, (_, scrape) => scrape));
  process.stderr.write(
    `restart: ${headSampleCount} samples, ${replay.recordCount} records in ${Math.round(replay.lengthMs)} ms\n`,
  );
});
