import { expect, test } from 'vitest';
import { type HealthFacts, viewHealth, viewState } from './unit-health.ts';

const READY = { ready: true } as const;
const exit = { code: 1, signal: null, at: 0 };
const FACTS: HealthFacts = {
  supervised: { state: 'running', readiness: READY, lastExit: undefined },
  isDown: false,
  waitsFor: [],
  troubles: [],
  chainHealth: undefined,
  crash: undefined,
};

test('one state and one health from everything that is known', () => {
  const check = (
    facts: Omit<Partial<HealthFacts>, 'supervised'> & { supervised?: Partial<HealthFacts['supervised']> },
    expected: string,
  ): void => {
    const all = { ...FACTS, ...facts, supervised: { ...FACTS.supervised, ...facts.supervised } };
    const { state, reason } = viewHealth(all);
    expect(`${viewState(all)}: ${state}${reason === undefined ? '' : `, ${reason}`}`).toBe(expected);
  };
  const no = { ready: false, reason: '/ready answers 503' } as const;
  check({}, 'running: ready');
  check({ supervised: { readiness: no } }, 'running: unready, /ready answers 503');
  check({ supervised: { state: 'starting', readiness: no } }, 'starting: starting, /ready answers 503');
  check({ troubles: ['eth is failed: x'] }, 'running: unready, eth is failed: x');
  check({ supervised: { readiness: no }, troubles: ['eth is failed'] }, 'running: unready, /ready answers 503');
  check(
    { supervised: { state: 'starting', readiness: no }, waitsFor: ['eth', 'db'] },
    'waiting: starting, waits for eth, db',
  );
  check(
    { isDown: true, supervised: { lastExit: exit } },
    'backoff: failed, it is being restarted: it exited with code 1',
  );
  check(
    { supervised: { state: 'backoff', lastExit: exit } },
    'backoff: failed, it is being restarted: it exited with code 1',
  );
  check(
    { supervised: { state: 'crashed', lastExit: exit }, crash: { exitCount: 5, withinMs: 2_000 } },
    'crashed: failed, it ended 5 times in 2.0 s and stays down; at last it exited with code 1',
  );
  check(
    { supervised: { state: 'crashed', lastExit: exit }, crash: { exitCount: 5, withinMs: 2_000, words: 'no "till"' } },
    'crashed: failed, it ended 5 times in 2.0 s and stays down; at last it exited with code 1: "no \\"till\\""',
  );
  const reason = 'the program "nodee" was not found: install it, or write its path';
  check(
    { supervised: { state: 'crashed', lastExit: { ...exit, reason } }, crash: { exitCount: 5, withinMs: 2_000 } },
    `crashed: failed, it could not be started 5 times in 2.0 s and stays down: ${reason}`,
  );
  check({ supervised: { state: 'stopping' } }, 'stopping: unready, it is being stopped');
  check({ supervised: { state: 'stopped' } }, 'stopped: unready, it is stopped');
  const chain = { state: 'progressing', reason: 'block 5 of 9', sinceAt: 0 } as const;
  check({ supervised: { state: 'starting', readiness: no }, chainHealth: chain }, 'running: progressing, block 5 of 9');
  check({ supervised: { state: 'running' }, chainHealth: { state: 'ready', sinceAt: 0 } }, 'running: ready');
  check(
    { isDown: true, supervised: { lastExit: exit }, chainHealth: chain },
    'backoff: failed, it is being restarted: it exited with code 1',
  );
});
