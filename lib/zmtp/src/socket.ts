import { OperatingError } from '@plumb/base';
import { settingsOf, type SocketOptions } from './options.ts';
import type { Message, Peer } from './pipe.ts';
import type { SocketType } from './socket-type.ts';
import { ZmtpSocket } from './zmtp-socket.ts';

const ROUTING_ID_BYTES_MAX = 255;

/** Counts since the socket was opened. `dropped`: messages that no peer, or not every subscriber, could be given. */
export type SocketCounts = {
  readonly peers: number;
  readonly received: number;
  readonly sent: number;
  readonly dropped: number;
};

/** A ZeroMQ socket. What each type does is in the table of the README; addresses are those of `parseAddress`. */
export type Socket = AsyncDisposable & {
  readonly type: SocketType;
  /** Listens, and resolves with the real address: port 0 is any that is free. @throws OperatingError `invalid`, `unavailable`. */
  readonly bind: (address: string) => Promise<string>;
  /** Takes what `bind` resolved with. Connections stay. Safe to call twice. */
  readonly unbind: (address: string) => void;
  /** Connects, and keeps connected (option `reconnect`), in the background. @throws OperatingError `invalid`. */
  readonly connect: (address: string) => void;
  /** Ends the connection to an address of `connect`, and drops what waits for it. Safe to call twice. */
  readonly disconnect: (address: string) => void;
  /**
   * Resolves when the message is queued for a peer. Parts belong to the socket from then on. Where all peers are at the
   * mark or there is none, DEALER, PUSH, REQ and PAIR wait; the other types drop, ROUTER with `mandatory` rejects with
   * `not-found` or `exhausted`. Rejects with `invalid` what the type never sends, `exhausted` when too many sends wait.
   */
  readonly send: (
    parts: readonly Uint8Array[],
    options?: { readonly signal?: AbortSignal | undefined },
  ) => Promise<void>;
  /** Like `send`, but false where that would wait or drop. @throws OperatingError as `send` rejects. */
  readonly trySend: (parts: readonly Uint8Array[]) => boolean;
  /** The next message, of each peer in turn. Rejects with `unavailable` when the socket is closed. */
  readonly receive: (signal?: AbortSignal) => Promise<Message>;
  /** Messages until the socket is closed. Several loops share them. */
  readonly [Symbol.asyncIterator]: () => AsyncIterableIterator<Message>;
  /** SUB and XSUB: ask for what begins with `topic`, everything by default; each call is cancelled by one `unsubscribe`. */
  readonly subscribe: (topic?: Uint8Array | string) => void;
  readonly unsubscribe: (topic?: Uint8Array | string) => void;
  readonly peers: () => readonly Peer[];
  readonly counts: () => SocketCounts;
  /** Resolves when nothing is left: no handle, timer or queue. Queued messages get `lingerMs` to leave. Safe to call twice. */
  readonly close: () => Promise<void>;
};

/** Opens a socket without I/O: `bind` or `connect` it, and close it. @throws OperatingError `invalid` for bad options. */
export function openSocket(type: SocketType, options: SocketOptions = {}): Socket {
  const settings = settingsOf(options);
  const { routingId, onMessage } = settings;
  if (routingId.length > ROUTING_ID_BYTES_MAX || routingId[0] === 0) {
    throw new OperatingError(
      'invalid',
      `a routing id has 1 to ${ROUTING_ID_BYTES_MAX} bytes, of which the first is not 0`,
    );
  }
  if (onMessage !== undefined && (type === 'REQ' || type === 'REP')) {
    throw new OperatingError('invalid', `a socket of type ${type} takes turns: use receive in place of onMessage`);
  }
  return new ZmtpSocket(type, settings);
}
