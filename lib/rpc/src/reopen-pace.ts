import { type Backoff, backoffDelayMs, type Clock, type Random } from '@plumb/base';

/** Soon enough that a restart of the server is hardly noticed, seldom enough that a thousand clients do not hold it down. */
const REOPEN_BACKOFF: Backoff = { delayMsMin: 100, delayMsMax: 5_000 };

/** What stayed open this long was good: its loss is a new trouble, not the old one again. */
const STABLE_AFTER_MS = 10_000;

/**
 * When something that breaks is opened again: after 0.1 s, doubling to 5 s for as long as it fails or is lost soon
 * after it was opened. So a server that takes every connection and drops it is not stormed either.
 */
export class ReopenPace {
  readonly #clock: Clock;
  readonly #random: Random;
  #failureCount = 0;
  #openedAtMs = Infinity;
  #notBeforeMs = -Infinity;

  constructor({ clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Failures in a row; 0 after a good time. */
  get failureCount(): number {
    return this.#failureCount;
  }

  /** How long to wait before the next try; 0 for none. */
  get delayMs(): number {
    return Math.max(0, this.#notBeforeMs - this.#clock.monotonicMs());
  }

  opened(): void {
    this.#openedAtMs = Math.min(this.#openedAtMs, this.#clock.monotonicMs());
  }

  /** It could not be opened, or is lost after it was. */
  failed(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#openedAtMs >= STABLE_AFTER_MS) this.#failureCount = 0;
    this.#openedAtMs = Infinity;
    this.#notBeforeMs = nowMs + backoffDelayMs(REOPEN_BACKOFF, this.#failureCount, this.#random);
    this.#failureCount += 1;
  }
}
