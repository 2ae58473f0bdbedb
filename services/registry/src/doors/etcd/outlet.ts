import type { Writable } from 'node:stream';

/** Writes to a stream no faster than it is read, however many write at a time. */
export class Outlet {
  readonly #stream: Writable;
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on('drain', () => this.release());
  }

  /** Resolves when the next can be written. What is written after `release` by the end of the stream goes nowhere. */
  async write(chunk: unknown): Promise<void> {
    if (this.#stream.destroyed || this.#stream.writableEnded) return;
    if (this.#stream.write(chunk)) return;
    this.#drained ??= Promise.withResolvers();
    await this.#drained.promise;
  }

  /** Lets all who wait go on. */
  release(): void {
    this.#drained?.resolve();
    this.#drained = undefined;
  }
}
