import { Publisher, Subscriber } from 'zeromq';
import type { TopicPeer } from './topics.ts';

/** More than is ever on its way, so that nothing is dropped and everybody does the same work. */
const HIGH_WATER_MARK = 1_000_000;
/** A publisher does not know whether it is heard: it says hello until the load begins. */
const HELLO = 'hello';
const HELLO_PERIOD_MS = 20;

export const zeromqTopics: TopicPeer = {
  settings: 'PUB and SUB, JSON, a message a change; high-water marks above what is on its way, else it drops',
  async serve() {
    const socket = new Publisher({ sendHighWaterMark: HIGH_WATER_MARK });
    await socket.bind('tcp://127.0.0.1:*');
    const hello = setInterval(() => void socket.send([HELLO, '0']), HELLO_PERIOD_MS);
    return {
      address: socket.lastEndpoint ?? '',
      publish(topic, value) {
        clearInterval(hello);
        return socket.send([topic, JSON.stringify(value)]);
      },
    };
  },
  async subscribe(address, onValue) {
    const socket = new Subscriber({ receiveHighWaterMark: HIGH_WATER_MARK });
    socket.subscribe();
    socket.connect(address);
    const heard = Promise.withResolvers<void>();
    const read = async (): Promise<void> => {
      for await (const [topic, body] of socket) {
        if (String(topic) === HELLO) heard.resolve();
        else onValue(String(topic), JSON.parse(String(body)) as number);
      }
    };
    void read();
    await heard.promise;
  },
};
