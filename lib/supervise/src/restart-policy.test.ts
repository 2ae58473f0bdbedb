import { seededRandom } from '@plumb/base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decideRestart,
  DEFAULT_RESTART_POLICY as POLICY,
  EMPTY_HISTORY,
  recentExits,
  type RestartDecision,
  type RestartHistory,
} from './restart-policy.ts';

/** Deaths at these times, each after having been ready for so long; what was decided at each. */
function decide(deaths: readonly { at: number; readyForMs?: number }[]): RestartDecision[] {
  let history: RestartHistory = EMPTY_HISTORY;
  return deaths.map(({ at, readyForMs = 0 }) => {
    // Random numbers at the top of their range: the full delay.
    const decision = decideRestart(POLICY, history, { at, readyForMs }, { float: () => 1 });
    history = decision.history;
    return decision;
  });
}

test('the first restart is nearly immediate, and further ones back off', () => {
  const delays = decide([0, 1_000, 2_000, 3_000].map((at) => ({ at }))).map(
    (it) => it.kind === 'restart' && it.delayMs,
  );
  expect(delays).toEqual([20, 200, 400, 800]);
});

test('having been ready for a while ends the series, but not the budget', () => {
  const deaths = [
    { at: 0 },
    { at: 1_000 },
    { at: 20_000, readyForMs: 10_000 },
    { at: 30_000, readyForMs: 9_999 },
    { at: 41_000, readyForMs: 10_000 },
  ];
  const decisions = decide(deaths);
  expect(decisions.map((it) => it.kind === 'restart' && it.delayMs)).toEqual([20, 200, 20, 200, false]);
  expect(decisions.at(-1)).toMatchObject({ kind: 'give-up', exitCount: 5, withinMs: 41_000 });
});

test('deaths that left the window do not count', () => {
  const kinds = decide([0, 20_000, 40_000, 59_000, 60_000, 79_999].map((at) => ({ at }))).map(({ kind }) => kind);
  expect(kinds).toEqual(['restart', 'restart', 'restart', 'restart', 'restart', 'give-up']);
  expect(recentExits(POLICY, { exitedAt: [0, 1, 59_999], attempt: 0 }, 60_000)).toEqual([1, 59_999]);
});

// Goal: whatever happens, no more than the budget's deaths come in a window before it is given up, the wait stays within
// its bounds, and what is remembered stays small.
test('the budget, the delays and the memory hold for any series of deaths', () => {
  const death = fc.record({ gapMs: fc.nat(90_000), readyForMs: fc.nat(20_000) });
  fc.assert(
    fc.property(fc.array(death, { maxLength: 60 }), fc.nat(), (deaths, seed) => {
      const random = seededRandom(seed);
      let history: RestartHistory = EMPTY_HISTORY;
      let at = 0;
      for (const { gapMs, readyForMs } of deaths) {
        at += gapMs;
        const decision = decideRestart(POLICY, history, { at, readyForMs }, random);
        history = decision.history;
        expect(history.exitedAt.length).toBeLessThanOrEqual(POLICY.exitsMax);
        expect(decision.kind === 'give-up').toBe(history.exitedAt.length === POLICY.exitsMax);
        if (decision.kind === 'give-up') history = EMPTY_HISTORY;
        else expect(decision.delayMs).toBeLessThanOrEqual(POLICY.backoff.delayMsMax);
      }
    }),
  );
});
