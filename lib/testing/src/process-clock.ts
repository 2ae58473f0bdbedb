import { type Clock, type Timer, timer } from '@plumb/base';

/**
 * The clock of one pretended process: it goes with `clock`, stands aside while the process is stopped (SIGSTOP), and ends
 * with it (SIGKILL). The time of day may be set; lengths of time do not notice.
 */
export type ProcessClock = Clock & {
  /** Timers that are still to run. */
  readonly timerCount: () => number;
  /** For how long it was stopped, all times together. */
  readonly stoppedMs: () => number;
  /** Sets the time of day forward or back. */
  readonly jump: (lengthMs: number) => void;
  /** What comes due from now on waits for `resume`. */
  readonly stop: () => void;
  /** What came due meanwhile runs, in order; something periodic once. */
  readonly resume: () => void;
  /** Nothing runs any more, and timers that are made later never run. */
  readonly kill: () => void;
};

type Entry = { readonly run: () => void; readonly isPeriodic: boolean; timer: Timer | undefined };

export function createProcessClock(clock: Clock): ProcessClock {
  const entries = new Set<Entry>();
  const due = new Set<Entry>();
  let state: 'running' | 'stopped' | 'killed' = 'running';
  let [stoppedAtMs, stoppedMs, jumpedMs] = [0, 0, 0];

  const fire = (entry: Entry): void => {
    if (!entries.has(entry)) return;
    if (state === 'stopped') return void due.add(entry);
    if (!entry.isPeriodic) entries.delete(entry);
    entry.run();
  };
  const add = (run: () => void, isPeriodic: boolean, start: (fire: () => void) => Timer): Timer => {
    if (state === 'killed') return timer(() => undefined);
    const entry: Entry = { run, isPeriodic, timer: undefined };
    entries.add(entry);
    entry.timer = start(() => fire(entry));
    return timer(() => {
      entry.timer?.cancel();
      entries.delete(entry);
      due.delete(entry);
    });
  };
  return {
    now: () => clock.now() + jumpedMs,
    monotonicMs: clock.monotonicMs,
    after: (delayMs, run) => add(run, false, (fire) => clock.after(delayMs, fire)),
    every: (periodMs, run) => add(run, true, (fire) => clock.every(periodMs, fire)),
    timerCount: () => entries.size,
    stoppedMs: () => stoppedMs + (state === 'stopped' ? clock.monotonicMs() - stoppedAtMs : 0),
    jump: (lengthMs) => void (jumpedMs += lengthMs),
    stop() {
      if (state !== 'running') return;
      state = 'stopped';
      stoppedAtMs = clock.monotonicMs();
    },
    resume() {
      if (state !== 'stopped') return;
      state = 'running';
      stoppedMs += clock.monotonicMs() - stoppedAtMs;
      const late = [...due];
      due.clear();
      for (const entry of late) clock.after(0, () => fire(entry));
    },
    kill() {
      state = 'killed';
      for (const entry of entries) entry.timer?.cancel();
      entries.clear();
      due.clear();
    },
  };
}
