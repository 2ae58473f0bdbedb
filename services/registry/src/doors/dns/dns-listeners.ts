/** The sockets of the DNS door: one for UDP and one for TCP, on the same port. */
import type { Clock, Log } from '@plumb/base';
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, isIPv6, type Server, type Socket } from 'node:net';
import { type DnsConnection, serveDnsConnection } from './dns-connection.ts';
import type { DnsFact, DnsHandler, DnsPeer, DnsReply } from './dns-handler.ts';
import { budgetKey, isLoopback, type SourceRules } from './dns-source-address.ts';
import { ExcessBudget } from './excess-budget.ts';

/** More resolvers than one host has. Beyond it the one that was silent longest is closed for the next. */
export const CONNECTIONS_MAX = 256;
/** RFC 7766, 6.2.3: a few seconds. */
export const IDLE_MS = 10_000;
const IDLE_CHECK_MS = 1_000;
/** Loopback does not fragment: the largest that haproxy takes. */
const LOOPBACK_DATAGRAM_BYTES_MAX = 8_192;
/** Elsewhere the largest that is sure not to be fragmented (the DNS flag day of 2020). */
const DATAGRAM_BYTES_MAX = 1_232;
/** Answers that the kernel has not taken: beyond it they are dropped, as the network would. */
const SEND_QUEUE_BYTES_MAX = 4_194_304;
/** What waits while the event loop is busy, some thousand queries; the kernel gives as much as `net.core.rmem_max` lets. */
const RECEIVE_BUFFER_BYTES = 4_194_304;
/** Every answer is cut to its question. */
const SHORT_ANSWER_BYTES_MAX = 0;

export type ListenerDependencies = {
  readonly handler: DnsHandler;
  readonly rules: SourceRules;
  readonly observe: (fact: DnsFact) => void;
  readonly clock: Clock;
  readonly log: Log;
};

export async function listenUdp(
  { host, port }: { host: string; port: number },
  { handler, rules, observe, clock, log }: ListenerDependencies,
): Promise<AsyncDisposable> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  const budget = new ExcessBudget(clock);
  const answer = (message: Buffer, { address, port: from }: RemoteInfo): DnsReply | undefined => {
    const peer: DnsPeer = {
      transport: 'udp',
      isAllowed: rules.isAllowed(address),
      datagramBytesMax: isLoopback(address) ? LOOPBACK_DATAGRAM_BYTES_MAX : DATAGRAM_BYTES_MAX,
    };
    const reply = handler(message, peer);
    if (reply === undefined || budget.take(budgetKey(address, from), reply.bytes.length - message.length)) return reply;
    return handler(message, { ...peer, datagramBytesMax: SHORT_ANSWER_BYTES_MAX });
  };
  socket.on('message', (message, from) => {
    // Nobody listens on port 0: somebody else wrote that.
    if (from.port === 0) return;
    const reply = answer(message, from);
    if (reply === undefined || socket.getSendQueueSize() > SEND_QUEUE_BYTES_MAX) return;
    observe(reply.fact);
    // Whom it does not reach asks again.
    socket.send(reply.bytes, from.port, from.address, (error) => {
      if (error !== null) log.debug('dns.send-failed', { address: from.address, error });
    });
  });
  await bind(socket, host, port);
  socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  socket.on('error', (error) => log.warn('dns.udp-failed', { error }));
  return {
    async [Symbol.asyncDispose]() {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}

async function bind(socket: UdpSocket, host: string, port: number): Promise<void> {
  const listening = once(socket, 'listening');
  socket.bind({ address: host, port });
  try {
    await listening;
  } catch (error) {
    socket.close();
    throw error;
  }
}

export async function listenTcp(
  { host, port }: { host: string; port: number },
  { handler, rules, observe, clock, log }: ListenerDependencies,
): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer();
  const connections = new IdleConnections(clock);
  server.on('connection', (socket) => {
    const peer = {
      transport: 'tcp',
      isAllowed: rules.isAllowed(socket.remoteAddress ?? ''),
      datagramBytesMax: 0,
    } as const;
    const connection = serveDnsConnection(socket, {
      answer(message) {
        const reply = handler(message, peer);
        if (reply !== undefined) observe(reply.fact);
        return reply?.bytes;
      },
      onActive: () => connections.touch(connection),
    });
    connections.add(connection, socket);
  });
  const listening = once(server, 'listening');
  server.listen({ host, port });
  await listening;
  server.on('error', (error) => log.warn('dns.tcp-failed', { error }));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      connections.close();
      await closeServer(server);
    },
  };
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  await closed;
}

/** Connections by how long they have been silent, longest first. */
class IdleConnections {
  readonly #activeAtMs = new Map<DnsConnection, number>();
  readonly #clock: Clock;
  readonly #check: Disposable;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#check = clock.every(IDLE_CHECK_MS, () => this.#closeIdle());
  }

  add(connection: DnsConnection, socket: Socket): void {
    const [oldest] = this.#activeAtMs.keys();
    if (this.#activeAtMs.size === CONNECTIONS_MAX) {
      oldest?.close();
      if (oldest !== undefined) this.#activeAtMs.delete(oldest);
    }
    this.#activeAtMs.set(connection, this.#clock.monotonicMs());
    socket.on('close', () => this.#activeAtMs.delete(connection));
  }

  touch(connection: DnsConnection): void {
    // What was closed for another stays away.
    if (this.#activeAtMs.delete(connection)) this.#activeAtMs.set(connection, this.#clock.monotonicMs());
  }

  close(): void {
    this.#check[Symbol.dispose]();
    for (const connection of this.#activeAtMs.keys()) connection.close();
  }

  #closeIdle(): void {
    const sinceMs = this.#clock.monotonicMs() - IDLE_MS;
    for (const [connection, activeAtMs] of this.#activeAtMs) {
      if (activeAtMs > sinceMs) return;
      connection.close();
    }
  }
}
