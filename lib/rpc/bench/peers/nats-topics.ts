import { connect } from 'nats';
import { startNatsServer } from './nats-server.ts';
import type { TopicPeer } from './topics.ts';

export const natsTopics: TopicPeer = {
  settings: 'nats-server of the distribution, JSON, a message a change, a connection a subscriber',
  async serve() {
    const server = await startNatsServer();
    if ('absent' in server) return server;
    const { address, helper } = server;
    const connection = await connect({ servers: address });
    return { address, helper, publish: (topic, value) => connection.publish(topic, JSON.stringify(value)) };
  },
  async subscribe(address, onValue) {
    const connection = await connect({ servers: address });
    connection.subscribe('>', {
      callback: (_error, message) => onValue(message.subject, message.json<number>()),
    });
    // The server answers what comes behind the subscription once it has that.
    await connection.flush();
  },
};
