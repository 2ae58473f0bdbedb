/**
 * Against reflection: who writes another's address on its questions has the answers sent there. Over UDP each source
 * may get so many bytes a second more than it sent; beyond that it gets answers that are no larger than the questions, which
 * tell a real client to come by TCP, where addresses are true. So nobody is refused, and nothing is amplified.
 */
import type { Clock } from '@plumb/base';

/** A real client asks some hundred times a second, for some hundred bytes more than it sent. */
export const EXCESS_BYTES_PER_S = 1_048_576;
/** Sources that are remembered: each costs about 200 bytes. The one that was met first is forgotten for a new one. */
export const SOURCES_MAX = 4_096;

type Bucket = { leftBytes: number; filledAtMs: number };

export class ExcessBudget {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Takes `bytes` from the source's budget where it has that much, and says whether it had. A full budget lasts a second. */
  take(source: string, bytes: number): boolean {
    if (bytes <= 0) return true;
    const bucket = this.#bucketOf(source);
    if (bucket.leftBytes < bytes) return false;
    bucket.leftBytes -= bytes;
    return true;
  }

  get sourceCount(): number {
    return this.#buckets.size;
  }

  #bucketOf(source: string): Bucket {
    const nowMs = this.#clock.monotonicMs();
    let bucket = this.#buckets.get(source);
    if (bucket === undefined) {
      if (this.#buckets.size === SOURCES_MAX) this.#buckets.delete(this.#buckets.keys().next().value ?? '');
      bucket = { leftBytes: EXCESS_BYTES_PER_S, filledAtMs: nowMs };
      this.#buckets.set(source, bucket);
      return bucket;
    }
    const earnedBytes = ((nowMs - bucket.filledAtMs) / 1_000) * EXCESS_BYTES_PER_S;
    bucket.leftBytes = Math.min(EXCESS_BYTES_PER_S, bucket.leftBytes + earnedBytes);
    bucket.filledAtMs = nowMs;
    return bucket;
  }
}
