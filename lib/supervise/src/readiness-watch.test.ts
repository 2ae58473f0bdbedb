import { createFakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import type { Readiness } from './probe.ts';
import { watchReadiness } from './readiness-watch.ts';

type Answer = Readiness | 'silence' | Error;
const READY: Readiness = { ready: true };
const no = (reason: string): Readiness => ({ ready: false, reason });

/** What is told of a unit that gives these answers, one second apart, until it is no more asked. */
async function watch(answers: readonly Answer[]): Promise<string[]> {
  const clock = createFakeClock();
  const stop = new AbortController();
  const told: string[] = [];
  const left = [...answers];
  const check = async (signal: AbortSignal): Promise<Readiness> => {
    const answer = left.shift();
    if (answer === undefined) stop.abort();
    if (answer === undefined) return READY;
    if (answer instanceof Error) throw answer;
    if (answer !== 'silence') return answer;
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
  };
  const spec = { check, periodMs: 1_000, timeoutMs: 500 };
  const watching = watchReadiness(spec, clock, stop.signal, (it) => told.push(it.ready ? 'ready' : it.reason));
  await clock.advance((answers.length + 1) * 1_500);
  await watching;
  return told;
}

test('each change is told once', async () => {
  expect(await watch([no('a'), no('a'), no('b'), READY, READY, no('c'), READY])).toEqual([
    'a',
    'b',
    'ready',
    'c',
    'ready',
  ]);
});

test('one late answer does not make it unready, three in a row do', async () => {
  expect(await watch([READY, 'silence', 'silence', READY, READY])).toEqual(['ready']);
  expect(await watch([READY, 'silence', 'silence', 'silence', READY])).toEqual([
    'ready',
    'no answer within 500 ms',
    'ready',
  ]);
  expect(await watch(['silence', READY])).toEqual(['no answer within 500 ms', 'ready']);
});

test('a check that fails is an answer that says no', async () => {
  expect(await watch([READY, new Error('broken'), READY])).toEqual(['ready', 'broken', 'ready']);
});

test('until it is ready for the first time it is asked more often', async () => {
  const clock = createFakeClock();
  const stop = new AbortController();
  let asked = 0;
  const check = async (): Promise<Readiness> => {
    asked += 1;
    return asked < 10 ? no('not yet') : READY;
  };
  const watching = watchReadiness({ check, periodMs: 10_000, timeoutMs: 500 }, clock, stop.signal, () => undefined);
  await clock.advance(950);
  expect(asked).toBe(10);
  await clock.advance(5_000);
  expect(asked).toBe(10);
  stop.abort();
  await watching;
});
