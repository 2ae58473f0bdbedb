/**
 * The seam between RPC and whatever carries it: ZeroMQ, a message port, a WebSocket, or nothing at all (in process).
 * A channel is one authenticated connection that carries plain messages in order, or says that it is closed. It does
 * not resend: what was in flight when it closed is lost, and RPC answers those calls with `unavailable`.
 */
import type { Caller } from './contract.ts';
import type { SendTiming } from './turn.ts';

/** A message of the RPC protocol: plain data, encoded by the channel. `protocol.ts` gives its forms. */
export type Message = Readonly<Record<string, unknown>>;

/**
 * `busy`: the other side has answered nothing for some seconds, but its machine still takes connections for it, as a
 * program does whose event loop is held up. What was sent is answered when it comes back.
 */
export type Liveness = 'alive' | 'busy';

export type Channel = {
  /**
   * Never blocks. A channel whose peer does not read closes itself at its named bound instead of buffering on. The
   * message is copied at once; `turn-end` lets it wait for others that the same turn sends, `soon` is the default.
   */
  readonly send: (message: Message, timing?: SendTiming) => void;
  /** One receiver at a time. Messages that come before it is set wait for it. */
  readonly receive: (onMessage: (message: Message) => void) => void;
  /** Aborts when the connection is lost or closed by either side. `reason` is an `OperatingError`. */
  readonly closed: AbortSignal;
  readonly close: () => void;
  /** How the other side is, as far as it is known. Absent where the kind of channel cannot tell. */
  readonly liveness?: (() => Liveness) | undefined;
  /** Calls back at each change of `liveness`, as long as the channel is open. */
  readonly onLiveness?: ((listener: (liveness: Liveness) => void) => void) | undefined;
};

/** What a server learns when somebody connects: the channel, and who it is. */
export type Accept = (channel: Channel, caller: Caller) => void;
