/**
 * A process of the benchmark of publish and subscribe: the publisher, or a number of subscribers with a connection each.
 * It does what its parent orders by message, and ends with it.
 */
import { silentLog, systemClock, systemRandom } from '@plumb/base';
import {
  type Contract,
  createClient,
  createDispatcher,
  createPublisher,
  openConnection,
  type Publisher,
  subscribe,
  subscribeMethod,
} from '../src/index.ts';
import { listenZeromq, openZeromqChannel } from '../src/node.ts';

export type PublishOrder =
  | { readonly kind: 'serve' }
  | { readonly kind: 'subscribe'; readonly address: string; readonly count: number }
  /** Publishes for so long, so many changes a turn. */
  | { readonly kind: 'publish'; readonly periodMs: number; readonly turnChanges: number }
  /** Waits until every subscriber has this change. */
  | { readonly kind: 'await'; readonly seq: number }
  | { readonly kind: 'cpu' };

export type PublishReport =
  | { readonly kind: 'served'; readonly address: string }
  | { readonly kind: 'subscribed' }
  | { readonly kind: 'published'; readonly seq: number }
  /** Deliveries so far: calls of a subscriber with one topic and its value. */
  | { readonly kind: 'delivered'; readonly count: number }
  | { readonly kind: 'cpu'; readonly us: number }
  | { readonly kind: 'failed'; readonly reason: string };

/** A reader that is further behind holds the publisher back: far from the end of the log. */
const LAG_MAX = 16_384;
const TOPICS = 1_000;
const TOKEN = 'bench';

const contract = { watch: subscribeMethod<number>() } as const satisfies Contract;
const topics = Array.from({ length: TOPICS }, (_, i) => `price/stock-${i}`);

let publisher: Publisher<number> | undefined;
let publishedCount = 0;
const subscribers: { next: number; deliveredCount: number }[] = [];

process.on('message', (order: PublishOrder) => {
  obey(order).then(
    (report) => process.send?.(report),
    (error: unknown) =>
      process.send?.({ kind: 'failed', reason: String((error as Error).stack) } satisfies PublishReport),
  );
});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

async function obey(order: PublishOrder): Promise<PublishReport> {
  switch (order.kind) {
    case 'serve':
      return { kind: 'served', address: await serve() };
    case 'subscribe':
      await Promise.all(Array.from({ length: order.count }, () => openSubscriber(order.address)));
      return { kind: 'subscribed' };
    case 'publish':
      return { kind: 'published', seq: await publishFor(order.periodMs, order.turnChanges) };
    case 'await':
      while (subscribers.some(({ next }) => next <= order.seq)) await turn();
      return { kind: 'delivered', count: subscribers.reduce((sum, one) => sum + one.deliveredCount, 0) };
    case 'cpu': {
      const { user, system } = process.cpuUsage();
      return { kind: 'cpu', us: user + system };
    }
  }
}

async function serve(): Promise<string> {
  const opened = createPublisher<number>();
  publisher = opened;
  const dispatcher = createDispatcher({ log: silentLog, clock: systemClock });
  dispatcher.add('bench', contract, { watch: opened.feed });
  const { addresses } = await listenZeromq({
    addresses: ['tcp://127.0.0.1:0'],
    authenticate: async (token) => (token === TOKEN ? { id: 'bench', scopes: ['*'] } : undefined),
    accept: dispatcher.accept,
    log: silentLog,
    clock: systemClock,
  });
  return addresses[0] ?? '';
}

/** Every value is the number of its change, so that a missing or a repeated one is seen at once. */
async function publishFor(periodMs: number, turnChanges: number): Promise<number> {
  if (publisher === undefined) throw new Error('serve first');
  const endMs = performance.now() + periodMs;
  while (performance.now() < endMs) {
    for (let i = 0; i < turnChanges; i += 1) {
      publishedCount += 1;
      publisher.publish(topics[publishedCount % TOPICS] ?? '', publishedCount);
    }
    do await turn();
    while (publisher.stats().lagMax > LAG_MAX);
  }
  return publishedCount;
}

async function openSubscriber(address: string): Promise<void> {
  const connection = openConnection({
    open: (signal) => openZeromqChannel({ address, token: TOKEN, signal }),
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
  });
  const client = createClient(contract, 'bench', connection);
  const own = { next: 1, deliveredCount: 0 };
  subscribers.push(own);
  const onValue = (topic: string, value: number): void => {
    if (value !== own.next || topic.length === 0) throw new Error(`change ${own.next} was due, not ${value}`);
    own.next += 1;
    own.deliveredCount += 1;
  };
  const subscription = subscribe<number>(
    { open: client.watch },
    {
      onChange: (changes) => {
        for (const { topic, value } of changes) onValue(topic, value ?? 0);
      },
      onSnapshot: ({ missed }) => {
        if (missed !== undefined) throw new Error(`changes after ${missed.after} were missed`);
      },
    },
  );
  // A fault ends the benchmark.
  subscription.ended.catch((error: unknown) => queueMicrotask(() => Promise.reject(error as Error)));
  await subscription.caughtUp;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
