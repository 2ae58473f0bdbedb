/** Programs as the control plane of the benchmark knows them: connections with keys, and what is measured on them. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { silentLog, systemClock as clock, systemRandom as random } from '@plumb/base';
import { readPlumbDoor } from '@plumb/config/plumb-door';
import { type Connection, createClient, openConnection } from '@plumb/rpc';
import { openZeromqChannel } from '@plumb/rpc/node';
import { type RegistryClient, registryContract } from '../src/index.ts';

export type Environment = Readonly<Record<string, string>>;
export type Plane = AsyncDisposable & {
  readonly environments: readonly Environment[];
  readonly rssBytes: () => Promise<number>;
  /** Of its process, so far. */
  readonly cpuUs: () => Promise<number>;
};

export async function startPlane(directory: string, clientCount: number): Promise<Plane> {
  const words = [directory, String(clientCount)];
  const child: ChildProcess = fork(new URL('registry-server.ts', import.meta.url), words);
  const exited = once(child, 'exit');
  const [{ environments }] = (await once(child, 'message')) as [{ environments: Environment[] }];
  const look = async (): Promise<{ rssBytes: number; cpuUs: number }> => {
    const answer = once(child, 'message');
    child.send('look');
    const [figures] = (await answer) as [{ rssBytes: number; cpuUs: number }];
    return figures;
  };
  return {
    environments,
    rssBytes: async () => (await look()).rssBytes,
    cpuUs: async () => (await look()).cpuUs,
    async [Symbol.asyncDispose]() {
      child.disconnect();
      await exited;
    },
  };
}

export type BenchClient = Disposable & { readonly connection: Connection; readonly registry: RegistryClient };

export function openClient(environment: Environment | undefined): BenchClient {
  const door = readPlumbDoor(environment ?? {});
  if (door === undefined) throw new TypeError('a client has an environment');
  const open = (signal: AbortSignal): ReturnType<typeof openZeromqChannel> =>
    openZeromqChannel({ ...door, clock, signal });
  const connection = openConnection({ open, clock, random, log: silentLog });
  const registry = createClient(registryContract, 'registry', connection);
  return { connection, registry, [Symbol.dispose]: connection.close };
}

/** What so many do at a time, for so long: how many were done a second. */
export async function rateOf(
  work: (index: number) => Promise<unknown>,
  options: { readonly atATime: number; readonly periodMs: number },
): Promise<number> {
  const startedMs = performance.now();
  let count = 0;
  const run = async (): Promise<void> => {
    while (performance.now() - startedMs < options.periodMs) {
      count += 1;
      await work(count);
    }
  };
  await Promise.all(Array.from({ length: options.atATime }, run));
  return (count * 1_000) / (performance.now() - startedMs);
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
