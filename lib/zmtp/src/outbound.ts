/** `send` calls that wait for a peer with room, in their order. */
import { OperatingError } from '@plumb/base';
import { Fifo } from './fifo.ts';

/** Each holds a message; a program that has this many does not wait for its sends. */
const SENDERS_MAX = 1_024;

type Sender = {
  readonly parts: readonly Uint8Array[];
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
};

export class Outbound {
  readonly #senders = new Fifo<Sender>();
  readonly #trySend: (parts: readonly Uint8Array[]) => boolean;
  #isRunning = false;

  constructor(trySend: (parts: readonly Uint8Array[]) => boolean) {
    this.#trySend = trySend;
  }

  get length(): number {
    return this.#senders.length;
  }

  /** Rejects with the signal's reason, with that of `close`, and with `exhausted` when too many wait. */
  async wait(parts: readonly Uint8Array[], signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#senders.length >= SENDERS_MAX) {
      throw new OperatingError(
        'exhausted',
        `${SENDERS_MAX} messages wait for a peer that takes them: wait for each send`,
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sender = { parts, resolve, reject };
    this.#senders.push(sender);
    const stop = (): void => {
      this.#senders.delete(sender);
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', stop, { once: true });
    try {
      await promise;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  /** There may be room. */
  run(): void {
    // A send may make room by itself, by writing: one run is enough.
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      for (let next = this.#senders.peek(); next !== undefined; next = this.#senders.peek()) {
        try {
          if (!this.#trySend(next.parts)) return;
          next.resolve();
        } catch (error) {
          // What may not be sent at this moment is its sender's matter, not that of those behind it.
          next.reject(error);
        }
        this.#senders.shift();
      }
    } finally {
      this.#isRunning = false;
    }
  }

  close(reason: OperatingError): void {
    for (let next = this.#senders.shift(); next !== undefined; next = this.#senders.shift()) next.reject(reason);
  }
}
