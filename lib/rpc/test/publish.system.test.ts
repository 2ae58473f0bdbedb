// Publish and subscribe over real sockets: connections that are cut, and a publisher that is replaced.
import { silentLog, systemClock, systemRandom } from '@plumb/base';
import { until } from '@plumb/testing';
import { expect, test } from 'vitest';
import {
  type Accept,
  type Contract,
  createClient,
  createDispatcher,
  createPublisher,
  type Missed,
  openConnection,
  type Publisher,
  subscribe,
  subscribeMethod,
  type Subscription,
} from '../src/index.ts';
import { openZeromqChannel } from '../src/node.ts';
import { listen, portOf, TOKEN } from './open-zeromq.ts';
import { openProxy } from './tcp-proxy.ts';

const contract = { watch: subscribeMethod<number>() } as const satisfies Contract;
const TOPICS = 100;

function acceptFor(publisher: Publisher<number>): Accept {
  const dispatcher = createDispatcher({ log: silentLog, clock: systemClock });
  dispatcher.add('feed', contract, { watch: publisher.feed });
  return dispatcher.accept;
}

/** A subscriber with a connection of its own that is opened again, and what it was told. */
function openSubscriber(address: string): Disposable & {
  readonly subscription: Subscription<number>;
  readonly events: number[];
  readonly missed: Missed[];
} {
  const open = (signal: AbortSignal): ReturnType<typeof openZeromqChannel> =>
    openZeromqChannel({ address, token: TOKEN, signal });
  const connection = openConnection({ open, clock: systemClock, random: systemRandom, log: silentLog });
  const client = createClient(contract, 'feed', connection);
  const events: number[] = [];
  const missed: Missed[] = [];
  const subscription = subscribe<number>(
    { open: client.watch },
    {
      onChange: (changes) => {
        for (const { kind, value } of changes) if (kind === 'event') events.push(value);
      },
      onSnapshot: (snapshot) => void (snapshot.missed === undefined || missed.push(snapshot.missed)),
    },
  );
  const dispose = (): void => {
    subscription[Symbol.dispose]();
    connection.close();
  };
  return { subscription, events, missed, [Symbol.dispose]: dispose };
}

test('connections that are cut again and again lose nothing and repeat nothing', async () => {
  const publisher = createPublisher<number>();
  await using server = await listen(['tcp://127.0.0.1:0'], acceptFor(publisher), { id: 'tester', scopes: ['*'] });
  await using proxy = await openProxy({ host: '127.0.0.1', port: portOf(server.addresses[0]) });
  using stack = new DisposableStack();
  const subscribers = Array.from({ length: 10 }, () => stack.use(openSubscriber(proxy.address)));
  await Promise.all(subscribers.map(({ subscription }) => subscription.caughtUp));

  let eventCount = 0;
  let isOver = false;
  const publish = async (): Promise<void> => {
    while (!isOver) {
      for (let i = 0; i < 2; i += 1) {
        eventCount += 1;
        publisher.event('event', eventCount);
        publisher.publish(`topic ${eventCount % TOPICS}`, eventCount);
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  const publishing = publish();
  for (let cut = 0; cut < 5; cut += 1) {
    const seen = subscribers.map(({ events }) => events.length);
    await until('everybody is told more', () => subscribers.every(({ events }, i) => events.length > (seen[i] ?? 0)));
    proxy.cut();
  }
  isOver = true;
  await publishing;
  const { seq } = publisher.stats();
  const isTold = ({ subscription }: { subscription: Subscription<number> }): boolean =>
    subscription.position()?.seq === seq;
  await until('everybody has everything', () => subscribers.every(isTold));
  const state = new Map(
    Array.from({ length: TOPICS }, (_, i) => `topic ${i}`).map((topic) => [topic, publisher.get(topic)]),
  );
  for (const { subscription, events, missed } of subscribers) {
    expect(events).toEqual(Array.from({ length: eventCount }, (_, i) => i + 1));
    expect(missed).toEqual([]);
    expect(new Map(subscription.state)).toEqual(new Map([...state].filter(([, value]) => value !== undefined)));
  }
});

test('when another publisher takes the place of one, its state replaces the other', async () => {
  const [first, second] = ['one', 'two'].map((epoch) => createPublisher<number>({ epoch }));
  if (first === undefined || second === undefined) throw new Error('there are two');
  first.publish('gone', 1);
  second.publish('here', 2);
  const caller = { id: 'tester', scopes: ['*'] };
  const server = await listen(['tcp://127.0.0.1:0'], acceptFor(first), caller);
  const address = server.addresses[0] ?? '';
  using subscriber = openSubscriber(address);
  try {
    await subscriber.subscription.caughtUp;
    expect([...subscriber.subscription.state]).toEqual([['gone', 1]]);
  } finally {
    await server[Symbol.asyncDispose]();
  }
  await using _next = await listen([address], acceptFor(second), caller);
  await until('the state of the other', () => subscriber.subscription.state.has('here'));
  expect([...subscriber.subscription.state]).toEqual([['here', 2]]);
  expect(subscriber.missed).toEqual([{ epoch: 'one', after: 1, upTo: undefined }]);
});
