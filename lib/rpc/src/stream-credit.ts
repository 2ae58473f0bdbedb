import { STREAM_CREDIT_ITEMS_MAX } from './limits.ts';

/** What the reader of one stream lets the service send. The last item may take more than is left. */
export class StreamCredit {
  #left: number;
  #wake: (() => void) | undefined;

  constructor(count: number) {
    this.#left = count;
  }

  get isSpent(): boolean {
    return this.#left <= 0;
  }

  spend(cost: number): void {
    this.#left -= cost;
  }

  add(count: number): void {
    this.#left = Math.min(this.#left + count, STREAM_CREDIT_ITEMS_MAX);
    if (!this.isSpent) this.wake();
  }

  /** Ends a wait although there may be no credit: the stream is over. */
  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  /** Resolves at the next `add` that leaves credit, or at `wake`. */
  wait(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    return promise;
  }
}
