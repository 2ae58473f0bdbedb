/** The calling side of each door, behind one shape. Each caller is what a program would write with that library. */
import http from 'node:http';
import readline from 'node:readline';
import { Dealer } from 'zeromq';
import { createClient, createConnection } from '../src/index.ts';
import { openZeromqChannel } from '../src/node.ts';
import { benchContract, type BenchValue } from './bench-contract.ts';
import type { BenchAddresses } from './bench-server.ts';

export type BenchClient = Disposable & {
  readonly call: (value: BenchValue) => Promise<BenchValue>;
  readonly items: (count: number) => AsyncIterable<BenchValue>;
};

/** Sockets of the HTTP client: as many as there are calls at a time. */
export const IN_FLIGHT = 64;

export async function openPlumbClient({ plumb: address }: BenchAddresses): Promise<BenchClient> {
  const connection = createConnection(await openZeromqChannel({ address, token: 'bench' }));
  const client = createClient(benchContract, 'bench', connection);
  return {
    call: (value) => client.echo(value),
    items: (count) => client.items({ count }),
    [Symbol.dispose]: () => connection.close(),
  };
}

export async function openZeromqClient({ zeromq: address }: BenchAddresses): Promise<BenchClient> {
  const dealer = new Dealer();
  dealer.connect(address);
  const waiting = new Map<string, (value: BenchValue) => void>();
  const receive = async (): Promise<void> => {
    for await (const [id, body] of dealer) waiting.get(String(id))?.(JSON.parse(String(body)) as BenchValue);
  };
  void receive();
  let lastId = 0;
  // A socket takes one send at a time.
  let sending: Promise<void> = Promise.resolve();
  const send = (input: unknown, onValue: (value: BenchValue) => void): string => {
    lastId += 1;
    const id = String(lastId);
    waiting.set(id, onValue);
    sending = sending.then(() => dealer.send([id, JSON.stringify(input)]));
    return id;
  };
  return {
    call: (value) =>
      new Promise((resolve) => {
        const id = send(value, (answer) => {
          waiting.delete(id);
          resolve(answer);
        });
      }),
    async *items(count) {
      const queue: BenchValue[] = [];
      let wake = Promise.withResolvers<void>();
      const id = send({ count }, (item) => {
        queue.push(item);
        wake.resolve();
      });
      for (let i = 0; i < count; i += 1) {
        if (queue.length === 0) {
          wake = Promise.withResolvers<void>();
          await wake.promise;
        }
        yield queue.shift() as BenchValue;
      }
      waiting.delete(id);
    },
    [Symbol.dispose]: () => dealer.close(),
  };
}

export async function openHttpClient({ http: url }: BenchAddresses): Promise<BenchClient> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: IN_FLIGHT });
  const post = (input: unknown): Promise<http.IncomingMessage> =>
    new Promise((resolve, reject) => {
      const body = JSON.stringify(input);
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      http.request(url, { agent, method: 'POST', headers }, resolve).on('error', reject).end(body);
    });
  return {
    async call(value) {
      const parts: Buffer[] = [];
      for await (const part of await post(value)) parts.push(part as Buffer);
      return JSON.parse(String(Buffer.concat(parts))) as BenchValue;
    },
    async *items(count) {
      for await (const line of readline.createInterface({ input: await post({ count }) })) {
        yield JSON.parse(line) as BenchValue;
      }
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}
