import { type Clock, type Log, silentLog, systemClock } from '@plumb/base';
import type { CallContext } from './call-context.ts';
import type { Channel, Liveness } from './channel.ts';
import type { Caller } from './contract.ts';
import type { CallRequest, CallSession, CallSink, OutgoingCalls } from './outgoing-calls.ts';
import { openSession } from './session.ts';

/** What the functions and streams need that are given to calls, since the other side calls them. */
export type ClientSessionOptions = {
  readonly clock?: Clock | undefined;
  /** Where their bugs are told. Silent where it is left out. */
  readonly log?: Log | undefined;
  readonly context?: CallContext | undefined;
};

/** Who calls a function that was given to a call: whoever is over there, who needs no scopes for that. */
const SERVICE: Caller = { id: 'the service', scopes: [] };

/** The caller's side of one channel. */
export class ClientSession implements CallSession {
  readonly closed: AbortSignal;
  readonly #channel: Channel;
  readonly #calls: OutgoingCalls;

  constructor(channel: Channel, { clock = systemClock, log = silentLog, context }: ClientSessionOptions = {}) {
    this.#channel = channel;
    this.closed = channel.closed;
    this.#calls = openSession(channel, SERVICE, { clock, log, context });
  }

  /**
   * Sends the call and returns its number. Functions and streams in its input can be called back until it ends.
   * @throws OperatingError `invalid` where it cannot be encoded, `exhausted` where it is too large or too many run.
   */
  start(request: CallRequest, sink: CallSink): number {
    return this.#calls.start(request, sink);
  }

  /** Forgets the call and tells the service, unless the call has ended. Its sink hears nothing more. */
  cancel(id: number): void {
    this.#calls.cancel(id);
  }

  grant(id: number, count: number): void {
    this.#calls.grant(id, count);
  }

  /** `alive` where the channel cannot tell. */
  get liveness(): Liveness {
    return this.#channel.liveness?.() ?? 'alive';
  }

  onLiveness(listener: (liveness: Liveness) => void): void {
    this.#channel.onLiveness?.(listener);
  }

  close(): void {
    this.#channel.close();
  }
}
