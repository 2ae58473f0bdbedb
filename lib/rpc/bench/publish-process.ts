/** A process of the benchmark of publish and subscribe: the publisher, or a number of subscribers with a connection each. */
import type { ChildProcess } from 'node:child_process';
import { obeyParent } from './bench-process.ts';
import { TOPIC_PEERS, type TopicPeer, type TopicPublisher } from './peers/topics.ts';
import { ownCpuUs } from './process-cpu.ts';

export type PublishOrder =
  | { readonly kind: 'serve'; readonly peer: string }
  | { readonly kind: 'subscribe'; readonly peer: string; readonly address: string; readonly count: number }
  /** Publishes for so long, so many changes a turn; to a publisher that does not hold back, so many and no more. */
  | { readonly kind: 'publish'; readonly periodMs: number; readonly turnChanges: number; readonly portion: number }
  /** Waits until every subscriber has this change. */
  | { readonly kind: 'await'; readonly seq: number }
  | { readonly kind: 'cpu' };

export type PublishReport =
  | { readonly kind: 'served'; readonly address: string; readonly settings: string }
  | { readonly kind: 'absent'; readonly reason: string }
  | { readonly kind: 'subscribed' }
  | { readonly kind: 'published'; readonly seq: number }
  /** Deliveries so far: calls of a subscriber with one topic and its value. */
  | { readonly kind: 'delivered'; readonly count: number }
  /** Processor time so far, that of a helper included. */
  | { readonly kind: 'cpu'; readonly us: number };

const TOPICS = 1_000;

const topics = Array.from({ length: TOPICS }, (_, i) => `price.stock-${i}`);

let publisher: TopicPublisher | undefined;
let helper: ChildProcess | undefined;
let publishedCount = 0;
const subscribers: { next: number; deliveredCount: number }[] = [];

obeyParent(obey, () => helper);

async function obey(order: PublishOrder): Promise<PublishReport> {
  switch (order.kind) {
    case 'serve': {
      const peer = await loadPeer(order.peer);
      const served = await peer.serve();
      if ('absent' in served) return { kind: 'absent', reason: served.absent };
      publisher = served;
      helper = served.helper;
      return { kind: 'served', address: served.address, settings: peer.settings };
    }
    case 'subscribe': {
      const peer = await loadPeer(order.peer);
      await Promise.all(Array.from({ length: order.count }, () => openSubscriber(peer, order.address)));
      return { kind: 'subscribed' };
    }
    case 'publish':
      return { kind: 'published', seq: await publish(order) };
    case 'await':
      while (subscribers.some(({ next }) => next <= order.seq)) await turn();
      return { kind: 'delivered', count: subscribers.reduce((sum, one) => sum + one.deliveredCount, 0) };
    case 'cpu':
      return { kind: 'cpu', us: ownCpuUs(helper) };
  }
}

/** Every value is the number of its change, so that a missing or a repeated one is seen at once. */
async function publish({
  periodMs,
  turnChanges,
  portion,
}: Extract<PublishOrder, { kind: 'publish' }>): Promise<number> {
  if (publisher === undefined) throw new Error('serve first');
  const { isAhead } = publisher;
  const endMs = performance.now() + periodMs;
  const lastCount = isAhead === undefined ? publishedCount + portion : Infinity;
  while (performance.now() < endMs && publishedCount < lastCount) {
    for (let i = 0; i < turnChanges; i += 1) {
      publishedCount += 1;
      const sent = publisher.publish(topics[publishedCount % TOPICS] ?? '', publishedCount);
      if (sent !== undefined) await sent;
    }
    do await turn();
    while (isAhead?.() === true);
  }
  return publishedCount;
}

async function openSubscriber(peer: TopicPeer, address: string): Promise<void> {
  const own = { next: 1, deliveredCount: 0 };
  subscribers.push(own);
  await peer.subscribe(address, (topic, value) => {
    if (value !== own.next || topic.length === 0) throw new Error(`change ${own.next} was due, not ${value}`);
    own.next += 1;
    own.deliveredCount += 1;
  });
}

async function loadPeer(name: string): Promise<TopicPeer> {
  const load = TOPIC_PEERS[name];
  if (load === undefined) throw new Error(`there is no peer "${name}"`);
  return load();
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
