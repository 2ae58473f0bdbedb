/** Lets a few queries run at a time and some wait, so that a hundred open boards do not hold a hundred result sets in memory. */
import { OperatingError } from '@plumb/base';

/** They share one thread: more at a time only makes all of them slower and larger. */
export const QUERIES_RUNNING_MAX = 8;
/** All panels of a few dozen boards that come due in the same moment. */
export const QUERIES_WAITING_MAX = 2_000;

export class QueryGate {
  readonly #waiting: (() => void)[] = [];
  #runningCount = 0;

  /**
   * Runs `query` when there is room, in order of asking.
   * @throws OperatingError `exhausted` when too many wait; the reason of `signal` as `deadline` when it aborts before its turn.
   */
  async run<T>(signal: AbortSignal, query: () => Promise<T>): Promise<T> {
    if (this.#runningCount >= QUERIES_RUNNING_MAX) await this.#turn(signal);
    else this.#runningCount += 1;
    try {
      return await query();
    } finally {
      // The place goes to the next in line, or becomes free.
      const next = this.#waiting.shift();
      if (next === undefined) this.#runningCount -= 1;
      else next();
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    if (this.#waiting.length >= QUERIES_WAITING_MAX) {
      throw new OperatingError('exhausted', `${QUERIES_WAITING_MAX} queries wait already: ask again later`);
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = (): void => {
      const index = this.#waiting.indexOf(resolve);
      // A turn that has been given is taken: the query itself looks at the signal.
      if (index === -1) return;
      this.#waiting.splice(index, 1);
      reject(new OperatingError('deadline', 'the query was cancelled before its turn came'));
    };
    this.#waiting.push(resolve);
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }
}
