/** The child of crash.system.test.ts: appends for as long as it lives, and prints each number once it is acknowledged. */
import fs from 'node:fs';
import { silentLog, systemClock } from '@plumb/base';
import { openTsdb } from '../src/index.ts';

const [directory = '', startAt = '0', first = '0'] = process.argv.slice(2);
const clock = { ...systemClock, now: () => Number(startAt) + 1e9 };
const tsdb = await openTsdb({
  directory,
  clock,
  log: silentLog,
  retentionMs: 1e12,
  blockPeriodMs: 60_000,
  checkpointLogBytes: 2_000,
  outOfOrderWindowMs: 120_000,
});
fs.writeSync(1, 'ready\n');
for (let number = Number(first); ; number += 1) {
  const at = Number(startAt) + number * 1_000;
  const samples = ['a', 'b', 'c'].map((name) => ({ series: { __name__: name }, at, value: number / 10 }));
  // Numbers 1, 0, 3, 2, 5, 4: every other one comes late.
  const swapped = number ^ 1;
  samples.push({ series: { __name__: 'd' }, at: Number(startAt) + swapped * 1_000, value: swapped / 10 });
  const { acceptedCount } = await tsdb.append(samples);
  fs.writeSync(1, `${acceptedCount === 4 ? number : 'refused'}\n`);
  // Flushes now and then, so that kills come in the middle of blocks, checkpoints and joins too.
  if (number % 40 === 0) void tsdb.maintain();
  await new Promise((resolve) => setImmediate(resolve));
}
