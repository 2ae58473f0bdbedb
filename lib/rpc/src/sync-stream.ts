import type { SyncLink } from './sync-link.ts';

export type SyncStreamStart = {
  /** The number of the call that it answers. */
  readonly id: number;
  /** What has come with the answer. */
  readonly items: readonly unknown[];
  readonly isEnd: boolean;
  readonly timeoutMs: number;
};

/** A stream that is read by waiting for it. Leaving it early cancels it at the service. */
export class SyncStream implements IterableIterator<unknown, undefined> {
  readonly #link: SyncLink;
  readonly #id: number;
  readonly #timeoutMs: number;
  #items: readonly unknown[];
  #readCount = 0;
  #isEnd: boolean;

  constructor(link: SyncLink, { id, items, isEnd, timeoutMs }: SyncStreamStart) {
    this.#link = link;
    this.#id = id;
    this.#timeoutMs = timeoutMs;
    this.#items = items;
    this.#isEnd = isEnd;
  }

  /** @throws OperatingError `deadline` when no item comes in time, and what the producer throws. The stream has ended then. */
  next(): IteratorResult<unknown, undefined> {
    if (this.#readCount === this.#items.length && !this.#isEnd) this.#pull();
    if (this.#readCount === this.#items.length) return { done: true, value: undefined };
    this.#readCount += 1;
    return { done: false, value: this.#items[this.#readCount - 1] };
  }

  return(): IteratorResult<unknown, undefined> {
    if (!this.#isEnd) this.#link.leave(this.#id);
    this.#isEnd = true;
    this.#items = [];
    this.#readCount = 0;
    return { done: true, value: undefined };
  }

  [Symbol.iterator](): this {
    return this;
  }

  #pull(): void {
    this.#items = [];
    this.#readCount = 0;
    // Whatever it throws is the end of it.
    this.#isEnd = true;
    const reply = this.#link.pull(this.#id, this.#timeoutMs);
    if (reply.kind !== 'items') return;
    this.#items = reply.items;
    this.#isEnd = reply.isEnd;
  }
}
