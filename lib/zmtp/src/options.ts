import {
  type Backoff,
  type Clock,
  type Log,
  type OperatingError,
  type Random,
  silentLog,
  systemClock,
  systemRandom,
} from '@plumb/base';
import { NULL_SECURITY } from './null-security.ts';
import type { Message, Peer } from './pipe.ts';
import type { Security } from './security.ts';

/** The mark of libzmq, which programs are written against. */
export const HIGH_WATER_MARK = 1_000;
/** Messages of a peer that wait, in either direction, hold at most this, or one message if that is larger. */
export const QUEUE_BYTES_MAX = 67_108_864;
/** The largest message that a peer can make us hold. */
const MESSAGE_BYTES_MAX = 67_108_864;
/** Greeting and handshake are three round trips and, with CURVE, a question to `authenticate`. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
const HEARTBEAT_INTERVAL_MS = 10_000;
/** Also how long a peer may be busy without reading, so it is generous. */
const HEARTBEAT_TIMEOUT_MS = 30_000;
/** Long enough for what is queued to reach a peer that reads, short enough for a person who waits for the end. */
const LINGER_MS = 1_000;
/** Each has a socket, a timer and queues. */
const PEERS_MAX = 4_096;
/** Strangers can make us spend so many handshakes at once: with CURVE 0.2 ms of CPU time each, and a few KiB. */
const HANDSHAKES_MAX = 1_024;
/** Topics of one peer; each costs about 200 bytes. */
const SUBSCRIPTIONS_MAX = 65_536;
const RECONNECT: Backoff = { delayMsMin: 100, delayMsMax: 5_000 };

/** What happens to a socket, as it happens. Called synchronously: keep them short, and never throw. */
export type SocketEvents = {
  readonly connected?: (peer: Peer) => void;
  /** A peer that was `connected` is gone. What it had sent before is still received. */
  readonly disconnected?: (peer: Peer, reason: OperatingError) => void;
  /** A connection failed before it was one. `retryInMs` is absent where nothing more is tried. */
  readonly failed?: (address: string, reason: OperatingError, retryInMs: number | undefined) => void;
};

export type SocketOptions = {
  /** NULL unless given; `curveServer` and `curveClient` of `@plumb/zmtp/curve` make others. */
  readonly security?: Security | undefined;
  /** The `Identity` told to peers: what a ROUTER knows this socket by. 1 to 255 bytes, the first not zero. */
  readonly routingId?: Uint8Array | string | undefined;
  /** Messages that wait for one peer to read them, and those of one peer that wait to be received. 1,000 each. */
  readonly sendHighWaterMark?: number | undefined;
  readonly receiveHighWaterMark?: number | undefined;
  /** All parts together. 64 MiB. `Peer.allowMessageBytes` sets it for one peer. */
  readonly messageBytesMax?: number | undefined;
  /** From the first packet to the last of the handshake. 10 s. */
  readonly handshakeTimeoutMs?: number | undefined;
  /** How often a peer is asked whether it lives (10 s), 0 for never. */
  readonly heartbeatIntervalMs?: number | undefined;
  /** Silence after which a peer is given up, at least two intervals. 30 s. */
  readonly heartbeatTimeoutMs?: number | undefined;
  /** Silence after which the peer shall give us up; told with each PING. 0, the default, says nothing. */
  readonly heartbeatTtlMs?: number | undefined;
  /**
   * TCP asks each second of idleness whether the other machine is there, and ends the connection after ten unanswered
   * questions. Its kernel answers, however busy the peer is. Off.
   */
  readonly keepAlive?: boolean | undefined;
  /** How long to wait before connecting again; false for never. 0.1 to 5 s. */
  readonly reconnect?: Backoff | false | undefined;
  /** Queue messages only for peers that are connected, and drop what waits when one is lost. */
  readonly immediate?: boolean | undefined;
  /** How long `close` lets queued messages leave. 1 s; 0 drops them. */
  readonly lingerMs?: number | undefined;
  /** ROUTER: `send` rejects instead of dropping. */
  readonly mandatory?: boolean | undefined;
  /** XPUB: hand on each subscription, not only the first of a topic. */
  readonly verbose?: boolean | undefined;
  /** Connections that others opened. 4,096. */
  readonly peersMax?: number | undefined;
  /**
   * Connections that others opened and whose handshake is not done. One more ends the oldest of them, which has had the
   * most time: whoever opens connections and says nothing keeps nobody else out. 1,024.
   */
  readonly handshakesMax?: number | undefined;
  /** Topics of one peer of PUB and XPUB. 65,536. */
  readonly subscriptionsMax?: number | undefined;
  /**
   * Takes each message as it arrives, in place of `receive`: nothing is queued; what it throws is logged. For REQ and REP,
   * which take turns, there is only `receive`.
   */
  readonly onMessage?: ((message: Message) => void) | undefined;
  readonly events?: SocketEvents | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly log?: Log | undefined;
};

/** Options with everything decided. */
export type Settings = {
  readonly [K in Exclude<keyof SocketOptions, 'onMessage' | 'routingId'>]-?: Exclude<SocketOptions[K], undefined>;
} & { readonly routingId: Buffer; readonly onMessage: ((message: Message) => void) | undefined };

export function settingsOf(options: SocketOptions): Settings {
  return {
    security: options.security ?? NULL_SECURITY,
    routingId: Buffer.from(options.routingId ?? ''),
    sendHighWaterMark: options.sendHighWaterMark ?? HIGH_WATER_MARK,
    receiveHighWaterMark: options.receiveHighWaterMark ?? HIGH_WATER_MARK,
    messageBytesMax: options.messageBytesMax ?? MESSAGE_BYTES_MAX,
    handshakeTimeoutMs: options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS,
    heartbeatIntervalMs: options.heartbeatIntervalMs ?? HEARTBEAT_INTERVAL_MS,
    heartbeatTimeoutMs: options.heartbeatTimeoutMs ?? HEARTBEAT_TIMEOUT_MS,
    heartbeatTtlMs: options.heartbeatTtlMs ?? 0,
    keepAlive: options.keepAlive ?? false,
    reconnect: options.reconnect ?? RECONNECT,
    immediate: options.immediate ?? false,
    lingerMs: options.lingerMs ?? LINGER_MS,
    mandatory: options.mandatory ?? false,
    verbose: options.verbose ?? false,
    peersMax: options.peersMax ?? PEERS_MAX,
    handshakesMax: options.handshakesMax ?? HANDSHAKES_MAX,
    subscriptionsMax: options.subscriptionsMax ?? SUBSCRIPTIONS_MAX,
    onMessage: options.onMessage,
    events: options.events ?? {},
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    log: options.log ?? silentLog,
  };
}
