/** As the package's guide has it: a router that answers each request in turn, JSON in, JSON out; bytes go as they are. */
import { curveKeyPair, Dealer, Router } from 'zeromq';
import type { BenchValue } from '../bench-contract.ts';
import { createItems } from '../bench-value.ts';
import type { BenchClient, Peer } from './peer.ts';

type Keys = { readonly publicKey: string; readonly secretKey: string };

export const zeromq: Peer = {
  settings:
    'dealer and router, JSON, one message a call; 1,000 messages of high-water mark; libzmq with one I/O thread',
  async serve() {
    const keys = curveKeyPair();
    const { lastEndpoint: sealed } = await bindRouter(keys);
    return {
      address: (await bindRouter()).lastEndpoint ?? '',
      sealedAddress: `${sealed} ${keys.publicKey}`,
    };
  },
  open: async (address) => openDealer(address),
  async openSealed(address) {
    const [endpoint = '', serverKey = ''] = address.split(' ');
    return openDealer(endpoint, serverKey);
  },
};

async function bindRouter(keys?: Keys): Promise<Router> {
  // Mandatory: a router that may not wait drops what a slow reader has no room for.
  const router = new Router({ mandatory: true });
  if (keys !== undefined) {
    router.curveServer = true;
    router.curveSecretKey = keys.secretKey;
  }
  await router.bind('tcp://127.0.0.1:*');
  void answerAll(router);
  return router;
}

async function answerAll(router: Router): Promise<void> {
  for await (const [peer, id, body, bytes] of router) {
    if (bytes !== undefined) {
      await router.send([peer ?? '', id ?? '', '', bytes]);
      continue;
    }
    const input = JSON.parse(String(body)) as BenchValue | { readonly count: number };
    if ('count' in input) {
      for await (const item of createItems(input.count))
        await router.send([peer ?? '', id ?? '', JSON.stringify(item)]);
    } else await router.send([peer ?? '', id ?? '', JSON.stringify(input)]);
  }
}

function openDealer(address: string, serverKey?: string): BenchClient {
  const dealer = new Dealer();
  if (serverKey !== undefined) {
    const keys = curveKeyPair();
    dealer.curveServerKey = serverKey;
    dealer.curvePublicKey = keys.publicKey;
    dealer.curveSecretKey = keys.secretKey;
  }
  dealer.connect(address);
  const waiting = new Map<string, (body: Buffer, bytes: Buffer | undefined) => void>();
  const receive = async (): Promise<void> => {
    for await (const [id, body, bytes] of dealer) waiting.get(String(id))?.(body as Buffer, bytes);
  };
  void receive();
  let lastId = 0;
  // A socket takes one send at a time.
  let sending: Promise<void> = Promise.resolve();
  const send = (
    parts: readonly (string | Uint8Array)[],
    onAnswer: (body: Buffer, bytes: Buffer | undefined) => void,
  ): string => {
    lastId += 1;
    const id = String(lastId);
    waiting.set(id, onAnswer);
    sending = sending.then(() => dealer.send([id, ...parts] as (string | Buffer)[]));
    return id;
  };
  return {
    call: (value) =>
      new Promise((resolve) => {
        const id = send([JSON.stringify(value)], (body) => {
          waiting.delete(id);
          resolve(JSON.parse(String(body)) as BenchValue);
        });
      }),
    echoBytes: (bytes) =>
      new Promise((resolve) => {
        const id = send(['', bytes], (_body, answer) => {
          waiting.delete(id);
          resolve(answer as Uint8Array);
        });
      }),
    async *items(count) {
      const queue: Buffer[] = [];
      let wake = Promise.withResolvers<void>();
      const id = send([JSON.stringify({ count })], (body) => {
        queue.push(body);
        wake.resolve();
      });
      for (let i = 0; i < count; i += 1) {
        if (queue.length === 0) {
          wake = Promise.withResolvers<void>();
          await wake.promise;
        }
        yield JSON.parse(String(queue.shift())) as BenchValue;
      }
      waiting.delete(id);
    },
  };
}
