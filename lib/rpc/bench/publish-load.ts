/** What it takes to tell many subscribers over TCP of each change: a publisher and its subscribers in other processes. */
import { type BenchResult, medianOf } from '@plumb/testing/bench';
import { BenchProcess } from './bench-process.ts';
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
  /** That of a server between both sides included. */
  readonly publisherCpuUs: number;
  readonly subscribersCpuUs: number;
};

export type PublishBench = Disposable & {
  readonly peer: string;
  readonly settings: string;
  /** Puts the load on once. Rejects where a subscriber was told of a change twice, or not of each in order. */
  readonly run: () => Promise<PublishMeasured>;
};

/** What each peer did in one round. */
export type PublishRound = Readonly<Record<string, PublishMeasured>>;

type Process = BenchProcess<PublishOrder, PublishReport>;

/**
 * Changes, by the length of the load, that a publisher which does not hold back gets ahead of its subscribers: it goes on
 * when all have all of them. Enough that the wait for the last one is seldom, few enough that no queue reaches its bound.
 */
const PORTION_PER_MS = 5;

/** Starts all processes and connects every subscriber. Resolves with the reason where the machine lacks something. */
export async function openPublishBench(peer: string, options: PublishLoadOptions): Promise<PublishBench | string> {
  using opened = new DisposableStack();
  const start = (): Process =>
    opened.adopt(new BenchProcess<PublishOrder, PublishReport>('publish-process.ts', peer), (child) => child.close());
  const publisher = start();
  const served = await publisher.ask({ kind: 'serve', peer }, 'served', 'absent');
  if (served.kind === 'absent') return served.reason;
  const { address, settings } = served;
  const readers = Array.from({ length: options.processCount }, start);
  const count = Math.ceil(options.subscriberCount / options.processCount);
  const subscribed = readers.map((reader) => reader.ask({ kind: 'subscribe', peer, address, count }, 'subscribed'));
  await Promise.all(subscribed);
  const processes = opened.move();
  return {
    peer,
    settings,
    run: () => run({ publisher, readers }, options),
    [Symbol.dispose]: () => processes.dispose(),
  };
}

/** The goal of deliveries to 100 subscribers, on 2 cores. */
const DELIVERIES_GOAL = 1_000_000;
const OURS = 'plumb';

/** Medians of the rounds, as figures of a report. */
export function publishResults(rounds: readonly PublishRound[], subscriberCount: number): BenchResult[] {
  const names = Object.keys(rounds[0] ?? {});
  const figureOf = (of: (one: PublishMeasured) => number): Pick<BenchResult, 'ours' | 'peers'> => {
    const medians = names.map((name) => [name, medianOf(rounds.flatMap(({ [name]: one }) => (one ? [of(one)] : [])))]);
    const { [OURS]: ours = Number.NaN, ...peers } = Object.fromEntries(medians) as Record<string, number>;
    return { ours, peers };
  };
  const cpu = (side: string, of: (one: PublishMeasured) => number): BenchResult => ({
    name: `processor time of a delivery, ${side}`,
    unit: 'µs',
    better: 'lower',
    ...figureOf((one) => of(one) / one.deliveryCount),
  });
  if (!names.includes(OURS)) return [];
  return [
    {
      name: `deliveries to ${subscriberCount} subscribers`,
      unit: '1/s',
      better: 'higher',
      goal: DELIVERIES_GOAL,
      ...figureOf(({ deliveryCount, tookMs }) => (deliveryCount * 1_000) / tookMs),
    },
    cpu('publisher', ({ publisherCpuUs }) => publisherCpuUs),
    cpu('subscribers', ({ subscribersCpuUs }) => subscribersCpuUs),
  ];
}

type Processes = { readonly publisher: Process; readonly readers: readonly Process[] };

async function run(
  { publisher, readers }: Processes,
  { periodMs, turnChanges }: PublishLoadOptions,
): Promise<PublishMeasured> {
  const before = await state({ publisher, readers });
  const startMs = performance.now();
  const portion = Math.ceil(periodMs * PORTION_PER_MS);
  let deliveryCount = before.deliveryCount;
  for (let leftMs = periodMs; leftMs > 0; leftMs = periodMs - (performance.now() - startMs)) {
    const order = { kind: 'publish', periodMs: leftMs, turnChanges, portion } as const;
    const { seq } = await publisher.ask(order, 'published');
    deliveryCount = await deliveriesAt(readers, seq);
  }
  const tookMs = performance.now() - startMs;
  const after = await state({ publisher, readers });
  return {
    deliveryCount: deliveryCount - before.deliveryCount,
    tookMs,
    publisherCpuUs: after.publisherCpuUs - before.publisherCpuUs,
    subscribersCpuUs: after.subscribersCpuUs - before.subscribersCpuUs,
  };
}

async function state({ publisher, readers }: Processes): Promise<Omit<PublishMeasured, 'tookMs'>> {
  const cpuUs = async (child: Process): Promise<number> => (await child.ask({ kind: 'cpu' }, 'cpu')).us;
  return {
    deliveryCount: await deliveriesAt(readers, 0),
    publisherCpuUs: await cpuUs(publisher),
    subscribersCpuUs: sum(await Promise.all(readers.map(cpuUs))),
  };
}

/** Resolves when every subscriber has the change `seq`. */
async function deliveriesAt(readers: readonly Process[], seq: number): Promise<number> {
  const delivered = await Promise.all(readers.map((reader) => reader.ask({ kind: 'await', seq }, 'delivered')));
  return sum(delivered.map(({ count }) => count));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
