/**
 * The process whose system calls `sync.system.test.ts` reads and breaks: `node sync-writer.ts DIRECTORY COUNT`. It writes
 * one transaction after the other, and says `acknowledged NUMBER` or `refused NUMBER CODE` after each, and what it logs.
 */
import fs from 'node:fs';
import { createLog, OperatingError, systemClock } from '@plumb/base';
import { openRocksKv } from '../src/rocks-engine.ts';

const [directory = '', count = ''] = process.argv.slice(2);
const say = (text: string): void => void fs.writeSync(1, `${text}\n`);
const log = createLog((_level, event) => say(event));
await using kv = await openRocksKv({ directory, clock: systemClock, log });
for (let number = 0; number < Number(count); number += 1) {
  // Large enough that RocksDB begins another log file after some.
  const value = Buffer.alloc(400_000, 120);
  try {
    await kv.transact([{ kind: 'put', key: `write-${number}-end`, value }]);
    say(`acknowledged ${number}`);
  } catch (error) {
    say(`refused ${number} ${error instanceof OperatingError ? error.code : String(error)}`);
  }
}
