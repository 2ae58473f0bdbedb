import { expect, test } from 'vitest';
import { type AlertMemory, nextStepAt, RESOLVE_HOLD_MS, stepAlert } from './alert-machine.ts';
import { type Finding, type RuleName, RULES } from './rules.ts';

const finding = (rule: RuleName): Finding => ({
  rule,
  subject: 'tipjar/web',
  application: 'tipjar',
  what: 'tipjar/web is unready',
  tried: 'Plumb restarted it once',
  advice: 'look',
});

/** Plays a line of time: at each second in order, whether the condition holds; answers with what happened when. */
function play(rule: RuleName, steps: readonly (readonly [atSeconds: number, holds: boolean])[]): string[] {
  let memory: AlertMemory | undefined;
  const happened: string[] = [];
  for (const [at, holds] of steps) {
    const step = stepAlert(memory, holds ? finding(rule) : undefined, at * 1_000);
    memory = step.memory;
    if (step.transition !== 'none') happened.push(`${at} ${step.transition}`);
  }
  return happened;
}

test('an alert fires when its condition has lasted, and is over when it has been away for the hold', () => {
  const check = (rule: RuleName, steps: Parameters<typeof play>[1], expected: string[]): void =>
    expect(play(rule, steps)).toEqual(expected);
  check('instance-down', [[0, false]], []);
  check(
    'instance-down',
    [
      [0, true],
      [29, true],
      [30, true],
      [31, true],
    ],
    ['0 pending', '30 fired'],
  );
  check(
    'instance-down',
    [
      [0, true],
      [29, false],
      [30, true],
    ],
    ['0 pending', '29 dropped', '30 pending'],
  );
  check(
    'instance-down',
    [
      [0, true],
      [30, true],
      [40, false],
      [69, false],
      [70, false],
    ],
    ['0 pending', '30 fired', '70 resolved'],
  );
  check(
    'crash-loop',
    [
      [0, true],
      [5, true],
    ],
    ['0 fired'],
  );
  check(
    'crash-loop',
    [
      [0, true],
      [10, false],
      [39, true],
      [40, false],
      [69, false],
    ],
    ['0 fired'],
  );
  check(
    'crash-loop',
    [
      [0, true],
      [10, false],
      [40, false],
      [50, true],
    ],
    ['0 fired', '40 resolved', '50 fired'],
  );
  check(
    'chain-stalled',
    [
      [0, true],
      [10, true],
    ],
    ['0 pending', '10 fired'],
  );
});

test('an alert ends at the time that its condition went away, and says when it must be looked at again', () => {
  const pending = stepAlert(undefined, finding('instance-down'), 1_000).memory;
  expect(pending && nextStepAt(pending)).toBe(1_000 + RULES['instance-down'].forMs);
  const fired = stepAlert(pending, finding('instance-down'), 40_000).memory;
  expect(fired && nextStepAt(fired)).toBeUndefined();
  expect(fired?.alert).toMatchObject({ state: 'firing', activeAt: 1_000, firedAt: 40_000 });
  const clearing = stepAlert(fired, undefined, 50_000).memory;
  expect(clearing && nextStepAt(clearing)).toBe(50_000 + RESOLVE_HOLD_MS);
  const over = stepAlert(clearing, undefined, 90_000).memory;
  expect(over?.alert).toMatchObject({ state: 'resolved', resolvedAt: 50_000, firedAt: 40_000 });
});
