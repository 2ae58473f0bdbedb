import { silentLog, systemClock } from '@plumb/base';
import { findProgram, startEtcd } from '@plumb/testing';
import type { BenchResult } from '@plumb/testing/bench';
import { Etcd3 } from 'etcd3';
import { openRocksKv } from '../src/rocks-engine.ts';

const WRITERS = [1, 64, 1_000] as const;
const VALUE = Buffer.alloc(200, 'x');
const RATE_GOAL = 20_000;
const RATIO_GOAL = 10;

type Put = (key: string) => Promise<unknown>;

/** Writes to `notes` how the figures are to be read. */
export async function measurePuts(
  directory: string,
  periodMs: number,
  notes: Record<string, string>,
): Promise<BenchResult[]> {
  const ours = await measureOurs(directory, periodMs);
  const etcd = findProgram('etcd') === undefined ? [] : await measureEtcd(periodMs);
  notes['etcd'] =
    etcd.length === 0
      ? 'left out: it is not installed; run "apt-get install etcd-server"'
      : 'apt, one member, with fsync, asked over gRPC on loopback by the client that Node programs use; ours is in the process';
  const results = WRITERS.map((writers, index): BenchResult => {
    const peer = etcd[index];
    return {
      name: `acknowledged puts, ${writers} in flight`,
      unit: '1/s',
      better: 'higher',
      ours: ours[index] ?? 0,
      ...(peer === undefined ? {} : { peers: { etcd: peer } }),
      ...(writers === 1_000 ? { goal: RATE_GOAL } : {}),
    };
  });
  const [most = 0, peer] = [ours.at(-1), etcd.at(-1)];
  if (peer === undefined) return results;
  const ratio = {
    name: "the same, beside etcd's",
    unit: 'times',
    better: 'higher',
    ours: most / peer,
    goal: RATIO_GOAL,
  } as const;
  return [...results, ratio];
}

async function measureOurs(directory: string, periodMs: number): Promise<number[]> {
  await using kv = await openRocksKv({ directory, clock: systemClock, log: silentLog });
  return await measureAll((key) => kv.transact([{ kind: 'put', key, value: VALUE }]), periodMs);
}

async function measureEtcd(periodMs: number): Promise<number[]> {
  await using server = await startEtcd({ isDurable: true });
  const client = new Etcd3({ hosts: server.endpoint });
  try {
    return await measureAll((key) => client.put(key).value(VALUE).exec(), periodMs);
  } finally {
    client.close();
  }
}

async function measureAll(put: Put, periodMs: number): Promise<number[]> {
  const rates: number[] = [];
  for (const writers of WRITERS) rates.push(await rateOf(put, writers, periodMs));
  return rates;
}

/** Acknowledged puts a second. */
async function rateOf(put: Put, writers: number, periodMs: number): Promise<number> {
  const startedMs = performance.now();
  let count = 0;
  const write = async (writer: number): Promise<void> => {
    for (let i = 0; performance.now() - startedMs < periodMs; i += 1) {
      await put(`bench/${writer}/${i % 100}`);
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  return (count * 1_000) / (performance.now() - startedMs);
}
