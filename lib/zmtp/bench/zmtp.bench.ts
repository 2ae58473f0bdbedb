/**
 * What a call and a delivery cost, beside the npm package `zeromq` (libzmq): the same load in the same run, in turns, two
 * processes on loopback. A call is a DEALER's message of 200 bytes to a ROUTER that sends it back. CPU time is that of
 * both processes together, all threads. `--json` prints the project's common format.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import { generateKeyPair } from '../src/curve.ts';
import type { Order, Report } from './bench-child.ts';
import { type Keys, type Maker, openCaller, openPublisher } from './bench-sockets.ts';

export type BenchOptions = {
  readonly rounds: number;
  readonly calls: number;
  readonly sequentialCalls: number;
  readonly subscribers: number;
  readonly published: number;
};
export type BenchResult = {
  readonly name: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly ours: number;
  readonly peers: Readonly<Record<string, number>>;
};

const MAKERS = ['ours', 'ours, for await', 'zeromq'] as const satisfies Maker[];
const BODY = Buffer.alloc(200, 2);
const WINDOW = 64;
/** Between looks whether all subscribers are there. */
const HELLO_PERIOD_MS = 20;
/** Publications of one turn of the event loop: a publisher that never lets go sends nothing. */
const PUBLISH_BURST = 100;

/** What one maker did in one round, by name of the figure. */
type Figures = Readonly<Record<string, number>>;

export async function runBench(options: BenchOptions): Promise<BenchResult[]> {
  const [server, client] = [generateKeyPair(), generateKeyPair()];
  const keys = {
    serverPublic: server.publicKey,
    serverSecret: server.secretKey,
    clientPublic: client.publicKey,
    clientSecret: client.secretKey,
  };
  const rounds = new Map<Maker, Figures[]>(MAKERS.map((maker) => [maker, []]));
  for (let round = 0; round < options.rounds; round += 1) {
    // The order turns, so that none always has the warmer or the busier machine.
    for (let i = 0; i < MAKERS.length; i += 1) {
      const maker = MAKERS[(i + round) % MAKERS.length] as Maker;
      const plain = await measureCalls(maker, 'NULL', undefined, options);
      const curve = await measureCalls(maker, 'CURVE', keys, options);
      const published = maker === 'ours, for await' ? {} : await measurePublishing(maker, options);
      rounds.get(maker)?.push({ ...plain, ...curve, ...published });
    }
  }
  return summarize(rounds);
}

async function measureCalls(
  maker: Maker,
  mode: string,
  keys: Keys | undefined,
  options: BenchOptions,
): Promise<Figures> {
  const child = startChild();
  const { address } = (await ask(child, { kind: 'echo', maker, keys }, 'address')) as Report & { kind: 'address' };
  const caller = openCaller(maker, address, keys);
  try {
    await caller.call(BODY, Math.ceil(options.calls / 5), WINDOW);
    const cpuBefore = await cpuUs(child);
    const startMs = performance.now();
    await caller.call(BODY, options.calls, WINDOW);
    const lengthMs = performance.now() - startMs;
    const cpu = (await cpuUs(child)) - cpuBefore;
    const latenciesUs: number[] = [];
    for (let i = 0; i < options.sequentialCalls; i += 1) {
      const callStartMs = performance.now();
      await caller.call(BODY, 1, 1);
      latenciesUs.push((performance.now() - callStartMs) * 1_000);
    }
    return {
      [`${mode}, ${WINDOW} in flight|calls/s|higher`]: options.calls / (lengthMs / 1_000),
      [`${mode}, ${WINDOW} in flight: CPU of a call|us|lower`]: cpu / options.calls,
      [`${mode}, one at a time: p50|us|lower`]: median(latenciesUs),
    };
  } finally {
    await caller.close();
    await stop(child);
  }
}

async function measurePublishing(maker: Maker, { subscribers, published }: BenchOptions): Promise<Figures> {
  const child = startChild();
  const publisher = await openPublisher(maker);
  try {
    let areThere = false;
    const heard = ask(child, { kind: 'subscribe', maker, address: publisher.address, subscribers }, 'heard');
    void heard.then(() => (areThere = true));
    while (!areThere) {
      await publisher.publish(Buffer.of(1));
      await new Promise((resolve) => setTimeout(resolve, HELLO_PERIOD_MS));
    }
    const cpuBefore = await cpuUs(child);
    const startMs = performance.now();
    const done = reportOf(child, 'done');
    for (let i = 0; i < published; i += 1) {
      await publisher.publish(BODY);
      if (i % PUBLISH_BURST === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await publisher.publish(Buffer.of(3));
    await done;
    const lengthMs = performance.now() - startMs;
    const cpu = (await cpuUs(child)) - cpuBefore;
    const name = `publish to ${subscribers}`;
    return {
      [`${name}|deliveries/s|higher`]: (published * subscribers) / (lengthMs / 1_000),
      [`${name}: CPU of a delivery|us|lower`]: cpu / (published * subscribers),
    };
  } finally {
    await publisher.close();
    await stop(child);
  }
}

function startChild(): ChildProcess {
  return fork(new URL('bench-child.ts', import.meta.url), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

async function stop(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

async function ask(child: ChildProcess, order: Order, kind: Report['kind']): Promise<Report> {
  const report = reportOf(child, kind);
  child.send(order);
  return report;
}

function reportOf(child: ChildProcess, kind: Report['kind']): Promise<Report> {
  return new Promise((resolve, reject) => {
    const onReport = (report: Report): void => {
      if (report.kind !== kind) return;
      child.off('message', onReport);
      resolve(report);
    };
    child.on('message', onReport);
    child.once('exit', (code) => reject(new Error(`the second process ended with ${code}`)));
  });
}

async function cpuUs(child: ChildProcess): Promise<number> {
  const theirs = (await ask(child, { kind: 'cpu' }, 'cpu')) as Report & { kind: 'cpu' };
  const { user, system } = process.cpuUsage();
  return theirs.us + user + system;
}

function summarize(rounds: ReadonlyMap<Maker, readonly Figures[]>): BenchResult[] {
  const names = Object.keys(rounds.get('ours')?.[0] ?? {});
  return names.map((key) => {
    const [name = '', unit = '', better = ''] = key.split('|');
    const of = (maker: Maker): number => round(median((rounds.get(maker) ?? []).map((figures) => figures[key] ?? NaN)));
    const peers = Object.fromEntries(
      MAKERS.slice(1).flatMap((maker) => (Number.isNaN(of(maker)) ? [] : [[maker, of(maker)]])),
    );
    return { name, unit, better: better === 'higher' ? 'higher' : 'lower', ours: of('ours'), peers };
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}

if (import.meta.main) {
  const options = { rounds: 5, calls: 50_000, sequentialCalls: 4_000, subscribers: 100, published: 5_000 };
  const results = await runBench(options);
  const machine = `${os.cpus()[0]?.model ?? 'unknown'} x${os.cpus().length}`;
  const lines = results.map(({ name, unit, ours, peers }) => {
    const others = Object.entries(peers).map(([peer, figure]) => `${peer} ${figure}`);
    return `${name.padEnd(36)} ${String(ours).padStart(9)} ${unit.padEnd(13)} ${others.join('  ')}`;
  });
  const text = process.argv.includes('--json')
    ? JSON.stringify({
        bench: 'zmtp',
        machine,
        rounds: options.rounds,
        results: results.map((result) => ({ ...result, goal: null, met: null })),
      })
    : [`zmtp: ${JSON.stringify(options)}, ${machine}, load ${os.loadavg()[0]?.toFixed(1)}`, ...lines].join('\n');
  process.stdout.write(`${text}\n`);
}
