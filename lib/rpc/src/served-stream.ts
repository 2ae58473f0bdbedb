/** One stream that answers a call: pulled only as far as its reader has asked for, and closed with `return()`. */
import { itemCost } from './item-cost.ts';
import { STREAM_TURN_ITEMS } from './limits.ts';
import { StreamCredit } from './stream-credit.ts';
import { atTurnEnd } from './turn.ts';

export type ServedStreamOptions = {
  /** What the reader lets it send at once, and the bytes of an item that one credit is for, as the call has it. */
  readonly credit: number;
  readonly pieceBytes: number | undefined;
  /** What may be sent of an item. */
  readonly check: (item: unknown) => unknown;
  readonly send: (value: unknown, cost: number) => void;
  /** Runs `work` as part of the call. */
  readonly within: <T>(work: () => T) => T;
};

export class ServedStream {
  readonly #options: ServedStreamOptions;
  readonly #credit: StreamCredit;
  #iterator: AsyncIterator<unknown> | undefined;
  #isAborted = false;

  constructor(items: AsyncIterable<unknown>, options: ServedStreamOptions) {
    this.#options = options;
    this.#credit = new StreamCredit(options.credit);
    this.#iterator = options.within(() => items[Symbol.asyncIterator]());
  }

  /** Resolves when the last item is sent, or when it was aborted and what was under way has ended. Throws as it does. */
  async run(): Promise<void> {
    const { check, send, within, pieceBytes } = this.#options;
    const pull = (): Promise<IteratorResult<unknown>> | undefined => this.#iterator?.next();
    try {
      for (let count = 1; ; count += 1) {
        if (this.#credit.isSpent && !this.#isAborted) await this.#credit.wait();
        if (this.#isAborted) return;
        const next = await within(pull);
        if (this.#isAborted || next?.done !== false) return;
        const value = check(next.value);
        const cost = pieceBytes === undefined ? 1 : itemCost(value, pieceBytes);
        this.#credit.spend(cost);
        send(value, cost);
        if (count % STREAM_TURN_ITEMS === 0) await new Promise<void>(atTurnEnd);
      }
    } catch (error) {
      this.#return();
      throw error;
    }
  }

  addCredit(count: number): void {
    this.#credit.add(count);
  }

  /** Nobody reads it any more. Safe to repeat. */
  abort(): void {
    this.#isAborted = true;
    this.#credit.wake();
    this.#return();
  }

  /** Lets the producer run its `finally`; whatever that throws has nobody left to tell. */
  #return(): void {
    const iterator = this.#iterator;
    this.#iterator = undefined;
    if (iterator?.return === undefined) return;
    void Promise.try(() => this.#options.within(() => iterator.return?.())).catch(() => undefined);
  }
}
