/**
 * Whether an instance that is connected is left out of the choice since it fails what it is asked. What to do with
 * one that cannot be connected to is another matter (`ReopenPace`).
 *
 * Invariants: it takes `EJECT_AFTER_FAILURES` failures with no success between them. While it is out, nothing that was
 * asked before counts; when its time is up, one call at a time is let through as a probe. A probe that succeeds brings
 * it back, one that fails puts it out for twice as long.
 */
import { type Backoff, backoffDelayMs, type Clock, type Random } from '@plumb/base';

/** Enough that a few bad requests among good ones put nobody out, few enough that a broken instance costs little. */
const EJECT_AFTER_FAILURES = 5;

/** A hiccup is over in a second; a broken release is asked once a minute. */
const EJECTION_BACKOFF: Backoff = { delayMsMin: 1_000, delayMsMax: 60_000 };

/** Who served this long since it came back is as good as new: its next time out is short again. */
const FORGIVEN_AFTER_MS = 60_000;

export type EjectionDependencies = {
  readonly clock: Clock;
  readonly random: Random;
  /** Whether one more may be left out. Asked when it is about to happen. */
  readonly mayEject: () => boolean;
};

export class Ejection {
  readonly #dependencies: EjectionDependencies;
  #failureCount = 0;
  /** How often in a row it was put out. */
  #ejectionCount = 0;
  #isEjected = false;
  #untilMs = -Infinity;
  #probedAtMs = Infinity;

  constructor(dependencies: EjectionDependencies) {
    this.#dependencies = dependencies;
  }

  get isEjected(): boolean {
    return this.#isEjected;
  }

  /** Failures in a row. */
  get failureCount(): number {
    return this.#failureCount;
  }

  /** Whether its time is up: the next call should go there, to see how it is. */
  get isProbeDue(): boolean {
    return this.#isEjected && this.#dependencies.clock.monotonicMs() >= this.#untilMs;
  }

  /** The next call goes there. Where none follows, or it does not end, a probe is due once more after as long again. */
  probe(): void {
    const nowMs = this.#dependencies.clock.monotonicMs();
    this.#probedAtMs = Math.min(this.#probedAtMs, nowMs);
    this.#untilMs = nowMs + this.#delayMs(this.#ejectionCount - 1);
  }

  /** A call that was made at `startedAtMs` (monotonic) was answered. Returns whether that brought it back. */
  succeeded(startedAtMs: number): boolean {
    if (this.#isEjected && startedAtMs < this.#probedAtMs) return false;
    const wasEjected = this.#isEjected;
    this.#failureCount = 0;
    this.#isEjected = false;
    if (wasEjected) this.#untilMs = this.#dependencies.clock.monotonicMs();
    return wasEjected;
  }

  /** A call that was made at `startedAtMs` failed. Returns whether that put it out, or kept it out. */
  failed(startedAtMs: number): boolean {
    const { clock, mayEject } = this.#dependencies;
    if (this.#isEjected && startedAtMs < this.#probedAtMs) return false;
    this.#failureCount += 1;
    if (!this.#isEjected && (this.#failureCount < EJECT_AFTER_FAILURES || !mayEject())) return false;
    const nowMs = clock.monotonicMs();
    if (!this.#isEjected && nowMs - this.#untilMs >= FORGIVEN_AFTER_MS) this.#ejectionCount = 0;
    this.#isEjected = true;
    this.#probedAtMs = Infinity;
    this.#untilMs = nowMs + this.#delayMs(this.#ejectionCount);
    this.#ejectionCount += 1;
    return true;
  }

  #delayMs(attempt: number): number {
    return backoffDelayMs(EJECTION_BACKOFF, attempt, this.#dependencies.random);
  }
}
