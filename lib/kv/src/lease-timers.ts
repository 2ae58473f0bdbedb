/**
 * When leases end: one timer each, which a keep-alive does not touch; the timer looks at the deadline when it comes due.
 * The lease itself, its record and its keys are the store's. Time stands for what this process saw of it: a lease has
 * its whole time to live again after a restart.
 */
import type { Clock, Timer } from '@plumb/base';
import type { Lease } from './kv.ts';

/** Between tries to delete the keys of an ended lease, when the disk refuses: soon, but no storm. */
const EXPIRY_RETRY_MS = 1_000;

type Running = { readonly ttlMs: number; deadlineMs: number; timer: Timer | undefined; hasEnded: boolean };

export class LeaseTimers {
  readonly #running = new Map<string, Running>();
  readonly #clock: Clock;
  readonly #expire: (leaseId: string) => Promise<void>;

  /** `expire` deletes an ended lease; when it rejects, it is called again later. */
  constructor(clock: Clock, expire: (leaseId: string) => Promise<void>) {
    this.#clock = clock;
    this.#expire = expire;
  }

  start({ leaseId, ttlMs }: Lease): void {
    const running: Running = { ttlMs, deadlineMs: 0, timer: undefined, hasEnded: false };
    this.#running.set(leaseId, running);
    this.keepAlive(leaseId);
    this.#wait(leaseId, running, ttlMs);
  }

  /** Its time to live, undefined when the lease has ended, though its keys may still be there for a moment. */
  keepAlive(leaseId: string): number | undefined {
    const running = this.#running.get(leaseId);
    if (running === undefined || running.hasEnded) return undefined;
    running.deadlineMs = this.#clock.monotonicMs() + running.ttlMs;
    return running.ttlMs;
  }

  /** 0 for a lease that has ended. */
  remainingMs(leaseId: string): number {
    const running = this.#running.get(leaseId);
    return running === undefined ? 0 : Math.max(0, running.deadlineMs - this.#clock.monotonicMs());
  }

  /** Forgets a lease that is no longer stored. */
  stop(leaseId: string): void {
    this.#running.get(leaseId)?.timer?.cancel();
    this.#running.delete(leaseId);
  }

  close(): void {
    for (const leaseId of this.#running.keys()) this.stop(leaseId);
  }

  #wait(leaseId: string, running: Running, delayMs: number): void {
    running.timer = this.#clock.after(delayMs, () => void this.#look(leaseId, running));
  }

  async #look(leaseId: string, running: Running): Promise<void> {
    const restMs = running.deadlineMs - this.#clock.monotonicMs();
    if (restMs > 0) {
      this.#wait(leaseId, running, restMs);
      return;
    }
    running.hasEnded = true;
    try {
      await this.#expire(leaseId);
    } catch {
      if (this.#running.get(leaseId) === running) this.#wait(leaseId, running, EXPIRY_RETRY_MS);
    }
  }
}
