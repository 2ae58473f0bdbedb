/**
 * Keys that cannot be locked for a while, because the session that held them has ended without letting go: its owner may
 * still believe that it holds them. In memory, as in Consul: a restart forgets them.
 */
import type { Clock } from '@plumb/base';
import { LOCK_DELAYS_MAX } from './limits.ts';

export class LockDelays {
  readonly #clock: Clock;
  /** Until when, monotonic, in the order in which they were delayed. */
  readonly #untilMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  delay(key: string, lengthMs: number): void {
    if (lengthMs <= 0) return;
    this.#untilMs.delete(key);
    this.#untilMs.set(key, this.#clock.monotonicMs() + lengthMs);
    const [oldest] = this.#untilMs.keys();
    if (this.#untilMs.size > LOCK_DELAYS_MAX && oldest !== undefined) this.#untilMs.delete(oldest);
  }

  isDelayed(key: string): boolean {
    const untilMs = this.#untilMs.get(key);
    if (untilMs === undefined) return false;
    if (untilMs > this.#clock.monotonicMs()) return true;
    this.#untilMs.delete(key);
    return false;
  }
}
