/**
 * The door of etcd: the store for programs that know nothing of Plumb but speak to etcd version 3, over gRPC and over JSON
 * on one port, as etcd has them. Their keys are a part of the store of their own; revisions are those of the whole store.
 * Not here: TLS, since the door is for this host, users and roles, and the members of a cluster.
 */
import { type Clock, type Log, OperatingError } from '@plumb/base';
import type { Kv } from '@plumb/kv';
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createEtcdCore } from './etcd-core.ts';
import { authMethods, createGate, type EtcdAuthenticate } from './gate.ts';
import { createGateway } from './gateway.ts';
import { createGrpcService } from './grpc-service.ts';
import { kvMethods } from './kv-methods.ts';
import { leaseMethods } from './lease-methods.ts';
import { CONNECTIONS_MAX, HEAD_TIMEOUT_MS, REQUEST_TIMEOUT_MS, TXN_OPERATIONS_MAX } from './limits.ts';
import { observeMethods, type ObserveEtcd } from './observe-methods.ts';
import { serverMethods } from './server-methods.ts';
import { watchMethods } from './watch-stream.ts';

export type { EtcdAuthenticate, EtcdAuthentication } from './gate.ts';
export type { EtcdFact } from './observe-methods.ts';

/** Outside of etcd's keys: what makes the first revision of an empty store. */
const FIRST_KEY = 'etcd-door/opened';
/** How HTTP/2 begins (RFC 9113, 3.4), and no request of HTTP/1. */
const HTTP2_START = 'PRI';

export type EtcdDoorOptions = {
  readonly kv: Kv;
  readonly authenticate: EtcdAuthenticate;
  /** An IP address; default `127.0.0.1`. */
  readonly host?: string | undefined;
  /** 0 for any free one. */
  readonly port: number;
  readonly hostName: string;
  /** What is the same for as long as the store is, such as its key: the ids of the cluster and its member follow from it. */
  readonly identity: string;
  /** Operations in each branch of a transaction; default `TXN_OPERATIONS_MAX`. The store takes 1,024 in both together. */
  readonly txnOperationsMax?: number | undefined;
  /** Told of each call when it is over. */
  readonly observe?: ObserveEtcd | undefined;
  readonly clock: Clock;
  readonly log: Log;
};

export type EtcdDoor = AsyncDisposable & { readonly host: string; readonly port: number };

/** @throws OperatingError `unavailable` when the port is taken or may not be used; what the store throws. */
export async function openEtcdDoor(options: EtcdDoorOptions): Promise<EtcdDoor> {
  const { authenticate, host = '127.0.0.1', port, hostName, log, txnOperationsMax = TXN_OPERATIONS_MAX } = options;
  await leaveRevisionZero(options.kv);
  const server = http.createServer({ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: HEAD_TIMEOUT_MS });
  const core = createEtcdCore({ ...options, txnOperationsMax });
  const url = (): string => `http://${host}:${(server.address() as AddressInfo | null)?.port ?? port}`;
  const methods = observeMethods(
    {
      ...kvMethods(core),
      ...watchMethods(core),
      ...leaseMethods(core),
      ...serverMethods(core, { hostName, url }),
      ...authMethods(core, authenticate),
    },
    options.observe ?? (() => undefined),
  );
  const enter = createGate(authenticate);
  const gateway = createGateway({ methods, enter, log });
  const grpc = createGrpcService({ methods, enter, log });
  server.on('request', (request, response) => void gateway(request, response));
  const sockets = splitConnections(server, (socket) => grpc.injectConnection(socket));
  try {
    await listen(server, host, port);
  } catch (error) {
    grpc[Symbol.dispose]();
    throw error;
  }
  server.on('error', (error) => log.warn('etcd.listener-failed', { error }));
  return {
    host,
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      grpc[Symbol.dispose]();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/**
 * etcd's first key has revision 2, and its clients count on it: a lock that asks for all keys that are older than its own
 * of revision 1 asks for those up to 0, which means all.
 */
async function leaveRevisionZero(kv: Kv): Promise<void> {
  if (kv.revision() === 0) await kv.transact([{ kind: 'put', key: FIRST_KEY, value: new Uint8Array() }]);
}

/** Hands connections of HTTP/2 to `takeHttp2` and leaves the others to `server`. Returns those that are open. */
function splitConnections(server: http.Server, takeHttp2: (socket: Socket) => void): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  const listeners = server.listeners('connection') as ((this: http.Server, socket: Socket) => void)[];
  server.removeAllListeners('connection');
  server.maxConnections = CONNECTIONS_MAX;
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setNoDelay(true);
    readStart(socket, (isHttp2) => {
      if (isHttp2) takeHttp2(socket);
      else for (const listener of listeners) listener.call(server, socket);
    });
  });
  return sockets;
}

/** Looks at the first bytes, and puts them back. */
function readStart(socket: Socket, go: (isHttp2: boolean) => void): void {
  const giveUp = (): void => void socket.destroy();
  const chunks: Buffer[] = [];
  const look = (): void => {
    for (let chunk = read(socket); chunk !== null; chunk = read(socket)) chunks.push(chunk);
    const start = Buffer.concat(chunks).toString('latin1', 0, HTTP2_START.length);
    // Put back only when it is enough: a stream says at once that it has what was put back.
    if (start.length < HTTP2_START.length && HTTP2_START.startsWith(start)) return;
    socket.off('readable', look);
    socket.off('end', giveUp);
    socket.off('timeout', giveUp);
    socket.setTimeout(0);
    socket.unshift(Buffer.concat(chunks));
    go(start === HTTP2_START);
  };
  socket.setTimeout(HEAD_TIMEOUT_MS, giveUp);
  socket.on('end', giveUp);
  socket.on('readable', look);
}

function read(socket: Socket): Buffer | null {
  return socket.read() as Buffer | null;
}

async function listen(server: http.Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, host, resolve);
  try {
    await promise;
  } catch (cause) {
    const what = `the port ${port} for etcd on ${host} cannot be opened (is it taken?)`;
    throw new OperatingError('unavailable', `${what}: choose another with --etcd PORT, or 0 for any free one`, {
      cause,
    });
  } finally {
    server.off('error', reject);
  }
}
