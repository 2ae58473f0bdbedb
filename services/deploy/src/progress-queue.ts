/** Hands on what one task tells to one reader, and ends with the task. The task never waits for the reader. */
export class ProgressQueue<T> {
  readonly #waiting: T[] = [];
  #isEnded = false;
  #wake = Promise.withResolvers<void>();

  readonly push = (item: T): void => {
    this.#waiting.push(item);
    this.#wake.resolve();
  };

  readonly end = (): void => {
    this.#isEnded = true;
    this.#wake.resolve();
  };

  async *items(): AsyncGenerator<T> {
    for (;;) {
      const item = this.#waiting.shift();
      if (item !== undefined) {
        yield item;
      } else {
        if (this.#isEnded) return;
        this.#wake = Promise.withResolvers<void>();
        await this.#wake.promise;
      }
    }
  }
}
