/**
 * When a process that ended by itself is started again, and when that is given up. Pure: times come in, a decision goes
 * out. The first restart is nearly immediate, since most deaths are accidents; further ones back off. Having been ready
 * for `stableMs` makes the next death an accident again. The budget counts deaths however long each copy lived in
 * between, so that a process that comes up and dies over and over is given up too.
 */
import { type Backoff, backoffDelayMs, type Random } from '@plumb/base';

export type RestartPolicy = {
  /** Before the first restart; long enough that a machine without memory is not hammered. */
  readonly firstDelayMs: number;
  /** Before the second and further restarts. */
  readonly backoff: Backoff;
  /** With this many deaths within `windowMs` the unit stays down. */
  readonly exitsMax: number;
  readonly windowMs: number;
  /** Being ready for this long ends a series of restarts. */
  readonly stableMs: number;
};

export const DEFAULT_RESTART_POLICY: RestartPolicy = {
  firstDelayMs: 20,
  backoff: { delayMsMin: 200, delayMsMax: 30_000 },
  exitsMax: 5,
  windowMs: 60_000,
  stableMs: 10_000,
};

/** What is remembered between deaths. Times are monotonic. */
export type RestartHistory = { readonly exitedAt: readonly number[]; readonly attempt: number };

export const EMPTY_HISTORY: RestartHistory = { exitedAt: [], attempt: 0 };

export type RestartDecision =
  | { readonly kind: 'restart'; readonly delayMs: number; readonly history: RestartHistory }
  | {
      readonly kind: 'give-up';
      readonly exitCount: number;
      /** From the first of these deaths to the last. */
      readonly withinMs: number;
      readonly history: RestartHistory;
    };

/** `readyForMs` is how long the copy that died had been ready; 0 when it never was. */
export function decideRestart(
  policy: RestartPolicy,
  history: RestartHistory,
  death: { readonly at: number; readonly readyForMs: number },
  random: Random,
): RestartDecision {
  const exitedAt = [...recentExits(policy, history, death.at), death.at];
  const attempt = death.readyForMs >= policy.stableMs ? 0 : history.attempt;
  if (exitedAt.length >= policy.exitsMax) {
    const withinMs = death.at - (exitedAt[0] ?? death.at);
    return { kind: 'give-up', exitCount: exitedAt.length, withinMs, history: { exitedAt, attempt } };
  }
  const delayMs = attempt === 0 ? policy.firstDelayMs : backoffDelayMs(policy.backoff, attempt - 1, random);
  return { kind: 'restart', delayMs, history: { exitedAt, attempt: attempt + 1 } };
}

/** The deaths that count against the budget at `now`. */
export function recentExits({ windowMs }: RestartPolicy, { exitedAt }: RestartHistory, now: number): readonly number[] {
  return exitedAt.filter((at) => now - at < windowMs);
}
