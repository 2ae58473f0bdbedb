/**
 * The process that `crash.system.test.ts` kills: `node crash-writer.ts DIRECTORY SEED`. Each of its writers counts up
 * and says `REVISION WRITER NUMBER` on stdout once that number is acknowledged, and `0 WRITER end NUMBER` once the end of the
 * lease of that number is. It goes on from what the store holds.
 */
import fs from 'node:fs';
import { randomInteger, seededRandom, silentLog, systemClock } from '@plumb/base';
import { openRocksKv } from '../src/rocks-engine.ts';
import { LEASE_KEPT, LEASE_TTL_MS, leaseOf, numberOf, transactionOf, WRITERS } from './crash-transaction.ts';

const [directory = '', seed = ''] = process.argv.slice(2);
const random = seededRandom(Number(seed));

fs.writeSync(1, 'opening\n');
const kv = await openRocksKv({ directory, clock: systemClock, log: silentLog });

async function countUp(writer: number): Promise<never> {
  const stored = await kv.get(`left/${writer}`);
  let number = stored === undefined ? 0 : numberOf(stored);
  for (;;) {
    if (number > 0 && number % LEASE_KEPT === 0) {
      await kv.revokeLease(leaseOf(writer, number));
      fs.writeSync(1, `0 ${writer} end ${number}\n`);
    }
    number += 1;
    const leaseId = leaseOf(writer, number);
    if ((await kv.getLease(leaseId)) === undefined) await kv.grantLease(LEASE_TTL_MS, { leaseId });
    // Now and then a large one, so that RocksDB begins new log files and writes tables meanwhile.
    const paddingBytes = random.float() < 0.05 ? randomInteger(random, 1, 500_000) : randomInteger(random, 1, 500);
    const { operations, options } = transactionOf(writer, number, paddingBytes);
    const result = await kv.transact(operations, options);
    if (result.kind === 'committed') fs.writeSync(1, `${result.revision} ${writer} ${number}\n`);
  }
}
await Promise.all(Array.from({ length: WRITERS }, (_, writer) => countUp(writer)));
