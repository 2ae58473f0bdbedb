/** The two processes of one peer, a server and its caller, as the benchmark drives them. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Order, Report } from './bench-child.ts';
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
  const children: BenchChild[] = [];
  const close = (): void => children.forEach((child) => child.close());
  const open = (): BenchChild => {
    const child = new BenchChild(peer);
    children.push(child);
    return child;
  };
  try {
    const server = open();
    const served = await server.ask({ kind: 'serve', peer });
    if (served.kind === 'absent') {
      close();
      return served.reason;
    }
    const caller = open();
    const { address, sealedAddress } = expectKind(served, 'served');
    const opened = await caller.ask({ kind: 'open', peer, address, sealedAddress });
    const { settings, loads, hash } = expectKind(opened, 'opened');
    const run = async (load: LoadName, options: LoadOptions): Promise<Sample> => {
      const before = expectKind(await server.ask({ kind: 'cpu' }), 'cpu').us;
      const measured = expectKind(await caller.ask({ kind: 'load', load, options }), 'measured');
      const serverUs = expectKind(await server.ask({ kind: 'cpu' }), 'cpu').us - before;
      const { count, tookMs, cpuUs, latencyUs } = measured;
      return { perSecond: (count * 1_000) / tookMs, cpuUs: (cpuUs + serverUs) / count, latencyUs };
    };
    return { peer, settings, loads, hash, run, [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }
}

class BenchChild {
  readonly #peer: string;
  readonly #process: ChildProcess;

  constructor(peer: string) {
    this.#peer = peer;
    this.#process = fork(path.join(import.meta.dirname, 'bench-child.ts'));
  }

  /** One order at a time. */
  async ask(order: Order): Promise<Report> {
    const ended = new AbortController();
    const onExit = (code: number | null): void => ended.abort(new Error(`${this.#peer}: ended with ${code}`));
    this.#process.once('exit', onExit);
    try {
      this.#process.send(order);
      const [report] = (await once(this.#process, 'message', { signal: ended.signal })) as [Report];
      if (report.kind === 'failed') throw new Error(`${this.#peer}: ${report.reason}`);
      return report;
    } finally {
      this.#process.off('exit', onExit);
    }
  }

  /** It ends when its parent has gone. */
  close(): void {
    if (this.#process.connected) this.#process.disconnect();
  }
}

function expectKind<K extends Report['kind']>(report: Report, kind: K): Extract<Report, { kind: K }> {
  if (report.kind !== kind) throw new Error(`a report of kind ${report.kind} came in place of ${kind}`);
  return report as Extract<Report, { kind: K }>;
}
