/**
 * A read that many make at once, such as all that a change has woken, is made once, and so is its JSON. Holds what one
 * turn of the event loop reads, at one revision of the store, so nothing old is ever answered and nothing is kept.
 */
export class SharedReads {
  readonly #revision: () => number;
  #reads = new Map<string, unknown>();
  #readAt = -1;

  constructor(revision: () => number) {
    this.#revision = revision;
  }

  /** What `read` made for `shape`, a text that says all that the result depends on but the store. */
  share<T>(shape: string, read: () => T): T {
    const revision = this.#revision();
    if (revision !== this.#readAt) {
      this.#reads = new Map();
      this.#readAt = revision;
    }
    if (this.#reads.has(shape)) return this.#reads.get(shape) as T;
    const result = read();
    if (this.#reads.size === 0) setImmediate(() => (this.#reads = new Map()));
    this.#reads.set(shape, result);
    return result;
  }
}
