/**
 * Acknowledged (so: synced) puts a second with 1, 64 and 1,000 writers in flight, beside etcd's on the same disk; the
 * start-up of a store of 100,000 keys, a tenth of them with leases, and what it takes in memory; and one change told to
 * 1,000 and 20,000 watchers. `--json` prints the project's common format; `KV_BENCH_KEYS` and `KV_BENCH_MS` set the size.
 */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type BenchResult, printBench } from '@plumb/testing/bench';
import { measurePuts } from './puts.ts';
import { measureStart } from './start.ts';
import { measureWatches } from './watches.ts';

const KEYS = Number(process.env['KV_BENCH_KEYS'] ?? 100_000);
const PERIOD_MS = Number(process.env['KV_BENCH_MS'] ?? 3_000);

const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'plumb-bench-'));
try {
  const notes: Record<string, string> = {
    open: 'in a process of its own',
    thread: 'the processor time of the thread alone: what a busy machine changes least',
    memory: 'after a garbage collection; resident memory has what the runtime holds on to',
  };
  const results: BenchResult[] = [];
  results.push(...(await measureStart(path.join(directory, 'start'), KEYS)));
  results.push(...(await measurePuts(path.join(directory, 'puts'), PERIOD_MS, notes)));
  results.push(...(await measureWatches(path.join(directory, 'watches'), KEYS / 100_000)));
  printBench({ bench: 'kv', rounds: 1, results, notes });
} finally {
  await fs.rm(directory, { recursive: true, force: true });
}
