import { type Clock, OperatingError } from '@plumb/base';

/** A silent connection is asked for a sign of life this often. */
export const HEARTBEAT_MS = 1_000;

/** Asked so often without any sign of life, the other side is dead: 5 s, longer than a busy process keeps still. */
export const HEARTBEATS_MISSED_MAX = 5;

export type Heartbeat = Disposable & {
  /** Something came from the other side. */
  readonly heard: () => void;
};

/**
 * Tells a dead peer from a silent one. Counts its own ticks rather than time: a process that was itself held up for ten
 * seconds reads what came meanwhile before it may call anybody dead.
 */
export function startHeartbeat(
  clock: Clock,
  { ping, dead }: { readonly ping: () => void; readonly dead: (reason: OperatingError) => void },
): Heartbeat {
  let missedCount = 0;
  let hasHeard = true;
  const timer = clock.every(HEARTBEAT_MS, () => {
    missedCount = hasHeard ? 0 : missedCount + 1;
    hasHeard = false;
    if (missedCount >= HEARTBEATS_MISSED_MAX) {
      timer.cancel();
      const silentMs = HEARTBEATS_MISSED_MAX * HEARTBEAT_MS;
      return dead(new OperatingError('unavailable', `no sign of life came for ${silentMs} ms`));
    }
    ping();
  });
  return {
    heard() {
      hasHeard = true;
    },
    [Symbol.dispose]: timer.cancel,
  };
}
