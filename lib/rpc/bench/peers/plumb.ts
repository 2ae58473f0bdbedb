import { silentLog, systemClock } from '@plumb/base';
import type { Client, Handlers } from '../../src/index.ts';
import { createDispatcher } from '../../src/index.ts';
import { connect, generateKeyPair, listenZeromq, serve } from '../../src/node.ts';
import { benchContract } from '../bench-contract.ts';
import { createItems } from '../bench-value.ts';
import type { BenchClient, Peer } from './peer.ts';

const TOKEN = 'bench';

const methods: Handlers<typeof benchContract> = {
  echo: (input) => input,
  echoBytes: (input) => input,
  items: ({ count }) => createItems(count),
};

/** Without CURVE the doors are those that a front door with keys opens too, since `serve` refuses plain TCP. */
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
    return { address: `${addresses[0]}/bench`, sealedAddress: `${sealed.target} ${keys.publicKey}` };
  },
  open: async (target) => clientOf(await connect(target, { contract: benchContract, token: TOKEN })),
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
