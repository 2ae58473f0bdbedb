import { describe, expect, test } from 'vitest';
import { testApplication, testUnit } from './test-units.ts';
import { healthDetail, orderUnits, overallState, unitWord, upSince } from './unit-status.ts';

describe('unitWord', () => {
  test('the health speaks while the unit runs', () => {
    const word = (state: 'ready' | 'progressing' | 'stalled'): string =>
      unitWord(testUnit('a/b', { health: { state, sinceAt: 1 } })).word;
    expect([word('ready'), word('progressing'), word('stalled')]).toEqual(['Ready', 'Syncing', 'Stalled']);
  });

  test('else the supervisor does: the health is that of the copy before', () => {
    expect(unitWord(testUnit('a/b', { state: 'crashed' }))).toEqual({ tone: 'bad', word: 'Crashed' });
    expect(unitWord(testUnit('a/b', { state: 'stopped' }))).toEqual({ tone: 'idle', word: 'Stopped' });
    expect(unitWord(testUnit('a/b', { state: 'backoff' }))).toEqual({ tone: 'warn', word: 'Restarting' });
  });
});

test('why a unit is as it is, and of one that a person stopped only how it ended', () => {
  const crashed = { state: 'failed', reason: 'it ended 5 times', sinceAt: 1 } as const;
  const lastExit = { code: 1, signal: null, at: 1 };
  expect(healthDetail(testUnit('a/b', { state: 'crashed', health: crashed, lastExit }))).toBe('it ended 5 times');
  expect(healthDetail(testUnit('a/b', { state: 'stopped', health: crashed, lastExit }))).toBe('last exit code 1');
  expect(healthDetail(testUnit('a/b', { state: 'stopped', health: crashed }))).toBe('');
  expect(healthDetail(testUnit('a/b'))).toBe('');
});

describe('overallState', () => {
  const title = (...applications: Parameters<typeof testApplication>[]): string =>
    overallState(applications.map((application) => testApplication(...application))).title;

  test('all is well', () => {
    expect(title(['tipjar', [testUnit('tipjar/web')]])).toBe('The only unit of tipjar is ready');
    expect(title(['tipjar', [testUnit('tipjar/web'), testUnit('tipjar/chain')]])).toBe(
      'Both units of tipjar are ready',
    );
    expect(title(['a', [testUnit('a/x'), testUnit('a/y')]], ['b', [testUnit('b/z')]])).toBe(
      'All 3 units of 2 applications are ready',
    );
  });

  test('an incident outlasts its trouble', () => {
    const overall = (incidentCount: number): unknown =>
      overallState([testApplication('tipjar', [testUnit('tipjar/web')])], incidentCount);
    expect(overall(0)).toMatchObject({ tone: 'good', detail: 'Nothing needs you.' });
    expect(overall(1)).toMatchObject({ tone: 'warn', detail: '1 incident is still open.' });
    expect(overall(2)).toMatchObject({ tone: 'warn', detail: '2 incidents are still open.' });
  });

  test('nothing is there', () =>
    expect(overallState([])).toMatchObject({ tone: 'idle', title: 'Nothing is deployed yet' }));

  test('an application without units is not called ready', () =>
    expect(overallState([testApplication('a', [])])).toMatchObject({ tone: 'idle', title: 'No unit is deployed' }));

  test('the worst comes first, and the rest is counted', () => {
    const applications = [
      testApplication('tipjar', [
        testUnit('tipjar/web', { health: { state: 'unready', sinceAt: 1 } }),
        testUnit('tipjar/chain', { health: { state: 'stalled', sinceAt: 1 } }),
        testUnit('tipjar/worker'),
      ]),
    ];
    expect(overallState(applications)).toEqual({
      tone: 'bad',
      title: 'tipjar/chain has stalled',
      detail: '1 of 3 units of 1 application is ready.',
    });
  });

  test('many in trouble are not all named', () => {
    const units = ['a', 'b', 'c', 'd', 'e'].map((name) => testUnit(`x/${name}`, { state: 'crashed' }));
    expect(title(['x', units])).toBe('x/a has crashed, x/b has crashed, x/c has crashed, and 2 more');
  });
});

test('processes come before chains, each by name', () => {
  const units = [testUnit('x/eth', { kind: 'chain' }), testUnit('x/worker'), testUnit('x/web')];
  expect(orderUnits(units).map(({ component }) => component)).toEqual(['web', 'worker', 'eth']);
});

test('a unit that does not run has no uptime, whenever it was started', () => {
  const since = (state: 'running' | 'crashed' | 'backoff' | 'stopped'): number | undefined =>
    upSince({ state, startedAt: 5 });
  expect([since('running'), since('crashed'), since('backoff'), since('stopped')]).toEqual([
    5,
    undefined,
    undefined,
    undefined,
  ]);
});
