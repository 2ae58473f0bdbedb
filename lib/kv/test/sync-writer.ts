/**
 * The process whose system calls `sync.system.test.ts` reads: `node sync-writer.ts DIRECTORY COUNT`. It writes one
 * transaction after the other, and says `acknowledged NUMBER` after each.
 */
import fs from 'node:fs';
import { silentLog, systemClock } from '@plumb/base';
import { openRocksKv } from '../src/rocks-engine.ts';

const [directory = '', count = ''] = process.argv.slice(2);
await using kv = await openRocksKv({ directory, clock: systemClock, log: silentLog });
for (let number = 0; number < Number(count); number += 1) {
  // Large enough that RocksDB begins another log file after some.
  await kv.transact([{ kind: 'put', key: `write-${number}-end`, value: Buffer.alloc(400_000, 120) }]);
  fs.writeSync(1, `acknowledged ${number}\n`);
}
