import { type Clock, OperatingError, withAbort } from '@plumb/base';
import { itemCost } from './item-cost.ts';
import { STREAM_CREDIT_ITEMS, STREAM_PIECE_BYTES } from './limits.ts';

export type Batch = { readonly items: readonly unknown[]; readonly isEnd: boolean };

const NOT_YET = Promise.resolve(undefined);

/** Reads a stream in batches: waits for one item, then takes those that are here already, 1 MiB or 512 of them at most. */
export class BatchReader {
  readonly #items: AsyncIterator<unknown, undefined>;
  readonly #clock: Clock;
  /** An item that was asked for and had not come when the last batch ended. */
  #next: Promise<IteratorResult<unknown, undefined>> | undefined;

  constructor(items: AsyncIterator<unknown, undefined>, clock: Clock) {
    this.#items = items;
    this.#clock = clock;
  }

  /** One read at a time. @throws OperatingError `deadline` when no item comes within `timeoutMs`, and what the stream throws. */
  async read(timeoutMs: number): Promise<Batch> {
    const items: unknown[] = [];
    let cost = 0;
    let next: IteratorResult<unknown, undefined> | undefined = await this.#wait(timeoutMs);
    for (; next !== undefined; next = await this.#takeReady()) {
      if (next.done === true) return { items, isEnd: true };
      items.push(next.value);
      cost += itemCost(next.value, STREAM_PIECE_BYTES);
      if (cost >= STREAM_CREDIT_ITEMS) break;
    }
    return { items, isEnd: false };
  }

  /** Ends the stream. */
  leave(): void {
    void Promise.try(() => this.#items.return?.()).catch(() => undefined);
  }

  async #wait(timeoutMs: number): Promise<IteratorResult<unknown, undefined>> {
    const next = this.#next ?? this.#items.next();
    this.#next = undefined;
    const late = new AbortController();
    using _timer = this.#clock.after(timeoutMs, () =>
      late.abort(new OperatingError('deadline', `no item of the stream came within ${Math.ceil(timeoutMs)} ms`)),
    );
    return await withAbort(next, late.signal);
  }

  async #takeReady(): Promise<IteratorResult<unknown, undefined> | undefined> {
    this.#next = this.#items.next();
    // An error comes after the items that came before it: with the next read.
    const next = await Promise.race([this.#next, NOT_YET]).catch(() => undefined);
    if (next !== undefined) this.#next = undefined;
    return next;
  }
}
