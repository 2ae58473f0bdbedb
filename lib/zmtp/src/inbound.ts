/** Messages that wait to be received, taken from peers in turn: one that sends much does not keep others from being heard. */
import { OperatingError } from '@plumb/base';
import { Fifo } from './fifo.ts';
import { QUEUE_BYTES_MAX } from './options.ts';
import type { Message, Pipe } from './pipe.ts';

/** `receive` calls that wait at once: more than a program means to have. */
const RECEIVERS_MAX = 1_024;

type Receiver = { readonly resolve: (message: Message) => void; readonly reject: (reason: unknown) => void };

export class Inbound {
  readonly #highWaterMark: number;
  readonly #take: (message: Message) => Message;
  /** Pipes with messages, the next one to be heard first. */
  readonly #ready = new Fifo<Pipe>();
  readonly #receivers = new Fifo<Receiver>();
  #failure: OperatingError | undefined;
  #closed: OperatingError | undefined;

  /** `take` is told of each message as it is handed over, and returns what the receiver sees. */
  constructor(highWaterMark: number, take: (message: Message) => Message) {
    this.#highWaterMark = highWaterMark;
    this.#take = take;
  }

  /** False when the pipe's inbox has reached its mark: nothing more may be read from its peer. */
  offer(pipe: Pipe, message: Message): boolean {
    const receiver = this.#receivers.shift();
    if (receiver !== undefined) {
      receiver.resolve(this.#take(message));
      return true;
    }
    if (pipe.inbox.length === 0) this.#ready.push(pipe);
    pipe.inbox.push(message);
    pipe.inboxBytes += sizeOf(message);
    pipe.isHalted = pipe.inbox.length >= this.#highWaterMark || pipe.inboxBytes >= QUEUE_BYTES_MAX;
    return !pipe.isHalted;
  }

  /** @throws OperatingError of `fail` or `close`. */
  tryReceive(): Message | undefined {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
    const pipe = this.#ready.shift();
    const message = pipe?.inbox.shift();
    if (pipe === undefined || message === undefined) {
      if (this.#closed !== undefined) throw this.#closed;
      return undefined;
    }
    if (pipe.inbox.length > 0) this.#ready.push(pipe);
    pipe.inboxBytes -= sizeOf(message);
    if (pipe.isHalted && pipe.inbox.length * 2 <= this.#highWaterMark && pipe.inboxBytes * 2 <= QUEUE_BYTES_MAX) {
      pipe.isHalted = false;
      pipe.carrier?.resume();
    }
    return this.#take(message);
  }

  /** Rejects with the signal's reason, and with that of `fail` and `close`; with `exhausted` when too many wait. */
  async receive(signal?: AbortSignal): Promise<Message> {
    signal?.throwIfAborted();
    const message = this.tryReceive();
    if (message !== undefined) return message;
    if (this.#receivers.length >= RECEIVERS_MAX) {
      throw new OperatingError('exhausted', `${RECEIVERS_MAX} receivers wait already: use one loop`);
    }
    const { promise, resolve, reject } = Promise.withResolvers<Message>();
    const receiver = { resolve, reject };
    this.#receivers.push(receiver);
    if (signal === undefined) return promise;
    const stop = (): void => {
      this.#receivers.delete(receiver);
      reject(signal.reason);
    };
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** The next receiver gets `reason` instead of a message. */
  fail(reason: OperatingError): void {
    const receiver = this.#receivers.shift();
    if (receiver === undefined) this.#failure = reason;
    else receiver.reject(reason);
  }

  /** Takes back a `fail` that nobody was told of. */
  forgive(): void {
    this.#failure = undefined;
  }

  /** Receivers that wait get `reason`, later ones do once nothing is left. */
  close(reason: OperatingError): void {
    this.#closed = reason;
    for (let next = this.#receivers.shift(); next !== undefined; next = this.#receivers.shift()) next.reject(reason);
  }
}

function sizeOf({ parts }: Message): number {
  let bytes = 0;
  for (const part of parts) bytes += part.length;
  return bytes;
}
