/**
 * Something that is asked for again and again, and may hang, fail or say rubbish: what it said last stays, and trouble is
 * told as long as it lasts.
 */
import {
  backoffDelayMs,
  type Clock,
  describeError,
  formatDuration,
  OperatingError,
  type Random,
  sleep,
  withAbort,
} from '@plumb/base';

/** One load: a person waits for the start. */
export const LOAD_TIMEOUT_MS = 5_000;
/** After a failure it is asked again soon, and ever more rarely, but never more rarely than it is asked anyway. */
const RETRY = { delayMsMin: 500, delayMsMax: 60_000 } as const;
/** Of a period: so that many who started together do not ask together. The mean is the period. */
const JITTER = 0.1;
/** Loads that took too long and go on nevertheless: then no other is begun before one of them ends. */
const HUNG_LOADS_MAX = 4;

export type RepeatedLoadOptions<T> = {
  readonly load: (signal: AbortSignal) => Promise<T>;
  /** Between two loads; 0 for no other after the first that succeeds. */
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly onValue: (value: T) => void;
  /** What the trouble is; undefined when it is over. */
  readonly onTrouble: (trouble: string | undefined) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
};

export class RepeatedLoad<T> {
  readonly #options: RepeatedLoadOptions<T>;
  #failureCount = 0;
  #hungCount = 0;

  constructor(options: RepeatedLoadOptions<T>) {
    this.#options = options;
  }

  /** Resolves after the first load, good or not; goes on until the signal aborts. */
  async start(): Promise<void> {
    await this.load().catch(() => undefined);
    void this.#goOn();
  }

  /** Loads at once. @throws what the load throws, or OperatingError `deadline`; the trouble is told too. */
  async load(): Promise<void> {
    const { onValue, onTrouble, signal } = this.#options;
    try {
      const value = await this.#loadInTime();
      if (signal.aborted) return;
      onValue(value);
      this.#failureCount = 0;
      onTrouble(undefined);
    } catch (error) {
      this.#failureCount += 1;
      if (!signal.aborted) onTrouble(describeError(error));
      throw error;
    }
  }

  async #goOn(): Promise<void> {
    const { clock, signal } = this.#options;
    for (let delayMs = this.#nextMs(); delayMs !== undefined; delayMs = this.#nextMs()) {
      await sleep(clock, delayMs, signal);
      if (signal.aborted) return;
      await this.load().catch(() => undefined);
    }
  }

  #nextMs(): number | undefined {
    const { everyMs, random } = this.#options;
    if (this.#failureCount > 0) {
      const delayMsMax = everyMs > 0 ? Math.min(everyMs, RETRY.delayMsMax) : RETRY.delayMsMax;
      return backoffDelayMs(
        { delayMsMin: Math.min(RETRY.delayMsMin, delayMsMax), delayMsMax },
        this.#failureCount - 1,
        random,
      );
    }
    return everyMs > 0 ? everyMs * (1 - JITTER / 2 + JITTER * random.float()) : undefined;
  }

  async #loadInTime(): Promise<T> {
    const { load, timeoutMs, clock, signal } = this.#options;
    if (this.#hungCount >= HUNG_LOADS_MAX) {
      throw new OperatingError('exhausted', `${HUNG_LOADS_MAX} loads hang: none is begun until one of them ends`);
    }
    const late = new AbortController();
    using _timer = clock.after(timeoutMs, () => {
      late.abort(new OperatingError('deadline', `no answer within ${formatDuration(timeoutMs)}`));
    });
    const until = AbortSignal.any([signal, late.signal]);
    this.#hungCount += 1;
    const loading = Promise.resolve()
      .then(() => load(until))
      .finally(() => (this.#hungCount -= 1));
    // Who took too long may still fail.
    loading.catch(() => undefined);
    return await withAbort(loading, until);
  }
}
