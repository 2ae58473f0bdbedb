/**
 * What a call costs over TCP on one machine, between two processes: calls one after another and 64 at a time, items of
 * a stream, calls beside a stream, and the processor time of both sides. Beside it, in turns of the same run, the same
 * work over the plain `zeromq` package (router and dealer, JSON) and over `node:http` with kept connections (JSON). Ours
 * alone checks every value against its contract. Medians.
 *
 * `npm run bench -- rpc [--json]`; `RPC_BENCH_MS` is how long each figure is measured, `RPC_BENCH_ROUNDS` how often.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { type BenchResult, medianOf, printBench } from '@plumb/testing/bench';
import { type BenchClient, IN_FLIGHT, openHttpClient, openPlumbClient, openZeromqClient } from './bench-clients.ts';
import { createBenchValue } from './bench-contract.ts';
import type { BenchAddresses } from './bench-server.ts';

const PERIOD_MS = Number(process.env['RPC_BENCH_MS'] ?? 1_000);
const ROUNDS = Number(process.env['RPC_BENCH_ROUNDS'] ?? 5);
/** Items of one stream; as many streams are read as fit into the time. */
const STREAM_ITEMS = 1_000;

const FIGURES = {
  sequential: { name: 'calls, one after another', unit: '1/s', better: 'higher' },
  latency: { name: 'p50 of a call', unit: 'µs', better: 'lower' },
  parallel: { name: `calls, ${IN_FLIGHT} at a time`, unit: '1/s', better: 'higher' },
  callCpu: { name: `processor time of a call, ${IN_FLIGHT} at a time, both sides`, unit: 'µs', better: 'lower' },
  stream: { name: 'items of a stream', unit: '1/s', better: 'higher' },
  itemCpu: { name: 'processor time of an item, both sides', unit: 'µs', better: 'lower' },
  besideStream: { name: 'p50 of a call beside a stream', unit: 'µs', better: 'lower' },
} as const;
type Figures = Record<keyof typeof FIGURES, number>;

const server = fork(path.join(import.meta.dirname, 'bench-server.ts'));
const [addresses] = (await once(server, 'message')) as [BenchAddresses];
const rounds: Record<string, Figures[]> = { plumb: [], zeromq: [], http: [] };
const open = { plumb: openPlumbClient, zeromq: openZeromqClient, http: openHttpClient };
try {
  // The first round warms everything up, and does not count.
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [name, openClient] of Object.entries(open)) {
      using client = await openClient(addresses);
      const figures = await measure(client);
      if (round > 0) rounds[name]?.push(figures);
    }
  }
} finally {
  server.disconnect();
}
printBench({ bench: 'rpc', rounds: ROUNDS, results: resultsOf(rounds) });

async function measure(client: BenchClient): Promise<Figures> {
  const value = createBenchValue();
  const callInTurn = async (isOver: () => boolean, latencies: number[]): Promise<number> => {
    while (!isOver()) {
      const startedAt = performance.now();
      await client.call(value);
      latencies.push(performance.now() - startedAt);
    }
    return latencies.length;
  };
  const readStreams = async (isOver: () => boolean): Promise<number> => {
    let count = 0;
    while (!isOver()) for await (const item of client.items(STREAM_ITEMS)) count += item.isReady ? 1 : 0;
    return count;
  };
  const latencies: number[] = [];
  const sequential = await measured((isOver) => callInTurn(isOver, latencies));
  const parallel = await measured(async (isOver) => {
    const counts = Array.from({ length: IN_FLIGHT }, async () => {
      let count = 0;
      for (; !isOver(); count += 1) await client.call(value);
      return count;
    });
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  });
  const stream = await measured(readStreams);
  const besideStream: number[] = [];
  await measured(async (isOver) => {
    const [count] = await Promise.all([readStreams(isOver), callInTurn(isOver, besideStream)]);
    return count;
  });
  return {
    sequential: sequential.perSecond,
    latency: medianOf(latencies) * 1_000,
    parallel: parallel.perSecond,
    callCpu: parallel.cpuUs,
    stream: stream.perSecond,
    itemCpu: stream.cpuUs,
    besideStream: medianOf(besideStream) * 1_000,
  };
}

/** `work` returns how much it did; processor time is that of both processes for one of it. */
async function measured(
  work: (isOver: () => boolean) => Promise<number>,
): Promise<{ readonly perSecond: number; readonly cpuUs: number }> {
  const cpuBeforeMs = await cpuMs(server);
  const startedAt = performance.now();
  const count = await work(() => performance.now() - startedAt >= PERIOD_MS);
  const tookMs = performance.now() - startedAt;
  return { perSecond: (count * 1_000) / tookMs, cpuUs: (((await cpuMs(server)) - cpuBeforeMs) * 1_000) / count };
}

async function cpuMs(child: ChildProcess): Promise<number> {
  child.send('cpu');
  const [{ cpuMs: serverMs }] = (await once(child, 'message')) as [{ readonly cpuMs: number }];
  const { user, system } = process.cpuUsage();
  return serverMs + (user + system) / 1_000;
}

function resultsOf({ plumb = [], ...peers }: Readonly<Record<string, Figures[]>>): BenchResult[] {
  return Object.entries(FIGURES).map(([key, figure]) => {
    const median = (figures: readonly Figures[]): number => medianOf(figures.map((one) => one[key as keyof Figures]));
    const others = Object.entries(peers).map(([peer, figures]) => [peer, median(figures)] as const);
    return { ...figure, ours: median(plumb), peers: Object.fromEntries(others) };
  });
}
