import { silentLog, systemClock } from '@plumb/base';
import { createClient, createConnection, createDispatcher } from '../../src/index.ts';
import { listenZeromq, openZeromqChannel } from '../../src/node.ts';
import { benchContract } from '../bench-contract.ts';
import { createItems } from '../bench-value.ts';
import type { Peer } from './peer.ts';

export const plumb: Peer = {
  settings: 'defaults; a contract, which the server checks on the way in and out',
  async serve() {
    const dispatcher = createDispatcher({ log: silentLog, clock: systemClock });
    dispatcher.add('bench', benchContract, {
      echo: (input) => input,
      echoBytes: (input) => input,
      items: ({ count }) => createItems(count),
    });
    const { addresses } = await listenZeromq({
      addresses: ['tcp://127.0.0.1:0'],
      authenticate: async () => ({ id: 'bench', scopes: ['*'] }),
      accept: dispatcher.accept,
      log: silentLog,
      clock: systemClock,
    });
    return { address: addresses[0] ?? '' };
  },
  async open(address) {
    const connection = createConnection(await openZeromqChannel({ address, token: 'bench' }));
    const client = createClient(benchContract, 'bench', connection);
    return {
      call: (value) => client.echo(value),
      echoBytes: (bytes) => client.echoBytes(bytes),
      items: (count) => client.items({ count }),
    };
  },
};
