/** What it takes to tell many subscribers over TCP of each change: a publisher and its subscribers in other processes. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { type BenchResult, medianOf } from '@plumb/testing/bench';
import type { PublishOrder, PublishReport } from './publish-process.ts';

export type PublishLoadOptions = {
  readonly subscriberCount: number;
  /** Processes that the subscribers are spread over. */
  readonly processCount: number;
  readonly periodMs: number;
  /** Changes that are published in one turn of the publisher's event loop. */
  readonly turnChanges: number;
};

export type PublishMeasured = {
  /** Calls of a subscriber with one topic and its value, of all subscribers. */
  readonly deliveryCount: number;
  /** From the first change until the last subscriber has the last one. */
  readonly tookMs: number;
  readonly publisherCpuUs: number;
  readonly subscribersCpuUs: number;
};

export type PublishBench = Disposable & {
  /** Puts the load on once. Rejects where a subscriber was told of a change twice, or not of each in order. */
  readonly run: () => Promise<PublishMeasured>;
};

/** Starts all processes and connects every subscriber. */
export async function openPublishBench(options: PublishLoadOptions): Promise<PublishBench> {
  const children: ChildProcess[] = [];
  const start = (): ChildProcess => {
    const child = fork(path.join(import.meta.dirname, 'publish-process.ts'));
    children.push(child);
    return child;
  };
  const end = (): void => children.forEach((child) => child.kill('SIGKILL'));
  try {
    const publisher = start();
    const { address } = await order(publisher, { kind: 'serve' }, 'served');
    const readers = Array.from({ length: options.processCount }, start);
    const count = Math.ceil(options.subscriberCount / options.processCount);
    await Promise.all(readers.map((reader) => order(reader, { kind: 'subscribe', address, count }, 'subscribed')));
    return { run: () => run({ publisher, readers }, options), [Symbol.dispose]: end };
  } catch (error) {
    end();
    throw error;
  }
}

/** The goal of deliveries to 100 subscribers, on 2 cores. */
const DELIVERIES_GOAL = 1_000_000;

/** Medians of the rounds, as figures of a report. */
export function publishResults(rounds: readonly PublishMeasured[], subscriberCount: number): BenchResult[] {
  const median = (of: (one: PublishMeasured) => number): number => medianOf(rounds.map(of));
  const cpu = (side: string, of: (one: PublishMeasured) => number): BenchResult => ({
    name: `processor time of a delivery, ${side}`,
    unit: 'µs',
    better: 'lower',
    ours: median((one) => of(one) / one.deliveryCount),
  });
  return [
    {
      name: `deliveries to ${subscriberCount} subscribers`,
      unit: '1/s',
      better: 'higher',
      ours: median(({ deliveryCount, tookMs }) => (deliveryCount * 1_000) / tookMs),
      goal: DELIVERIES_GOAL,
    },
    cpu('publisher', ({ publisherCpuUs }) => publisherCpuUs),
    cpu('subscribers', ({ subscribersCpuUs }) => subscribersCpuUs),
  ];
}

type Processes = { readonly publisher: ChildProcess; readonly readers: readonly ChildProcess[] };

async function run(
  { publisher, readers }: Processes,
  { periodMs, turnChanges }: PublishLoadOptions,
): Promise<PublishMeasured> {
  const before = { seq: 0, ...(await state({ publisher, readers })) };
  const startMs = performance.now();
  const { seq } = await order(publisher, { kind: 'publish', periodMs, turnChanges }, 'published');
  const delivered = await Promise.all(readers.map((reader) => order(reader, { kind: 'await', seq }, 'delivered')));
  const tookMs = performance.now() - startMs;
  const after = await state({ publisher, readers });
  return {
    deliveryCount: sum(delivered.map(({ count }) => count)) - before.deliveryCount,
    tookMs,
    publisherCpuUs: after.publisherCpuUs - before.publisherCpuUs,
    subscribersCpuUs: after.subscribersCpuUs - before.subscribersCpuUs,
  };
}

async function state({ publisher, readers }: Processes): Promise<Omit<PublishMeasured, 'tookMs'>> {
  const cpuUs = async (child: ChildProcess): Promise<number> => (await order(child, { kind: 'cpu' }, 'cpu')).us;
  const delivered = await Promise.all(readers.map((reader) => order(reader, { kind: 'await', seq: 0 }, 'delivered')));
  return {
    deliveryCount: sum(delivered.map(({ count }) => count)),
    publisherCpuUs: await cpuUs(publisher),
    subscribersCpuUs: sum(await Promise.all(readers.map(cpuUs))),
  };
}

type ReportOf<K extends PublishReport['kind']> = Extract<PublishReport, { readonly kind: K }>;

async function order<K extends PublishReport['kind']>(
  child: ChildProcess,
  message: PublishOrder,
  kind: K,
): Promise<ReportOf<K>> {
  const gone = new AbortController();
  const onExit = (): void => gone.abort(new Error(`a process of the benchmark ended at "${message.kind}"`));
  child.once('exit', onExit);
  try {
    child.send(message);
    const [report] = (await once(child, 'message', { signal: gone.signal })) as [PublishReport];
    if (report.kind !== kind) throw new Error(`"${message.kind}" was answered with ${JSON.stringify(report)}`);
    return report as ReportOf<K>;
  } catch (error) {
    throw gone.signal.aborted ? gone.signal.reason : error;
  } finally {
    child.off('exit', onExit);
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
