import { silentLog, systemClock } from '@plumb/base';
import { type BenchResult, medianOf } from '@plumb/testing/bench';
import type { Kv } from '../src/index.ts';
import { openRocksKv } from '../src/rocks-engine.ts';

const VALUE = new Uint8Array(200);
const CHANGES = 50;
const TOLD_MS_GOAL = 50;

/** `scale` makes it smaller. */
export async function measureWatches(directory: string, scale: number): Promise<BenchResult[]> {
  const [few, many] = [Math.ceil(1_000 * scale), Math.ceil(20_000 * scale)];
  await using kv = await openRocksKv({ directory, clock: systemClock, log: silentLog });
  const together = () => 'watched/';
  const apart = (index: number): string => `watched/${index}/`;
  const alone = await measure(kv, { count: 1, prefixOf: together });
  const ofFew = await measure(kv, { count: few, prefixOf: together });
  const ofMany = await measure(kv, { count: many, prefixOf: together });
  const ofEach = await measure(kv, { count: many, prefixOf: apart });
  const told = { unit: 'ms', better: 'lower' } as const;
  return [
    { name: 'a change told to its one watcher, p50', ...told, ours: medianOf(alone.toldMs) },
    { name: `a change told to ${few} watchers, p99`, ...told, ours: p99Of(ofFew.toldMs), goal: TOLD_MS_GOAL },
    { name: `a change told to ${few} watchers, thread`, ...told, ours: ofFew.threadMs },
    { name: `a change told to ${many} watchers, p99`, ...told, ours: p99Of(ofMany.toldMs) },
    { name: `a change told to ${many} watchers, thread`, ...told, ours: ofMany.threadMs },
    { name: `a change told to one of ${many} watched prefixes, p50`, ...told, ours: medianOf(ofEach.toldMs) },
    { name: `memory of a watch, of ${many}`, unit: 'B', better: 'lower', ours: ofEach.eachBytes },
  ];
}

type Watching = { readonly count: number; readonly prefixOf: (index: number) => string };
type Figures = {
  readonly toldMs: readonly number[];
  /** Processor time of the thread, of one change and all that it is told to. */
  readonly threadMs: number;
  readonly eachBytes: number;
};

/** From the call that puts to the event of each watcher that it is for; one change after the other. */
async function measure(kv: Kv, { count, prefixOf }: Watching): Promise<Figures> {
  // One each, as callers have: a signal looks through all its listeners for each that is added.
  const stops = Array.from({ length: count }, () => new AbortController());
  const toldMs: number[] = [];
  let left = count;
  let onAll: () => void = () => undefined;
  const say = (): void => {
    left -= 1;
    if (left === 0) onAll();
  };
  let startedMs = 0;
  const watch = async (prefix: string, { signal }: AbortController): Promise<void> => {
    for await (const { kind } of kv.watch(prefix, { signal })) {
      if (kind === 'change') toldMs.push(performance.now() - startedMs);
      say();
    }
  };
  const wait = (): Promise<void> => new Promise((resolve) => (onAll = resolve));

  const bytesBefore = usedBytes();
  const opened = wait();
  const watching = stops.map((stop, index) => watch(prefixOf(index), stop));
  await opened;
  const eachBytes = (usedBytes() - bytesBefore) / count;
  const cpuBefore = process.threadCpuUsage();
  for (let change = 0; change < CHANGES; change += 1) {
    // A prefix of all is everybody's; one of each is the concern of one.
    const prefix = prefixOf(change % count);
    left = prefix === prefixOf(count - 1 - (change % count)) ? count : 1;
    const all = wait();
    startedMs = performance.now();
    await kv.transact([{ kind: 'put', key: `${prefix}value`, value: VALUE }]);
    await all;
  }
  const { user, system } = process.threadCpuUsage(cpuBefore);
  for (const stop of stops) stop.abort();
  await Promise.all(watching);
  return { toldMs, threadMs: (user + system) / 1_000 / CHANGES, eachBytes };
}

function p99Of(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? Number.NaN;
}

/** What is not collected yet counts too, without `--expose-gc`. */
function usedBytes(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
