import type { Random } from './random.ts';

export type Backoff = { readonly delayMsMin: number; readonly delayMsMax: number };

/**
 * How long to wait before try number `attempt` (0 for the first repeat): doubles from `delayMsMin` to `delayMsMax`, of
 * which the upper half is random, so that many who failed together do not come back together.
 */
export function backoffDelayMs({ delayMsMin, delayMsMax }: Backoff, attempt: number, random: Random): number {
  const full = Math.min(delayMsMax, delayMsMin * 2 ** Math.min(attempt, 30));
  return Math.round(full / 2 + (full / 2) * random.float());
}
