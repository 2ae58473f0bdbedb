/** Requests over a `nats-server` of its own: both sides are its clients. It has no streams of answers. */
import { connect, type Msg } from 'nats';
import type { BenchValue } from '../bench-contract.ts';
import { startNatsServer } from './nats-server.ts';
import type { Peer } from './peer.ts';

const CALL_TIMEOUT_MS = 10_000;

export const nats: Peer = {
  settings: 'nats-server of the distribution, JSON, answers through one shared inbox; max_payload 8 MB',
  async serve() {
    const server = await startNatsServer();
    if ('absent' in server) return server;
    const { address } = server;
    const connection = await connect({ servers: address });
    connection.subscribe('bench.echo', {
      callback: (_error, message) => void message.respond(JSON.stringify(message.json<BenchValue>())),
    });
    connection.subscribe('bench.bytes', { callback: (_error, message) => void message.respond(message.data) });
    await connection.flush();
    return server;
  },
  async open(address) {
    const connection = await connect({ servers: address });
    const request = (subject: string, body: string | Uint8Array): Promise<Msg> =>
      connection.request(subject, body, { timeout: CALL_TIMEOUT_MS });
    return {
      call: async (value) => (await request('bench.echo', JSON.stringify(value))).json<BenchValue>(),
      echoBytes: async (bytes) => (await request('bench.bytes', bytes)).data,
    };
  },
};
