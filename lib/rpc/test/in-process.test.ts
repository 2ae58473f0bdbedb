import { createChannelPair, createConnection } from '../src/index.ts';
import { rpcSuite } from './rpc-suite.ts';
import { RICH_VALUES } from './values.ts';

rpcSuite(
  'in process',
  async (dispatcher, caller) => {
    const [near, far] = createChannelPair();
    dispatcher.accept(far, caller);
    const connection = createConnection(near);
    return { connection, cut: () => far.close(), [Symbol.asyncDispose]: async () => connection.close() };
  },
  { values: RICH_VALUES },
);
