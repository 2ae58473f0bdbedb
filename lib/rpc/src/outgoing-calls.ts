/** The calls that this side of a channel makes: it numbers them and hands each answer to whom it is for. */
import { errorFromData, OperatingError } from '@plumb/base';
import { CallTable } from './call-table.ts';
import type { Channel } from './channel.ts';
import { extractReferences } from './extract-references.ts';
import { CALLS_IN_FLIGHT_MAX } from './limits.ts';
import { markNotRun } from './not-run.ts';
import type { OfferedReferences } from './offered-references.ts';
import { checkCounts } from './place-references.ts';
import type { CallMessage, Reference, ServerMessage } from './protocol.ts';

/** Who waits for a call. At most one of `onResult`, `onEnd` and `onError` is called, once, and nothing after it. */
export type CallSink = {
  readonly onResult: (value: unknown) => void;
  readonly onItem: (value: unknown, cost: number) => void;
  readonly onEnd: () => void;
  readonly onError: (error: OperatingError, fate: CallFate) => void;
};

/**
 * What became of a call that failed. `answered`: the other side says so. `lost`: it was sent, its connection was lost,
 * and its input can be sent again. `unsent`: its connection was lost before. `final`: it was lost, and what its input
 * refers to may have been used.
 */
export type CallFate = 'answered' | 'lost' | 'unsent' | 'final';

export type CallRequest = Omit<CallMessage, 'kind' | 'id' | 'references'>;

/** What a call is made on: one channel, or, within a call, the way back to who made it. */
export type CallSession = Pick<OutgoingCalls, 'closed' | 'start' | 'cancel' | 'grant'>;

type Waiting = {
  readonly method: string;
  readonly sink: CallSink;
  /** What the input of the call refers to, if anything. */
  references: readonly Reference[] | undefined;
};

export class OutgoingCalls {
  readonly closed: AbortSignal;
  readonly #channel: Channel;
  readonly #offered: OfferedReferences;
  readonly #waiting = new CallTable<Waiting>();
  #lastId = 0;

  constructor(channel: Channel, offered: OfferedReferences) {
    this.#channel = channel;
    this.#offered = offered;
    this.closed = channel.closed;
  }

  /**
   * Sends the call and returns its number. Functions and streams in its input can be called back until it ends.
   * @throws OperatingError `invalid` where it cannot be encoded, `exhausted` where it is too large or too many run.
   */
  start(request: CallRequest, sink: CallSink): number {
    const { method } = request;
    if (this.#waiting.size >= CALLS_IN_FLIGHT_MAX) {
      const advice = `at most ${CALLS_IN_FLIGHT_MAX} calls wait for answers on one connection: await some`;
      throw markNotRun(new OperatingError('exhausted', `${method} was not called: ${advice}`));
    }
    this.#lastId += 1;
    const id = this.#lastId;
    if (this.closed.aborted) {
      queueMicrotask(() => sink.onError(unsent(method, this.closed.reason), 'unsent'));
      return id;
    }
    // Before it is sent, since a send that finds the channel overfull closes it and fails all that wait.
    const waiting: Waiting = { method, sink, references: undefined };
    this.#waiting.add(id, waiting);
    try {
      this.#send(id, request, waiting);
    } catch (error) {
      this.#waiting.delete(id);
      throw error instanceof OperatingError ? markNotRun(error) : error;
    }
    return id;
  }

  /** Forgets the call and tells the service, unless the call has ended. Its sink hears nothing more. */
  cancel(id: number): void {
    if (this.#take(id) !== undefined) this.#channel.send({ kind: 'cancel', id });
  }

  grant(id: number, count: number): void {
    if (this.#waiting.get(id) !== undefined) this.#channel.send({ kind: 'credit', id, count });
  }

  /** Says that `ref`, which came with the other side's call `callId`, will not be called any more. */
  release(callId: number, ref: number): void {
    this.#channel.send({ kind: 'release', id: callId, ref });
  }

  onItem(id: number, value: unknown, cost: number): void {
    this.#waiting.get(id)?.sink.onItem(value, cost);
  }

  /** The last message of a call. A late one, for a call that was cancelled, is for nobody. */
  onAnswer(message: Extract<ServerMessage, { readonly kind: 'result' | 'end' | 'error' }>, id: number): void {
    const sink = this.#take(id)?.sink;
    if (sink === undefined) return;
    switch (message.kind) {
      case 'result':
        return sink.onResult(message.value);
      case 'end':
        return sink.onEnd();
      case 'error': {
        const error = errorFromData(message.error);
        return sink.onError(message.notRun === true ? markNotRun(error) : error, 'answered');
      }
    }
  }

  /** The channel is closed, or as good as that: nothing that was sent is answered any more. */
  failAll(reason: unknown): void {
    for (const id of this.#waiting.ids()) {
      const waiting = this.#take(id);
      if (waiting === undefined) continue;
      const { method, sink, references } = waiting;
      sink.onError(lost(method, reason), references === undefined ? 'lost' : 'final');
    }
  }

  /** References are looked for only where a channel has refused the input as it is: most calls have none. */
  #send(id: number, request: CallRequest, waiting: Waiting): void {
    const { method, input } = request;
    try {
      return this.#channel.send({ kind: 'call', id, ...request });
    } catch (error) {
      if (!(error instanceof OperatingError) || error.code !== 'invalid') throw error;
      const extracted = extractReferences(input);
      if (extracted === undefined) throw error;
      checkCounts(extracted.found);
      waiting.references = this.#offered.offer(id, method, extracted.found);
      // A key would let a second try be answered, which cannot use what the first one brought.
      const { key: _key, ...rest } = request;
      try {
        const { references } = waiting;
        return this.#channel.send({ kind: 'call', id, ...rest, input: extracted.input, references });
      } catch (second) {
        this.#offered.revoke(waiting.references, ended(method));
        throw second;
      }
    }
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.delete(id);
    if (waiting === undefined) return undefined;
    if (waiting.references !== undefined) this.#offered.revoke(waiting.references, ended(waiting.method));
    return waiting;
  }
}

function ended(method: string): OperatingError {
  return new OperatingError('unavailable', `${method} has ended`);
}

function lost(method: string, reason: unknown): OperatingError {
  return new OperatingError('unavailable', `${method} may or may not have run: ${whyOf(reason)}`, { cause: reason });
}

function unsent(method: string, reason: unknown): OperatingError {
  const error = new OperatingError('unavailable', `${method} was not called: ${whyOf(reason)}`, { cause: reason });
  return markNotRun(error);
}

function whyOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : 'the connection was lost';
}
