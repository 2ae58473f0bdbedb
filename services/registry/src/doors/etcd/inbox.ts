/** What arrives for one reader: a queue that ends. */
export class Inbox<T> implements AsyncIterable<T> {
  readonly #values: T[] = [];
  readonly #sizeMax: number;
  readonly #onRoom: () => void;
  #isEnded = false;
  #failure: { readonly error: unknown } | undefined;
  #isFull = false;
  #arrived = Promise.withResolvers<void>();

  /** `onRoom` is called when there is room again after `push` has said that there is none. */
  constructor(sizeMax: number, onRoom: () => void) {
    this.#sizeMax = sizeMax;
    this.#onRoom = onRoom;
  }

  /** False when nothing more should be pushed for now. */
  push(value: T): boolean {
    this.#values.push(value);
    this.#isFull = this.#values.length >= this.#sizeMax;
    this.#arrived.resolve();
    return !this.#isFull;
  }

  /** The reader is given what is there, and then ends. Safe to call twice. */
  end(): void {
    this.#isEnded = true;
    this.#arrived.resolve();
  }

  /** The reader is given what is there, and then `error`. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const value = this.#values.shift();
      if (value !== undefined) {
        if (this.#isFull) {
          this.#isFull = false;
          this.#onRoom();
        }
        yield value;
      } else if (this.#isEnded) {
        if (this.#failure !== undefined) throw this.#failure.error;
        return;
      } else {
        this.#arrived = Promise.withResolvers<void>();
        await this.#arrived.promise;
      }
    }
  }
}
