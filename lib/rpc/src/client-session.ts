/** The caller's side of one channel: numbers the calls and hands each answer to whom it is for. */
import { errorFromData, OperatingError } from '@plumb/base';
import type { Channel, Liveness } from './channel.ts';
import { type ClientMessage, parseServerMessage, type ServerMessage } from './protocol.ts';

/** Who waits for a call. At most one of `onResult`, `onEnd` and `onError` is called, once, and nothing after it. */
export type CallSink = {
  readonly onResult: (value: unknown) => void;
  readonly onItem: (value: unknown, cost: number) => void;
  readonly onEnd: () => void;
  readonly onError: (error: OperatingError) => void;
};

export type CallRequest = {
  readonly method: string;
  readonly input: unknown;
  readonly deadlineMs?: number | undefined;
  readonly credit?: number | undefined;
  readonly pieceBytes?: number | undefined;
};

export class ClientSession {
  readonly closed: AbortSignal;
  readonly #channel: Channel;
  readonly #waiting = new Map<number, { readonly method: string; readonly sink: CallSink }>();
  #lastId = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
    this.closed = channel.closed;
    channel.closed.addEventListener('abort', () => this.#failAll());
    channel.receive((message) => this.#onMessage(message));
  }

  /** Sends the call and returns its number. @throws OperatingError `invalid` or `exhausted` where it cannot be encoded. */
  start({ method, ...rest }: CallRequest, sink: CallSink): number {
    this.#lastId += 1;
    const id = this.#lastId;
    if (this.closed.aborted) {
      queueMicrotask(() => sink.onError(lost(method, this.closed.reason)));
      return id;
    }
    // Before it is sent, since a send that finds the channel overfull closes it and fails all that wait.
    this.#waiting.set(id, { method, sink });
    try {
      this.#send({ kind: 'call', id, method, ...rest });
    } catch (error) {
      this.#waiting.delete(id);
      throw error;
    }
    return id;
  }

  /** Forgets the call and tells the service, unless the call has ended. Its sink hears nothing more. */
  cancel(id: number): void {
    if (this.#waiting.delete(id)) this.#send({ kind: 'cancel', id });
  }

  grant(id: number, count: number): void {
    if (this.#waiting.has(id)) this.#send({ kind: 'credit', id, count });
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

  #send(message: ClientMessage): void {
    this.#channel.send(message);
  }

  #onMessage(raw: unknown): void {
    const message = parseServerMessage(raw);
    if (message.kind === 'malformed' || message.id === undefined) return this.#channel.close();
    // A late answer to a call that was cancelled.
    const sink = this.#waiting.get(message.id)?.sink;
    if (sink === undefined) return;
    if (message.kind !== 'item') this.#waiting.delete(message.id);
    deliver(message, sink);
  }

  #failAll(): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { method, sink } of waiting) sink.onError(lost(method, this.closed.reason));
  }
}

function deliver(message: ServerMessage, sink: CallSink): void {
  switch (message.kind) {
    case 'result':
      return sink.onResult(message.value);
    case 'item':
      return sink.onItem(message.value, message.cost ?? 1);
    case 'end':
      return sink.onEnd();
    case 'error':
      return sink.onError(errorFromData(message.error));
  }
}

function lost(method: string, reason: unknown): OperatingError {
  const why = reason instanceof Error ? reason.message : 'the connection was lost';
  return new OperatingError('unavailable', `${method} may or may not have run: ${why}`, { cause: reason });
}
