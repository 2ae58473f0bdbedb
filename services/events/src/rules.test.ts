import type { UnitStatus } from '@plumb/deploy';
import { expect, test } from 'vitest';
import { applicationStatus, CRASHED, unitStatus } from '../test/test-world.ts';
import { findTrouble } from './rules.ts';

const troubleOf = (...units: UnitStatus[]): string[] =>
  findTrouble([applicationStatus(units)]).map(({ rule, subject }) => `${rule} ${subject}`);
const health = (state: UnitStatus['health']['state'], reason?: string): UnitStatus['health'] => ({
  state,
  sinceAt: 0,
  ...(reason === undefined ? {} : { reason }),
});

test('each state of a unit finds the rule that it is for, or none', () => {
  const check = (change: Partial<UnitStatus>, expected: string[]): void =>
    expect(troubleOf(unitStatus('tipjar/web', change))).toEqual(expected.map((rule) => `${rule} tipjar/web`));
  check({}, []);
  check({ health: health('unready') }, ['instance-down']);
  check({ health: health('failed'), state: 'backoff', restartsTotal: 1 }, ['instance-down']);
  check({ health: health('starting'), state: 'starting' }, []);
  check({ health: health('starting'), state: 'starting', restartsTotal: 1 }, ['instance-down']);
  check({ health: health('starting'), state: 'waiting' }, []);
  check({ health: health('failed'), state: 'stopped' }, []);
  check({ health: health('failed'), state: 'stopping' }, []);
  check(CRASHED, ['crash-loop']);
  check({ kind: 'chain', health: health('progressing') }, []);
  check({ kind: 'chain', health: health('lagging') }, ['instance-down']);
  check({ kind: 'chain', health: health('stalled') }, ['chain-stalled']);
  check({ kind: 'chain', health: health('forked') }, ['chain-stalled']);
});

test('a unit whose need is not ready is silent: the need alerts, or somebody stopped it', () => {
  const web = (change: Partial<UnitStatus> = {}): UnitStatus =>
    unitStatus('tipjar/web', { health: health('unready'), needs: ['tipjar/chain'], ...change });
  expect(troubleOf(web(), unitStatus('tipjar/chain', { health: health('stalled') }))).toEqual([
    'chain-stalled tipjar/chain',
  ]);
  expect(troubleOf(web(), unitStatus('tipjar/chain', CRASHED))).toEqual(['crash-loop tipjar/chain']);
  expect(troubleOf(web(), unitStatus('tipjar/chain', { state: 'stopped', health: health('failed') }))).toEqual([]);
  expect(troubleOf(web(), unitStatus('tipjar/chain'))).toEqual(['instance-down tipjar/web']);
  // A crash of its own is its own fault, whatever it needs.
  expect(troubleOf(web(CRASHED), unitStatus('tipjar/chain', CRASHED))).toHaveLength(2);
});

test('a person reads what is wrong, what was tried and what to do', () => {
  const [crash] = findTrouble([applicationStatus([unitStatus('tipjar/web', CRASHED)])]);
  expect(crash).toMatchInlineSnapshot(`
    {
      "advice": "read "plumb logs tipjar/web", repair the cause, then deploy or restart it",
      "application": "tipjar",
      "rule": "crash-loop",
      "subject": "tipjar/web",
      "tried": "Plumb restarted it 5 times, with growing pauses; it does not start it any more",
      "what": "tipjar/web keeps crashing: it exited with code 1, and ended 5 times in 1 min; it stays down",
    }
  `);
  const unready = { health: health('unready', 'GET /ready answered 503'), restartsRecent: 1 };
  const [down] = findTrouble([applicationStatus([unitStatus('tipjar/web', unready)])]);
  expect(down).toMatchInlineSnapshot(`
    {
      "advice": "read "plumb logs tipjar/web" and "plumb status"",
      "application": "tipjar",
      "rule": "instance-down",
      "subject": "tipjar/web",
      "tried": "Plumb restarted it once",
      "what": "tipjar/web is unready: GET /ready answered 503",
    }
  `);
  const stalled = {
    kind: 'chain',
    health: health('stalled', 'the head is 40 s old'),
    chain: { kind: 'ethereum', network: 'dev', height: 7 },
  } as const;
  const [chain] = findTrouble([applicationStatus([unitStatus('tipjar/chain', stalled)])]);
  expect(chain).toMatchInlineSnapshot(`
    {
      "advice": "look at the node's log with "plumb logs tipjar/chain", its peers and its disk",
      "application": "tipjar",
      "rule": "chain-stalled",
      "subject": "tipjar/chain",
      "tried": "Plumb has not restarted it; a node that answers is not restarted for its chain's sake",
      "what": "the chain node tipjar/chain makes no blocks at height 7: the head is 40 s old",
    }
  `);
});
