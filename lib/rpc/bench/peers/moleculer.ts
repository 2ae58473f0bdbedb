/** Two brokers with the TCP transporter, which know each other by address rather than by multicast. */
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { type BrokerOptions, ServiceBroker } from 'moleculer';
import type { BenchValue } from '../bench-contract.ts';
import type { Peer } from './peer.ts';

type Payload = { readonly base64: string };

/** What costs time and is not needed for calls is off, as its guide of performance advises. */
function brokerOptions(nodeID: string, options: object): BrokerOptions {
  return {
    nodeID,
    logger: false,
    serializer: 'JSON',
    transporter: {
      type: 'TCP',
      options: { udpDiscovery: false, useHostname: false, maxPacketSize: 2 ** 24, gossipPeriod: 1, ...options },
    },
    registry: { preferLocal: true },
    tracking: { enabled: false },
    validator: false,
    metrics: false,
    tracing: false,
    cacher: false,
    circuitBreaker: { enabled: false },
    retryPolicy: { enabled: false },
    bulkhead: { enabled: false },
  };
}

export const moleculer: Peer = {
  settings: 'TCP transporter, JSON; validator, metrics, tracing, retries off; bytes as base64 within JSON',
  async serve() {
    const port = await freePort();
    const broker = new ServiceBroker(brokerOptions('server', { port }));
    broker.createService({
      name: 'bench',
      actions: {
        echo: ({ params }: { readonly params: BenchValue }) => params,
        echoBytes: ({ params }: { readonly params: Payload }) => params,
      },
    });
    await broker.start();
    return { address: `127.0.0.1:${port}` };
  },
  async open(address) {
    const broker = new ServiceBroker(brokerOptions('client', { urls: [`tcp://${address}/server`] }));
    await broker.start();
    await broker.waitForServices('bench', undefined, 100);
    return {
      call: (value) => broker.call<BenchValue, BenchValue>('bench.echo', value),
      async echoBytes(bytes) {
        const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
        const answer = await broker.call<Payload, Payload>('bench.echoBytes', { base64 });
        return Buffer.from(answer.base64, 'base64');
      },
    };
  },
};

/** The transporter does not tell which port it took. */
async function freePort(): Promise<number> {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
