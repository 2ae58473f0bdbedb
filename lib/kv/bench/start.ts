import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { silentLog, systemClock } from '@plumb/base';
import { type BenchResult, medianOf } from '@plumb/testing/bench';
import { openRocksKv } from '../src/rocks-engine.ts';
import type { OpenFigures } from './open-store.ts';

const VALUE = new Uint8Array(200);
const ROUNDS = 5;
const OPEN_MS_GOAL = 1_000;

export async function measureStart(directory: string, keys: number): Promise<BenchResult[]> {
  await fill(directory, keys);
  const program = path.join(import.meta.dirname, 'open-store.ts');
  const rounds = Array.from({ length: ROUNDS }, () => {
    const words = ['--expose-gc', program, directory];
    return JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' })) as OpenFigures;
  });
  const median = (name: keyof OpenFigures): number => medianOf(rounds.map((round) => round[name]));
  const what = `${keys} keys, ${keys / 10} leased`;
  return [
    { name: `open ${what}`, unit: 'ms', better: 'lower', ours: median('openMs'), goal: OPEN_MS_GOAL },
    { name: 'open, thread', unit: 'ms', better: 'lower', ours: median('threadMs') },
    { name: 'heap and values', unit: 'MiB', better: 'lower', ours: median('heapMib') },
    { name: 'resident memory', unit: 'MiB', better: 'lower', ours: median('residentMib') },
    { name: 'list an entry of a prefix', unit: 'µs', better: 'lower', ours: median('listUs') },
  ];
}

/** Keys that are put in bulk, a tenth with a lease of its own, and changes of a fifth of them, one by one. */
async function fill(directory: string, keys: number): Promise<void> {
  await using kv = await openRocksKv({ directory, clock: systemClock, log: silentLog });
  const keyOf = (index: number): string => `registry/service/application-${index}/web`;
  await inTurns(keys / 10, (index) => kv.grantLease(86_400_000, { leaseId: `lease-${index}` }));
  for (let from = 0; from < keys; from += 1_000) {
    const puts = Array.from({ length: Math.min(1_000, keys - from) }, (_, i) => {
      const lease = from + i < keys / 10 ? { leaseId: `lease-${from + i}` } : {};
      return { kind: 'put', key: keyOf(from + i), value: VALUE, ...lease } as const;
    });
    await kv.transact(puts);
  }
  await inTurns(keys / 5, (index) => kv.transact([{ kind: 'put', key: keyOf(keys - 1 - index), value: VALUE }]));
}

/** Some hundred at a time: more than the store lets wait would be refused. */
async function inTurns(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < count; from += 500) {
    await Promise.all(Array.from({ length: Math.min(500, count - from) }, (_, i) => work(from + i)));
  }
}
