/** Opens a store in a process that has done nothing else: `node --expose-gc open-store.ts DIRECTORY` prints `OpenFigures`. */
import { silentLog, systemClock } from '@plumb/base';
import { openRocksKv } from '../src/rocks-engine.ts';

export type OpenFigures = {
  readonly openMs: number;
  /** Processor time of the thread that opens. */
  readonly threadMs: number;
  readonly heapMib: number;
  readonly residentMib: number;
  readonly listUs: number;
};

const MIB = 2 ** 20;

const usedMib = (): { readonly heap: number; readonly resident: number } => {
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: (heapUsed + external) / MIB, resident: rss / MIB };
};

const [directory = ''] = process.argv.slice(2);
const before = usedMib();
const startedMs = performance.now();
const cpuBefore = process.threadCpuUsage();
await using kv = await openRocksKv({ directory, clock: systemClock, log: silentLog });
const openMs = performance.now() - startedMs;
const { user, system } = process.threadCpuUsage(cpuBefore);
// Memory that the engine lent to the load is let go in a later turn than that of the collection.
globalThis.gc?.();
await new Promise((resolve) => setImmediate(resolve));
const after = usedMib();

const listStartedMs = performance.now();
const { entries } = await kv.list('registry/service/application-7');
const figures: OpenFigures = {
  openMs,
  threadMs: (user + system) / 1_000,
  heapMib: after.heap - before.heap,
  residentMib: after.resident - before.resident,
  listUs: ((performance.now() - listStartedMs) * 1_000) / Math.max(1, entries.length),
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
