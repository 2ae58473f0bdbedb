import { createFakeClock } from '@plumb/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withSharedTimer } from './shared-timer.ts';

// Goal: they go off when timers of the clock itself would. Method: random timers and cancellations on both, at each time.
test('each goes off at its time unless it was cancelled, the earlier first', async () => {
  const plan = fc.array(
    fc.record({
      delayMs: fc.integer({ min: 0, max: 50 }),
      cancelAfterMs: fc.option(fc.integer({ min: 0, max: 50 }), { nil: undefined }),
      startAtMs: fc.integer({ min: 0, max: 20 }),
    }),
    { maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(plan, async (timers) => {
      const clock = createFakeClock();
      const shared = withSharedTimer(clock);
      const fired: [index: number, atMs: number][] = [];
      for (const [index, { delayMs, cancelAfterMs, startAtMs }] of timers.entries()) {
        clock.after(startAtMs, () => {
          const timer = shared.after(delayMs, () => fired.push([index, clock.monotonicMs()]));
          if (cancelAfterMs !== undefined) clock.after(cancelAfterMs, timer.cancel.bind(timer));
        });
      }
      await clock.advance(200);
      const due = timers.flatMap(({ delayMs, cancelAfterMs, startAtMs }, index) => {
        // At the same time either may be first.
        if (cancelAfterMs === delayMs) return [];
        const isFired = cancelAfterMs === undefined || cancelAfterMs > delayMs;
        return isFired ? [[index, startAtMs + delayMs] as [number, number]] : [];
      });
      const unsure = new Set(timers.flatMap(({ delayMs, cancelAfterMs }, i) => (cancelAfterMs === delayMs ? [i] : [])));
      const sure = fired.filter(([index]) => !unsure.has(index));
      expect(sure.map(([, atMs]) => atMs)).toEqual(due.map(([, atMs]) => atMs).toSorted((a, b) => a - b));
      expect(sure.toSorted(([a], [b]) => a - b)).toEqual(due);
    }),
    { numRuns: 60 },
  );
});

test('what goes off may ask for more and cancel others, and nothing is told twice', async () => {
  const clock = createFakeClock();
  const shared = withSharedTimer(clock);
  const fired: string[] = [];
  const victim = shared.after(10, () => fired.push('cancelled'));
  shared.after(5, () => {
    fired.push('first');
    victim.cancel();
    shared.after(5, () => fired.push('second'));
  });
  const done = shared.after(1, () => fired.push('done'));
  await clock.advance(100);
  done.cancel();
  done[Symbol.dispose]();
  expect(fired).toEqual(['done', 'first', 'second']);
});

test('calls that end in time set the timer of the clock once; a far one that is not needed is cancelled', () => {
  const clock = createFakeClock();
  let setCount = 0;
  let cancelledCount = 0;
  const shared = withSharedTimer({
    ...clock,
    after(delayMs, run) {
      setCount += 1;
      const timer = clock.after(delayMs, run);
      const cancel = (): void => {
        cancelledCount += 1;
        timer.cancel();
      };
      return { cancel, [Symbol.dispose]: cancel };
    },
  });
  for (let i = 0; i < 1_000; i += 1) shared.after(10_000, () => undefined).cancel();
  expect([setCount, cancelledCount]).toEqual([1, 0]);
  const other = withSharedTimer({
    ...clock,
    after: () => ({ cancel: () => (cancelledCount += 1), [Symbol.dispose]() {} }),
  });
  other.after(3_600_000, () => undefined).cancel();
  expect(cancelledCount).toBe(1);
});
