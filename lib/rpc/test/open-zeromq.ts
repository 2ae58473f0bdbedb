/** A real server and client over ZeroMQ, with a network between them that can be cut. */
import { silentLog, systemClock } from '@plumb/base';
import { openTemporaryDirectory } from '@plumb/testing';
import { type Accept, type Caller, createConnection } from '../src/index.ts';
import { generateKeyPair, type Listener, listenZeromq, openZeromqChannel } from '../src/node.ts';
import type { Open } from './rpc-suite.ts';
import { openProxy } from './tcp-proxy.ts';

export const TOKEN = 'the token of the test';

export function listen(addresses: readonly string[], accept: Accept, caller: Caller): Promise<Listener> {
  const authenticate = async (token: string): Promise<Caller | undefined> => (token === TOKEN ? caller : undefined);
  return listenZeromq({ addresses, authenticate, accept, log: silentLog, clock: systemClock });
}

export function portOf(address: string | undefined): number {
  return Number(/:(\d+)$/.exec(address ?? '')?.[1]);
}

export const openOverTcp: Open = async ({ accept }, caller) => {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await listen(['tcp://127.0.0.1:0'], accept, caller));
  const proxy = stack.use(await openProxy({ host: '127.0.0.1', port: portOf(server.addresses[0]) }));
  const connection = stack.use(createConnection(await openZeromqChannel({ address: proxy.address, token: TOKEN })));
  return { connection, cut: proxy.cut, [Symbol.asyncDispose]: () => stack.disposeAsync() };
};

/** The caller is known by its key alone. */
export const openOverCurve: Open = async ({ accept }, caller) => {
  const stack = new AsyncDisposableStack();
  const [server, keys] = [generateKeyPair(), generateKeyPair()];
  const listener = await listenZeromq({
    addresses: ['tcp://127.0.0.1:0'],
    authenticate: async () => undefined,
    curve: {
      secretKey: server.secretKey,
      identify: async (publicKey) => (publicKey === keys.publicKey ? caller : undefined),
    },
    accept,
    log: silentLog,
    clock: systemClock,
  });
  stack.use(listener);
  const proxy = stack.use(await openProxy({ host: '127.0.0.1', port: portOf(listener.addresses[0]) }));
  const curve = { keys, serverKey: server.publicKey };
  const connection = stack.use(createConnection(await openZeromqChannel({ address: proxy.address, curve })));
  return { connection, cut: proxy.cut, [Symbol.asyncDispose]: () => stack.disposeAsync() };
};

export const openOverUnixSocket: Open = async ({ accept }, caller) => {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(await openTemporaryDirectory());
  stack.use(await listen([`ipc://${directory.path}/rpc.sock`], accept, caller));
  const proxy = stack.use(await openProxy({ path: `${directory.path}/rpc.sock` }, `${directory.path}/proxy.sock`));
  const connection = stack.use(createConnection(await openZeromqChannel({ address: proxy.address, token: TOKEN })));
  return { connection, cut: proxy.cut, [Symbol.asyncDispose]: () => stack.disposeAsync() };
};
