import type { BenchResult } from '@plumb/testing/bench';
import { type BenchClient, openClient, type Plane, quantile } from './bench-client.ts';

const CONNECTIONS = 100;
const CHANGES = 20;
/** Under way at a time while they are opened: a connection takes 16,384 calls. */
const OPENING_MAX = 2_000;

/** One change after another, each told to `count` watchers of the dictionary. */
export async function measureWatchers(plane: Plane, count: number): Promise<BenchResult[]> {
  const clients = plane.environments
    .slice(1, 1 + Math.min(CONNECTIONS, count))
    .map((environment) => openClient(environment));
  using writer = openClient(plane.environments[0]);
  const stop = new AbortController();
  const rssBefore = await plane.rssBytes();
  const told: number[] = [];
  let onTold = (): void => undefined;
  const watch = async ({ registry }: BenchClient, onOpen: () => void): Promise<void> => {
    try {
      for await (const { kind } of registry.watch({ application: 'shop' }, { signal: stop.signal })) {
        if (kind === 'snapshot') onOpen();
        else onTold();
      }
    } catch (error) {
      if (!stop.signal.aborted) throw error;
    }
  };
  const watching: Promise<void>[] = [];
  for (let from = 0; from < count; from += OPENING_MAX) {
    const opened = Array.from({ length: Math.min(OPENING_MAX, count - from) }, (_, i) => {
      const open = Promise.withResolvers<void>();
      const client = clients[(from + i) % clients.length];
      if (client === undefined) throw new TypeError('there is a client');
      watching.push(watch(client, open.resolve));
      return open.promise;
    });
    await Promise.all(opened);
  }
  const eachBytes = ((await plane.rssBytes()) - rssBefore) / count;
  for (let change = 0; change < CHANGES; change += 1) {
    const all = Promise.withResolvers<void>();
    const startedMs = performance.now();
    let left = count;
    onTold = () => {
      told.push(performance.now() - startedMs);
      left -= 1;
      if (left === 0) all.resolve();
    };
    await writer.registry.register({
      service: 'shop-web',
      address: '127.0.0.1',
      port: 1_000 + change,
      instanceId: 'changing',
      ttlMs: 300_000,
    });
    await all.promise;
  }
  stop.abort();
  await Promise.all(watching);
  for (const client of clients) client[Symbol.dispose]();
  const name = `change to ${count} watchers`;
  return [
    { name: `${name}, p50`, unit: 'ms', better: 'lower', ours: quantile(told, 0.5) },
    {
      name: `${name}, p99`,
      unit: 'ms',
      better: 'lower',
      ours: quantile(told, 0.99),
      ...(count <= 1_000 && { goal: 50 }),
    },
    { name: `${name}, memory of each`, unit: 'KiB', better: 'lower', ours: eachBytes / 1_024 },
  ];
}
