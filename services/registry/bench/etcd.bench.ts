/**
 * The door of etcd beside Debian's etcd: the npm client `etcd3` over gRPC asks both the same, one after the other, in turns.
 * Both sync every write. `--json` prints the project's common format.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type BenchResult, medianOf, printBench } from '@plumb/testing/bench';
import { findProgram, startEtcd } from '@plumb/testing';
import { Etcd3 } from 'etcd3';
import { quantile, rateOf } from './bench-client.ts';

const KEYS = 1_000;
const VALUE = Buffer.alloc(200, 'x');
const WATCHERS = 200;

export type EtcdBenchOptions = { readonly rounds: number; readonly periodMs: number; readonly events: number };
type Server = AsyncDisposable & { readonly hosts: string; readonly auth?: { username: string; password: string } };
type Figures = Readonly<Record<string, number>>;

const MEASURES: Readonly<Record<string, Pick<BenchResult, 'unit' | 'better'>>> = {
  'puts, 64 in flight': { unit: '1/s', better: 'higher' },
  'puts, one at a time: p50': { unit: 'ms', better: 'lower' },
  'reads, 64 in flight': { unit: '1/s', better: 'higher' },
  'put to event: p50': { unit: 'ms', better: 'lower' },
  'put to event: p99': { unit: 'ms', better: 'lower' },
  [`put to the last of ${WATCHERS} watches: p50`]: { unit: 'ms', better: 'lower' },
};

export async function runBench({ rounds, ...options }: EtcdBenchOptions): Promise<BenchResult[]> {
  await using ours = await startDoor();
  await using theirs = findProgram('etcd') === undefined ? undefined : await startPeer();
  const [own, peers]: Figures[][] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    own?.push(await measure(ours, options));
    if (theirs !== undefined) peers?.push(await measure(theirs, options));
  }
  const median = (figures: readonly Figures[] = [], name: string): number =>
    medianOf(figures.map((one) => one[name] ?? Number.NaN));
  return Object.entries(MEASURES).map(([name, measure]) => ({
    name,
    ...measure,
    ours: median(own, name),
    ...(theirs === undefined ? {} : { peers: { etcd: median(peers, name) } }),
  }));
}

async function measure(server: Server, { periodMs, events }: Omit<EtcdBenchOptions, 'rounds'>): Promise<Figures> {
  const { hosts, auth } = server;
  const client = new Etcd3({ hosts, ...(auth === undefined ? {} : { auth }) });
  try {
    const put = async (i: number): Promise<void> => {
      await client.put(`bench/${i % KEYS}`).value(VALUE);
    };
    const puts = await rateOf(put, { atATime: 64, periodMs });
    const reads = await rateOf((i) => client.get(`bench/${i % KEYS}`).buffer(), { atATime: 64, periodMs });
    const single: number[] = [];
    for (let i = 0; i < events; i += 1) single.push(await timeOf(() => put(i)));
    const one = await measureWatch(client, 1, events);
    const many = await measureWatch(client, WATCHERS, Math.ceil(events / 5));
    const [putsName, singleName, readsName, p50Name, p99Name, manyName] = Object.keys(MEASURES);
    return Object.fromEntries([
      [putsName, puts],
      [singleName, quantile(single, 0.5)],
      [readsName, reads],
      [p50Name, quantile(one, 0.5)],
      [p99Name, quantile(one, 0.99)],
      [manyName, quantile(many, 0.5)],
    ]);
  } finally {
    client.close();
  }
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

/** From before a put until every one of so many watches of the key was told, so many times. */
async function measureWatch(client: Etcd3, watchers: number, events: number): Promise<number[]> {
  let told = (): void => undefined;
  const watches = await Promise.all(Array.from({ length: watchers }, () => client.watch().key('watched').create()));
  for (const watch of watches) watch.on('put', () => told());
  const times: number[] = [];
  for (let i = 0; i < events; i += 1) {
    const { promise, resolve } = Promise.withResolvers<void>();
    let count = 0;
    told = () => {
      count += 1;
      if (count === watchers) resolve();
    };
    times.push(
      await timeOf(async () => {
        await client.put('watched').value(VALUE);
        await promise;
      }),
    );
  }
  await Promise.all(watches.map((watch) => watch.cancel()));
  return times;
}

async function startDoor(): Promise<Server> {
  const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'plumb-bench-'));
  const child: ChildProcess = fork(new URL('etcd-door-server.ts', import.meta.url), [directory]);
  const exited = once(child, 'exit');
  const [port] = (await once(child, 'message')) as [number];
  return {
    hosts: `http://127.0.0.1:${port}`,
    auth: { username: 'bench', password: 'token' },
    async [Symbol.asyncDispose]() {
      child.disconnect();
      await exited;
      await fs.rm(directory, { recursive: true, force: true });
    },
  };
}

async function startPeer(): Promise<Server> {
  const server = await startEtcd({ isDurable: true });
  return { hosts: server.endpoint, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

if (import.meta.main) {
  const rounds = 5;
  const results = await runBench({ rounds, periodMs: 3_000, events: 300 });
  const notes = {
    client: `npm etcd3 over gRPC, one process with one connection, which shares the cores with the server; values of ${VALUE.byteLength} bytes`,
    etcd: 'Debian package etcd-server, one member, every write synced',
  };
  printBench({ bench: 'etcd', rounds, results, notes });
}
