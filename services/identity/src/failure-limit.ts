/**
 * Slows down whoever guesses: each address may be wrong `FAILURES_MAX` times, and gets one more try every
 * `REFILL_MS`. It limits failures, not requests, so that an honest client never notices it.
 */
import type { Clock } from '@plumb/base';

/** A person mistypes or a script runs with an old token a few times; nobody is honestly wrong more often. */
const FAILURES_MAX = 10;
const REFILL_MS = 6_000;
/** Addresses that are remembered; the one that was wrong longest ago is forgotten first. */
const ADDRESSES_MAX = 10_000;

type Bucket = { failures: number; at: number };

export class FailureLimit {
  readonly #buckets = new Map<string, Bucket>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How long `address` has to wait before it may try again; 0 when it may now. */
  waitMs(address: string): number {
    const bucket = this.#buckets.get(address);
    if (bucket === undefined) return 0;
    const left = this.#failuresLeft(bucket);
    return left < FAILURES_MAX ? 0 : Math.ceil((left - FAILURES_MAX + 1) * REFILL_MS);
  }

  recordFailure(address: string): void {
    const bucket = this.#buckets.get(address);
    const failures = (bucket === undefined ? 0 : this.#failuresLeft(bucket)) + 1;
    this.#buckets.delete(address);
    this.#buckets.set(address, { failures, at: this.#clock.monotonicMs() });
    const oldest = this.#buckets.keys().next().value;
    if (this.#buckets.size > ADDRESSES_MAX && oldest !== undefined) this.#buckets.delete(oldest);
  }

  #failuresLeft({ failures, at }: Bucket): number {
    return Math.max(0, failures - (this.#clock.monotonicMs() - at) / REFILL_MS);
  }
}
