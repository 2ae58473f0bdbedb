/**
 * Acknowledged (so: synced) puts a second with 1, 64 and 1,000 writers in flight, the start-up of a store of 100,000
 * keys, and what that holds in memory. `--json` prints the project's common format; `KV_BENCH_KEYS` sets the size.
 */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { silentLog, systemClock } from '@plumb/base';
import { type BenchResult, printBench } from '@plumb/testing/bench';
import type { Kv } from '../src/index.ts';
import { openRocksKv } from '../src/rocks-engine.ts';

const KEYS = Number(process.env['KV_BENCH_KEYS'] ?? 100_000);
const PERIOD_MS = Number(process.env['KV_BENCH_MS'] ?? 3_000);
const VALUE = new Uint8Array(200);

async function measurePuts(kv: Kv, writers: number): Promise<BenchResult> {
  const startMs = performance.now();
  let count = 0;
  const write = async (writer: number): Promise<void> => {
    for (let i = 0; performance.now() - startMs < PERIOD_MS; i += 1) {
      await kv.transact([{ kind: 'put', key: `bench/${writer}/${i % 100}`, value: VALUE }]);
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  const ours = Math.round((count * 1_000) / (performance.now() - startMs));
  return { name: `acknowledged puts, ${writers} in flight`, unit: '1/s', better: 'higher', ours };
}

async function fill(directory: string): Promise<void> {
  await using kv = await openRocksKv({ directory, clock: systemClock, log: silentLog });
  for (let from = 0; from < KEYS; from += 1_000) {
    const puts = Array.from({ length: Math.min(1_000, KEYS - from) }, (_, i) => {
      return { kind: 'put', key: `registry/service/application-${from + i}/web`, value: VALUE } as const;
    });
    await kv.transact(puts);
  }
}

/** What is not collected yet counts too, without `--expose-gc`. */
function usedBytes(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function measureStart(directory: string): Promise<BenchResult[]> {
  await fill(directory);
  const beforeBytes = usedBytes();
  const startMs = performance.now();
  await using kv = await openRocksKv({ directory, clock: systemClock, log: silentLog });
  const openMs = Math.round(performance.now() - startMs);
  const usedMib = Math.round((usedBytes() - beforeBytes) / 2 ** 20);
  const listStartMs = performance.now();
  const { entries } = await kv.list('registry/service/application-77');
  const perEntryUs = ((performance.now() - listStartMs) * 1_000) / Math.max(1, entries.length);
  return [
    { name: `open ${KEYS} keys`, unit: 'ms', better: 'lower', ours: openMs },
    { name: `memory of ${KEYS} keys`, unit: 'MiB', better: 'lower', ours: usedMib },
    { name: 'list an entry of a prefix', unit: 'µs', better: 'lower', ours: Number(perEntryUs.toFixed(2)) },
  ];
}

const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'plumb-bench-'));
try {
  const results = await measureStart(path.join(directory, 'start'));
  await using kv = await openRocksKv({ directory: path.join(directory, 'puts'), clock: systemClock, log: silentLog });
  for (const writers of [1, 64, 1_000]) results.push(await measurePuts(kv, writers));
  printBench({ bench: 'kv', rounds: 1, results });
} finally {
  await fs.rm(directory, { recursive: true, force: true });
}
