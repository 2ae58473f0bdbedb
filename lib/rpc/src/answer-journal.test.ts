import { OperatingError } from '@plumb/base';
import { createFakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import {
  ANSWER_AGE_MS_MAX,
  ANSWER_BYTES_MAX,
  AnswerJournal,
  JOURNAL_BYTES_MAX,
  JOURNAL_CALLS_MAX,
  type KeyedCall,
} from './answer-journal.ts';
import type { Outcome } from './invoke.ts';
import { markNotRun } from './not-run.ts';

const callOf = (key: string, callerId = 'ann', method = 'bank.pay'): KeyedCall => ({ callerId, key, method });
const value = (answer: unknown): Outcome => ({ kind: 'value', value: answer });
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function answer(journal: AnswerJournal, call: KeyedCall, outcome: Promise<Outcome>): Promise<void> {
  outcome.catch(() => undefined);
  expect(journal.add(call, outcome)).toBe(true);
  await settled();
}

test('a duplicate of a running call gets its answer, and so does one that comes later', async () => {
  const journal = new AnswerJournal(createFakeClock());
  const running = Promise.withResolvers<Outcome>();
  expect(journal.find(callOf('1'))).toBe(undefined);
  journal.add(callOf('1'), running.promise);
  const joined = journal.find(callOf('1'));
  running.resolve(value(7));
  expect(await joined).toEqual(value(7));
  await settled();
  expect(await journal.find(callOf('1'))).toEqual(value(7));
  expect(journal.find(callOf('2'))).toBe(undefined);
});

test('a key is of one caller and of one method', async () => {
  const journal = new AnswerJournal(createFakeClock());
  await answer(journal, callOf('1', 'ann'), Promise.resolve(value(7)));
  expect(journal.find(callOf('1', 'bob'))).toBe(undefined);
  await answer(journal, callOf('b:1', 'a'), Promise.resolve(value(8)));
  expect(journal.find(callOf('1', 'ab:'))).toBe(undefined);
  expect(() => journal.find(callOf('1', 'ann', 'bank.close'))).toThrow('that of a call of bank.pay');
});

test('an error is answered again, unless a retry may cure it or the call did not run', async () => {
  const journal = new AnswerJournal(createFakeClock());
  const check = async (error: Error, isKept: boolean): Promise<void> => {
    const call = callOf(error.message);
    await answer(journal, call, Promise.reject(error));
    if (isKept) await expect(journal.find(call)).rejects.toBe(error);
    else expect(journal.find(call)).toBe(undefined);
  };
  await check(new OperatingError('conflict', 'it is at revision 7'), true);
  await check(new OperatingError('internal', 'a bug'), true);
  await check(new OperatingError('unavailable', 'come later'), false);
  await check(new OperatingError('exhausted', 'too much'), false);
  await check(new OperatingError('deadline', 'too late'), false);
  await check(markNotRun(new OperatingError('invalid', 'no such thing')), false);
});

test('answers are forgotten after their time, also where nobody asks', async () => {
  const clock = createFakeClock();
  const journal = new AnswerJournal(clock);
  await answer(journal, callOf('1'), Promise.resolve(value(1)));
  await clock.advance(ANSWER_AGE_MS_MAX - 1);
  expect(journal.find(callOf('1'))).toBeDefined();
  await answer(journal, callOf('2'), Promise.resolve(value(2)));
  await clock.advance(1);
  expect(journal.find(callOf('1'))).toBe(undefined);
  expect(journal.size).toBe(1);
  await clock.advance(2 * ANSWER_AGE_MS_MAX);
  expect(journal.size).toBe(0);
  expect(journal.sizeBytes).toBe(0);
});

test('it is bounded in calls and bytes, and forgets the oldest first', async () => {
  const journal = new AnswerJournal(createFakeClock());
  await answer(journal, callOf('great'), Promise.resolve(value('x'.repeat(ANSWER_BYTES_MAX))));
  expect(journal.find(callOf('great'))).toBe(undefined);
  const text = 'x'.repeat(ANSWER_BYTES_MAX - 100);
  for (let i = 0; i < 2_000; i += 1) {
    journal.add(callOf(`large-${i}`), Promise.resolve(value(text)));
    if (i % 100 === 0) await settled();
  }
  await settled();
  expect(journal.sizeBytes).toBeLessThanOrEqual(JOURNAL_BYTES_MAX);
  expect(journal.sizeBytes).toBeGreaterThan(JOURNAL_BYTES_MAX / 2);
  expect(journal.find(callOf('large-0'))).toBe(undefined);
  expect(journal.find(callOf('large-1999'))).toBeDefined();
  for (let i = 0; i <= JOURNAL_CALLS_MAX; i += 1) {
    journal.add(callOf(`small-${i}`), Promise.resolve(value(i)));
    expect(journal.size).toBeLessThanOrEqual(JOURNAL_CALLS_MAX);
    if (i % 1_000 === 0) await settled();
  }
  await settled();
  expect(journal.size).toBe(JOURNAL_CALLS_MAX);
  expect(journal.find(callOf('large-1999'))).toBe(undefined);
  expect(await journal.find(callOf(`small-${JOURNAL_CALLS_MAX}`))).toEqual(value(JOURNAL_CALLS_MAX));
});

test('calls that run take the room of answers, and where they have it all one more is not remembered', () => {
  const journal = new AnswerJournal(createFakeClock());
  const never = new Promise<Outcome>(() => undefined);
  for (let i = 0; i < JOURNAL_CALLS_MAX; i += 1) expect(journal.add(callOf(String(i)), never)).toBe(true);
  expect(journal.add(callOf('more'), never)).toBe(false);
  expect(journal.find(callOf('more'))).toBe(undefined);
});
