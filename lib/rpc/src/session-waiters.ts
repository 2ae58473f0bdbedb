import { holdProcess, OperatingError, withAbort } from '@plumb/base';
import { CALLS_IN_FLIGHT_MAX } from './limits.ts';

/** The calls that wait for a session. Nothing is kept of those that gave up. The program does not end while there are any. */
export class SessionWaiters {
  readonly #waiting = new Set<PromiseWithResolvers<void>>();
  #hold: Disposable | undefined;

  get count(): number {
    return this.#waiting.size;
  }

  /**
   * Resolves at the next `wake`. Rejects with what `fail` was given, or with the reason of `signal` when it aborts.
   * @throws OperatingError `exhausted` where `CALLS_IN_FLIGHT_MAX` wait already; `trouble` says what for.
   */
  async wait(signal: AbortSignal, trouble: () => string | undefined): Promise<void> {
    if (this.#waiting.size >= CALLS_IN_FLIGHT_MAX) {
      const why = trouble() ?? 'it is being opened';
      throw new OperatingError('exhausted', `${this.#waiting.size} calls wait for a connection: ${why}`);
    }
    const waiter = Promise.withResolvers<void>();
    this.#waiting.add(waiter);
    this.#hold ??= holdProcess();
    try {
      await withAbort(waiter.promise, signal);
    } finally {
      this.#waiting.delete(waiter);
      if (this.#waiting.size === 0) this.#release();
    }
  }

  wake(): void {
    for (const { resolve } of this.#waiting) resolve();
    this.#waiting.clear();
  }

  fail(reason: unknown): void {
    for (const { reject } of this.#waiting) reject(reason);
    this.#waiting.clear();
  }

  #release(): void {
    this.#hold?.[Symbol.dispose]();
    this.#hold = undefined;
  }
}
