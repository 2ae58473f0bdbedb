import { silentLog, systemClock, systemRandom } from '@plumb/base';
import {
  type Contract,
  createClient,
  createDispatcher,
  createPublisher,
  openConnection,
  subscribe,
  subscribeMethod,
} from '../../src/index.ts';
import { listenZeromq, openZeromqChannel } from '../../src/node.ts';
import type { TopicPeer } from './topics.ts';

/** A reader that is further behind holds the publisher back: far from the end of the log. */
const LAG_MAX = 16_384;
const TOKEN = 'bench';

const contract = { watch: subscribeMethod<number>() } as const satisfies Contract;

export const plumbTopics: TopicPeer = {
  settings: 'defaults: each subscriber gets the state, then each change in order, and knows that none is missing',
  async serve() {
    const publisher = createPublisher<number>();
    const dispatcher = createDispatcher({ log: silentLog, clock: systemClock });
    dispatcher.add('bench', contract, { watch: publisher.feed });
    const { addresses } = await listenZeromq({
      addresses: ['tcp://127.0.0.1:0'],
      authenticate: async (token) => (token === TOKEN ? { id: 'bench', scopes: ['*'] } : undefined),
      accept: dispatcher.accept,
      log: silentLog,
      clock: systemClock,
    });
    return {
      address: addresses[0] ?? '',
      publish: (topic, value) => void publisher.publish(topic, value),
      isAhead: () => publisher.stats().lagMax > LAG_MAX,
    };
  },
  async subscribe(address, onValue) {
    const connection = openConnection({
      open: (signal) => openZeromqChannel({ address, token: TOKEN, signal }),
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
    });
    const client = createClient(contract, 'bench', connection);
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
  },
};
