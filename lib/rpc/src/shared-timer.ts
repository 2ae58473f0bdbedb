/**
 * One timer of a clock for many that are nearly all cancelled, as deadlines of calls are: it is set for the earliest that
 * was ever asked for and not set back when that is cancelled, so a call that ends in time costs two comparisons rather
 * than a timer. When it goes off it looks at all that wait.
 */
import type { Clock, Timer } from '@plumb/base';

/** A timer that nothing waits for may stay set for so long, since the next call will want one; a later one is cancelled. */
const IDLE_MS_MAX = 60_000;

/** `clock`, with `after` on one shared timer. What is run there must not throw. */
export function withSharedTimer(clock: Clock): Clock {
  const timers = new SharedTimer(clock);
  return {
    now: () => clock.now(),
    monotonicMs: () => clock.monotonicMs(),
    every: (periodMs, run) => clock.every(periodMs, run),
    after: (delayMs, run) => timers.after(delayMs, run),
  };
}

class SharedTimer {
  readonly #clock: Clock;
  /** The head of a ring of those that wait. */
  readonly #head = new Waiting();
  #timer: Timer | undefined;
  #setForMs = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  after(delayMs: number, run: () => void): Timer {
    const waiting = new Waiting(this, this.#clock.monotonicMs() + delayMs, run);
    waiting.linkBefore(this.#head);
    if (waiting.dueAtMs < this.#setForMs) this.#set(waiting.dueAtMs);
    return waiting;
  }

  onCancel(): void {
    const isIdle = this.#head.next === this.#head;
    if (isIdle && this.#setForMs - this.#clock.monotonicMs() > IDLE_MS_MAX) this.#unset();
  }

  #set(dueAtMs: number): void {
    this.#unset();
    this.#setForMs = dueAtMs;
    const delayMs = Math.max(0, Math.ceil(dueAtMs - this.#clock.monotonicMs()));
    this.#timer = this.#clock.after(delayMs, () => this.#onTime());
  }

  #unset(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#setForMs = Infinity;
  }

  #onTime(): void {
    this.#unset();
    const nowMs = this.#clock.monotonicMs();
    const due: Waiting[] = [];
    let nextMs = Infinity;
    for (let one = this.#head.next; one !== this.#head; one = one.next) {
      if (one.dueAtMs <= nowMs) due.push(one);
      else nextMs = Math.min(nextMs, one.dueAtMs);
    }
    if (nextMs < Infinity) this.#set(nextMs);
    for (const one of due.toSorted((a, b) => a.dueAtMs - b.dueAtMs)) one.fire();
  }
}

class Waiting implements Timer {
  readonly dueAtMs: number;
  readonly #owner: SharedTimer | undefined;
  #run: (() => void) | undefined;
  #previous: Waiting = this;
  #next: Waiting = this;

  constructor(owner?: SharedTimer, dueAtMs = Infinity, run?: () => void) {
    this.#owner = owner;
    this.dueAtMs = dueAtMs;
    this.#run = run;
  }

  get next(): Waiting {
    return this.#next;
  }

  linkBefore(other: Waiting): void {
    this.#previous = other.#previous;
    this.#next = other;
    other.#previous.#next = this;
    other.#previous = this;
  }

  /** Unless it was cancelled. */
  fire(): void {
    const run = this.#run;
    this.#unlink();
    run?.();
  }

  cancel(): void {
    if (this.#run === undefined) return;
    this.#unlink();
    this.#owner?.onCancel();
  }

  [Symbol.dispose](): void {
    this.cancel();
  }

  /** It points at nothing that waits longer, which would keep that in memory. */
  #unlink(): void {
    this.#run = undefined;
    this.#previous.#next = this.#next;
    this.#next.#previous = this.#previous;
    this.#previous = this;
    this.#next = this;
  }
}
