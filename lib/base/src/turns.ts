/** Work that must not overlap, by a name: each piece begins when all earlier ones of the same name have ended. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name) ?? Promise.resolve();
    const turn = before.then(work);
    const settled = turn.catch(() => undefined);
    this.#last.set(name, settled);
    try {
      return await turn;
    } finally {
      if (this.#last.get(name) === settled) this.#last.delete(name);
    }
  }

  /** Resolves when all work that was begun so far has ended. */
  async settle(): Promise<void> {
    await Promise.all(this.#last.values());
  }
}
