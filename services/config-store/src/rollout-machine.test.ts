import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Gate, Stage } from './contract/rollouts.ts';
import { judgeNumber } from './rollout-gate.ts';
import { judgeRollout, planStep, type RolloutFacts, type RolloutStep } from './rollout-machine.ts';
import { chooseMembers, countAllowed } from './rollout-members.ts';
import type { GateReading, RolloutRecord } from './rollout-record.ts';

const STAGES: readonly Stage[] = [{ percent: 5 }, { percent: 50 }];
const GATE: Gate = { query: 'errors', max: 1 };
const GOOD: GateReading = { at: 0, value: 0, verdict: 'good', reason: '0 is within its bounds' };

function recordOf(fields: Partial<RolloutRecord> = {}): RolloutRecord {
  return {
    id: 'r1',
    application: 'shop',
    changes: [{ key: 'title', layer: 'common', after: 'x' }],
    stages: STAGES,
    stage: 0,
    state: 'running',
    reason: '',
    members: [],
    author: 'ada',
    at: 0,
    stageSince: 0,
    ...fields,
  };
}

function instances(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `shop-${i}`);
}

function step(record: RolloutRecord, facts: Partial<RolloutFacts>, goodForMs = 0): RolloutStep {
  const all = { followers: [], unconverged: [], ...facts };
  return planStep(record, all, { judgement: judgeRollout(record, all), goodForMs });
}

test('a stage allows its percentage rounded down, at least one and never more than there are', () => {
  const check = (stage: Stage, population: number, expected: number): void =>
    expect(countAllowed(stage, population)).toBe(expected);
  check({ percent: 5 }, 200, 10);
  check({ percent: 5 }, 199, 9);
  check({ percent: 5 }, 3, 1);
  check({ percent: 5 }, 0, 0);
  check({ percent: 100 }, 7, 7);
  check({ instances: 3 }, 200, 3);
  check({ instances: 3 }, 2, 2);
});

test('members are the same wherever they are chosen, others for another rollout, and stay when it is widened', () => {
  const choose = (
    id: string,
    percent: number,
    members: readonly string[],
    followers = instances(100),
  ): readonly string[] => chooseMembers({ id, stage: { percent }, members, followers });
  const first = choose('r1', 5, []);
  expect(first).toHaveLength(5);
  expect(choose('r1', 5, [], instances(100).reverse())).toEqual(first);
  expect(choose('r2', 5, [])).not.toEqual(first);
  const wider = choose('r1', 25, first);
  expect(wider).toHaveLength(25);
  expect(wider.slice(0, 5)).toEqual(first);
});

test('who joins gets in only as far as the percentage allows, and who has left makes no room', () => {
  const members = chooseMembers({ id: 'r', stage: { percent: 5 }, members: [], followers: instances(100) });
  const choose = (followers: readonly string[]): number =>
    chooseMembers({ id: 'r', stage: { percent: 5 }, members, followers }).length;
  expect(choose(instances(119))).toBe(5);
  expect(choose(instances(120))).toBe(6);
  expect(choose(instances(100).filter((one) => !members.includes(one)))).toBe(5);
  expect(choose([])).toBe(5);
});

test('a bad gate reverts whatever else is the case, with the figure', () => {
  const bad: GateReading = { at: 0, ...judgeNumber(GATE, 2.5) };
  const record = recordOf({ gate: GATE, members: ['a'], holdMs: 0 });
  const expected = { kind: 'revert', reason: 'errors: 2.5 is over 1' };
  expect(step(record, { followers: ['a'], gate: bad }, 1e9)).toEqual(expected);
  expect(step(record, { followers: [], gate: bad })).toEqual(expected);
  expect(step(record, { followers: ['a'], unconverged: ['a'], gate: bad })).toEqual(expected);
});

test('a gate is good within its bounds, bad beyond them, and unknown without a number', () => {
  const check = (gate: Gate, value: number | undefined, verdict: string): void =>
    expect(judgeNumber(gate, value).verdict).toBe(verdict);
  check(GATE, 1, 'good');
  check(GATE, 1.001, 'bad');
  check(GATE, undefined, 'unknown');
  check(GATE, Number.NaN, 'unknown');
  check(GATE, Number.POSITIVE_INFINITY, 'bad');
  check({ query: 'q', min: 0.99 }, 0.98, 'bad');
  check({ query: 'q', min: 0.99, max: 2 }, 1, 'good');
});

test('what is not known holds and never widens: a gate without a number, members that are not seen to run it, or gone', () => {
  const unknown: GateReading = { at: 0, ...judgeNumber(GATE, undefined) };
  const record = recordOf({ gate: GATE, members: ['a', 'b'], stages: [{ instances: 2 }], holdMs: 0 });
  const check = (facts: Partial<RolloutFacts>, reason: string): void =>
    expect(step(record, facts, 1e9)).toEqual({ kind: 'tell', state: 'held', reason });
  check({ followers: ['a', 'b'], gate: unknown }, 'errors is not known: the query gives no number');
  check({ followers: ['a', 'b'] }, 'errors is not known: it was not read yet');
  check({ followers: ['a', 'b'], unconverged: ['b'], gate: GOOD }, 'not seen to run it yet: b');
  check({ followers: [], gate: GOOD }, 'none of the 2 that have it follows the feed');
  expect(step(record, { followers: ['a', 'b'], gate: GOOD }, 1e9).kind).toBe('finish');
});

test('it is widened when it has been good for long enough, then finished; without a time a person decides', () => {
  const record = recordOf({ members: ['shop-1'], holdMs: 1_000 });
  const facts = { followers: instances(20) };
  expect(step(record, facts, 999)).toEqual({ kind: 'none' });
  expect(step(record, facts, 1_000)).toMatchObject({ kind: 'widen', stage: 1 });
  const last = { ...record, stage: 1, members: instances(10) };
  expect(step(last, facts, 1_000)).toMatchObject({ kind: 'finish' });
  expect(step({ ...record, holdMs: undefined }, facts, 1e9)).toMatchObject({ kind: 'tell', state: 'held' });
});

// Goal: however instances come and go, and whatever stages there are, nobody has the values beyond what a stage allows.
test('members are never more than the stage allows of those that follow and those that left', () => {
  const fleet = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 60 });
  fc.assert(
    fc.property(fc.array(fleet, { maxLength: 20 }), fc.integer({ min: 1, max: 100 }), (fleets, percent) => {
      let members: readonly string[] = [];
      for (const numbers of fleets) {
        const followers = numbers.map(String);
        const before = members;
        members = chooseMembers({ id: 'r', stage: { percent }, members, followers });
        expect(members.slice(0, before.length)).toEqual(before);
        const population = new Set([...before, ...followers]).size;
        if (members.length > before.length)
          expect(members.length).toBeLessThanOrEqual(Math.max(1, Math.floor((population * percent) / 100)));
      }
    }),
  );
});
