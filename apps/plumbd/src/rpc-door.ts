/**
 * The RPC door: ZeroMQ with CURVE on loopback for processes, and plain on a socket file for local tools, which the mode of
 * the data directory protects. Who comes by TCP is known by its key, or shows a token; local tools show a token.
 */
import { type Clock, type Log, OperatingError } from '@plumb/base';
import type { Authentication, Authenticator } from '@plumb/identity/server';
import type { Accept, Caller } from '@plumb/rpc';
import { listenZeromq } from '@plumb/rpc/node';
import path from 'node:path';

/** `sun_path` of unix(7) with its ending zero: a longer path cannot be a socket. */
const SOCKET_PATH_BYTES_MAX = 107;

export type RpcDoorDependencies = {
  readonly dataDirectory: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Of CURVE: what clients of the TCP door know it by. */
  readonly secretKey: string;
  readonly authenticator: Authenticator;
  readonly accept: Accept;
  /** Resolves when every service is there: nobody is let in before. */
  readonly ready: Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
};

export type RpcDoor = AsyncDisposable & {
  /** Local tools first: the socket file, where its path is short enough, then TCP. */
  readonly addresses: readonly string[];
  readonly tcpAddress: string;
};

/** @throws OperatingError `unavailable` when the port is taken. */
export async function openRpcDoor(dependencies: RpcDoorDependencies): Promise<RpcDoor> {
  const { dataDirectory, port, secretKey, authenticator, accept, ready, clock, log } = dependencies;
  const socketFile = path.join(dataDirectory, 'rpc.sock');
  const tcp = `tcp://127.0.0.1:${port}`;
  const sockets = Buffer.byteLength(socketFile) <= SOCKET_PATH_BYTES_MAX ? [`ipc://${socketFile}`] : [];
  const ends = new WeakMap<Caller, AbortSignal>();
  const callerOf = (outcome: Authentication): Caller | undefined => {
    if (outcome.kind !== 'known') return undefined;
    const caller = { ...outcome.caller };
    ends.set(caller, outcome.ended);
    return caller;
  };
  const server = await listenZeromq({
    addresses: [tcp, ...sockets],
    async authenticate(token) {
      await ready;
      // Wrong tokens are slowed down by connection, in the listener: on loopback one address is everybody.
      return callerOf(await authenticator.authenticateToken(token, undefined));
    },
    curve: {
      secretKey,
      async identify(publicKey) {
        await ready;
        return callerOf(await authenticator.authenticateKey(publicKey));
      },
    },
    accept(channel, caller) {
      const ended = ends.get(caller);
      ended?.addEventListener('abort', channel.close);
      channel.closed.addEventListener('abort', () => ended?.removeEventListener('abort', channel.close));
      accept(channel, caller);
      if (ended?.aborted === true) channel.close();
    },
    clock,
    log,
  }).catch((error: unknown) => {
    throw new OperatingError(
      'unavailable',
      `RPC port ${port} on 127.0.0.1 cannot be opened (is it taken?): choose another with --rpc PORT, or 0 for any free one`,
      {
        cause: error,
      },
    );
  });
  const [tcpAddress = tcp] = server.addresses;
  return {
    addresses: [...server.addresses.slice(1), tcpAddress],
    tcpAddress,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
