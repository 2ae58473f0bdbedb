import { type Clock, type Timer, timer } from '@plumb/base';

type Waiting = {
  dueAt: number;
  readonly order: number;
  readonly run: () => void;
  readonly periodMs: number | undefined;
};

/** A clock that stands still until `advance` moves it. Timers run in order of their time, then of their making. */
export type FakeClock = Clock & {
  /** Moves time on by `lengthMs`, runs every timer that comes due, and lets pending promises settle after each. */
  readonly advance: (lengthMs: number) => Promise<void>;
  /** Sets what `now` says forwards or back, as a time server or a person does; timers and `monotonicMs` go on as before. */
  readonly jump: (lengthMs: number) => void;
};

export function createFakeClock(startAt = 1_760_000_000_000): FakeClock {
  const waiting = new Set<Waiting>();
  let now = startAt;
  let jumpedMs = 0;
  let order = 0;

  const add = (delayMs: number, run: () => void, periodMs: number | undefined): Timer => {
    order += 1;
    const entry: Waiting = { dueAt: now + Math.max(0, delayMs), order, run, periodMs };
    waiting.add(entry);
    return timer(() => waiting.delete(entry));
  };
  const nextDue = (until: number): Waiting | undefined => {
    let next: Waiting | undefined;
    for (const entry of waiting) {
      if (entry.dueAt > until) continue;
      if (next === undefined || entry.dueAt < next.dueAt || (entry.dueAt === next.dueAt && entry.order < next.order)) {
        next = entry;
      }
    }
    return next;
  };

  return {
    now: () => now + jumpedMs,
    jump: (lengthMs) => void (jumpedMs += lengthMs),
    monotonicMs: () => now - startAt,
    after: (delayMs, run) => add(delayMs, run, undefined),
    every: (periodMs, run) => add(periodMs, run, periodMs),
    async advance(lengthMs) {
      const until = now + lengthMs;
      await settle();
      for (let due = nextDue(until); due !== undefined; due = nextDue(until)) {
        now = Math.max(now, due.dueAt);
        if (due.periodMs === undefined) waiting.delete(due);
        else due.dueAt += due.periodMs;
        due.run();
        await settle();
      }
      now = until;
    },
  };
}

/** Lets every promise that can go on without I/O go on. */
async function settle(): Promise<void> {
  for (let i = 0; i < 3; i += 1) await new Promise((resolve) => setImmediate(resolve));
}
