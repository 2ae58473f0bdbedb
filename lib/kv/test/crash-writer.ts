/**
 * The process that `crash.system.test.ts` kills: `node crash-writer.ts DIRECTORY SEED`. Each of its writers counts up
 * and says `WRITER NUMBER` on stdout once that number is acknowledged. It goes on from what the store holds.
 */
import fs from 'node:fs';
import { randomInteger, seededRandom, silentLog, systemClock } from '@plumb/base';
import { openRocksKv } from '../src/rocks-engine.ts';
import { transactionOf, WRITERS } from './crash-transaction.ts';

const [directory = '', seed = ''] = process.argv.slice(2);
const random = seededRandom(Number(seed));

fs.writeSync(1, 'opening\n');
const kv = await openRocksKv({ directory, clock: systemClock, log: silentLog });

async function countUp(writer: number): Promise<never> {
  const stored = await kv.get(`left/${writer}`);
  let number = stored === undefined ? 0 : Number(Buffer.from(stored.value).toString());
  for (;;) {
    number += 1;
    // Now and then a large one, so that RocksDB begins new log files and writes tables meanwhile.
    const paddingBytes = random.float() < 0.05 ? randomInteger(random, 1, 500_000) : randomInteger(random, 1, 500);
    await kv.transact(transactionOf(writer, number, paddingBytes));
    fs.writeSync(1, `${writer} ${number}\n`);
  }
}
await Promise.all(Array.from({ length: WRITERS }, (_, writer) => countUp(writer)));
