/**
 * Which values want a topic that begins with what they asked for. Prefixes are held whole, by length: memory follows
 * their bytes, where a tree of bytes costs a node for each, and a lookup is one per length that is in use.
 */
export class PrefixIndex<T> {
  readonly #byPrefix = new Map<string, Set<T>>();
  readonly #countOfLength = new Map<number, number>();
  #lengths: number[] = [];

  /** True if nobody had asked for this prefix. */
  add(prefix: string, value: T): boolean {
    const values = this.#byPrefix.get(prefix);
    if (values !== undefined) {
      values.add(value);
      return false;
    }
    this.#byPrefix.set(prefix, new Set([value]));
    this.#count(prefix.length, 1);
    return true;
  }

  /** True if nobody is left who asks for this prefix. Nothing happens for a value that did not. */
  delete(prefix: string, value: T): boolean {
    const values = this.#byPrefix.get(prefix);
    if (values === undefined || !values.delete(value) || values.size > 0) return false;
    this.#byPrefix.delete(prefix);
    this.#count(prefix.length, -1);
    return true;
  }

  /** Calls `found` for each match; twice for a value with two prefixes of the topic. `topic` is read as bytes. */
  match(topic: Buffer, found: (value: T) => void): void {
    for (const length of this.#lengths) {
      if (length > topic.length) return;
      const values = this.#byPrefix.get(length === 0 ? '' : topic.toString('latin1', 0, length));
      if (values !== undefined) for (const value of values) found(value);
    }
  }

  prefixes(): IterableIterator<string> {
    return this.#byPrefix.keys();
  }

  #count(length: number, change: number): void {
    const count = (this.#countOfLength.get(length) ?? 0) + change;
    if (count === 0) this.#countOfLength.delete(length);
    else this.#countOfLength.set(length, count);
    if (count === 0 || (count === 1 && change === 1)) {
      this.#lengths = [...this.#countOfLength.keys()].toSorted((a, b) => a - b);
    }
  }
}
