/**
 * What blocking queries of the catalogue wait for, by name: when each changed last, and who is to be told.
 *
 * Invariant: the index of a topic never goes back. Of a topic that is forgotten, or never was touched, it is the floor,
 * which is at least that of whatever was forgotten.
 */
import { TOMBSTONES_MAX } from './limits.ts';

export class Topics {
  readonly #countMax: number;
  /** In the order of their last change. */
  readonly #indexes = new Map<string, number>();
  readonly #waiters = new Map<string, Set<() => void>>();
  #floor = 1;

  constructor(countMax = TOMBSTONES_MAX) {
    this.#countMax = countMax;
  }

  index(topic: string): number {
    return this.#indexes.get(topic) ?? this.#floor;
  }

  touch(topic: string, revision: number): void {
    this.#indexes.delete(topic);
    this.#indexes.set(topic, revision);
    const [oldest] = this.#indexes;
    if (this.#indexes.size > this.#countMax && oldest !== undefined) {
      this.#indexes.delete(oldest[0]);
      this.#floor = Math.max(this.#floor, oldest[1]);
    }
    this.#wake(topic);
  }

  /** Anything may have changed up to `revision`. */
  reset(revision: number): void {
    this.#indexes.clear();
    this.#floor = Math.max(this.#floor, revision);
    for (const topic of this.#waiters.keys()) this.#wake(topic);
  }

  /** Resolves at the next change of the topic, or when `signal` aborts. */
  async changed(topic: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    const waiters = this.#waiters.get(topic) ?? new Set();
    this.#waiters.set(topic, waiters.add(wake));
    signal.addEventListener('abort', wake);
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', wake);
      waiters.delete(wake);
      if (waiters.size === 0 && this.#waiters.get(topic) === waiters) this.#waiters.delete(topic);
    }
  }

  #wake(topic: string): void {
    const waiters = this.#waiters.get(topic);
    if (waiters === undefined) return;
    this.#waiters.delete(topic);
    for (const wake of waiters) wake();
  }
}
