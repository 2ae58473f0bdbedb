import { silentLog, systemClock, systemRandom } from '@plumb/base';
import {
  type Channel,
  type Client,
  createClient,
  createDispatcher,
  type Handlers,
  openConnection,
} from '../../src/index.ts';
import { connect, generateKeyPair, listenZeromq, openZeromqChannel, serve } from '../../src/node.ts';
import { benchContract } from '../bench-contract.ts';
import { createItems } from '../bench-value.ts';
import type { BenchClient, Peer } from './peer.ts';

const TOKEN = 'bench';

const methods: Handlers<typeof benchContract> = {
  echo: (input) => input,
  echoBytes: (input) => input,
  items: ({ count }) => createItems(count),
};

/** CURVE is measured through the front doors `serve` and `connect`, plain TCP, which they refuse, through what is behind them. */
export const plumb: Peer = {
  settings: 'defaults; the server checks every value against its contract on the way in and out',
  async serve() {
    const dispatcher = createDispatcher({ log: silentLog, clock: systemClock });
    dispatcher.add('bench', benchContract, methods);
    const { addresses } = await listenZeromq({
      addresses: ['tcp://127.0.0.1:0'],
      authenticate: async (token) => (token === TOKEN ? { id: 'bench', scopes: ['*'] } : undefined),
      accept: dispatcher.accept,
      log: silentLog,
      clock: systemClock,
    });
    const keys = generateKeyPair();
    const sealed = await serve({ name: 'bench', contract: benchContract, methods, keys, tokens: { [TOKEN]: 'bench' } });
    return { address: addresses[0] ?? '', sealedAddress: `${sealed.target} ${keys.publicKey}` };
  },
  async open(address) {
    const open = (signal: AbortSignal): Promise<Channel> => openZeromqChannel({ address, token: TOKEN, signal });
    const connection = openConnection({ open, clock: systemClock, random: systemRandom, log: silentLog });
    return clientOf(createClient(benchContract, 'bench', connection));
  },
  async openSealed(address) {
    const [target = '', serverKey = ''] = address.split(' ');
    return clientOf(await connect(target, { contract: benchContract, token: TOKEN, serverKey }));
  },
};

function clientOf(client: Client<typeof benchContract>): BenchClient {
  return {
    call: (value) => client.echo(value),
    echoBytes: (bytes) => client.echoBytes(bytes),
    items: (count) => client.items({ count }),
  };
}
