/** Token buckets by sender: `burst` at once, then one each `periodMs`. */

/** Senders remembered at a time; beyond it the one that was idle longest is forgotten. */
const SENDERS_MAX = 10_000;

export type RateLimit = {
  /** Takes one token of `sender`, or says how long until there is one. 0 means taken. */
  readonly take: (sender: string) => number;
};

export function createRateLimit(options: { burst: number; periodMs: number; now: () => number }): RateLimit {
  const { burst, periodMs, now } = options;
  /** When each sender's bucket is full again: all that a bucket needs. In the order of last use. */
  const fullAt = new Map<string, number>();

  return {
    take: (sender) => {
      const at = now();
      const full = Math.max(at, fullAt.get(sender) ?? at) + periodMs;
      const waitMs = full - at - burst * periodMs;
      if (waitMs > 0) return waitMs;
      fullAt.delete(sender);
      fullAt.set(sender, full);
      const [oldest] = fullAt.keys();
      if (fullAt.size > SENDERS_MAX && oldest !== undefined) fullAt.delete(oldest);
      return 0;
    },
  };
}
