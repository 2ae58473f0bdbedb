/** The two processes of one peer, a server and its caller, as the benchmark drives them. */
import type { Order, Report } from './bench-child.ts';
import { BenchProcess } from './bench-process.ts';
import type { LoadName, LoadOptions } from './loads.ts';

export type Sample = {
  readonly perSecond: number;
  /** Processor time of one, of both processes and of helpers. */
  readonly cpuUs: number;
  readonly latencyUs: { readonly p50: number; readonly p99: number };
};

export type BenchPair = Disposable & {
  readonly peer: string;
  readonly settings: string;
  readonly loads: readonly LoadName[];
  /** Of what it answers. */
  readonly hash: string;
  readonly run: (load: LoadName, options: LoadOptions) => Promise<Sample>;
};

/** Resolves with the reason where the machine lacks what the peer needs. Rejects when one of its processes fails. */
export async function openPair(peer: string): Promise<BenchPair | string> {
  using opened = new DisposableStack();
  const open = (): BenchProcess<Order, Report> =>
    opened.adopt(new BenchProcess<Order, Report>('bench-child.ts', peer), (child) => child.close());
  const server = open();
  const served = await server.ask({ kind: 'serve', peer }, 'served', 'absent');
  if (served.kind === 'absent') return served.reason;
  const caller = open();
  const { settings, loads, hash } = await caller.ask({ ...served, kind: 'open', peer }, 'opened');
  const run = async (load: LoadName, options: LoadOptions): Promise<Sample> => {
    const before = (await server.ask({ kind: 'cpu' }, 'cpu')).us;
    const { count, tookMs, cpuUs, latencyUs } = await caller.ask({ kind: 'load', load, options }, 'measured');
    const serverUs = (await server.ask({ kind: 'cpu' }, 'cpu')).us - before;
    return { perSecond: (count * 1_000) / tookMs, cpuUs: (cpuUs + serverUs) / count, latencyUs };
  };
  const processes = opened.move();
  return { peer, settings, loads, hash, run, [Symbol.dispose]: () => processes.dispose() };
}
