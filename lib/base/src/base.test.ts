import { expect, test } from 'vitest';
import {
  backoffDelayMs,
  createRepeater,
  errorFromData,
  errorToData,
  formatDuration,
  formatSize,
  nearestWord,
  newId,
  OperatingError,
  parseDuration,
  parseSize,
  seededRandom,
  sleep,
  systemClock,
  Turns,
  withAbort,
} from './index.ts';

test('a duration is read from any mix of units, and nothing else is taken for one', () => {
  const check = (text: string, expected: number): void => expect(parseDuration(text)).toBe(expected);
  check('500ms', 500);
  check('10s', 10_000);
  check('1h30m', 5_400_000);
  check('1.5s', 1_500);
  for (const bad of ['', '10', '10 s', 's', '10x', '1h 30m', '-5s'])
    expect(() => parseDuration(bad)).toThrow('is not a duration');
});

test('a duration is written as a person would say it', () => {
  const check = (lengthMs: number, expected: string): void => expect(formatDuration(lengthMs)).toBe(expected);
  check(0, '0 ms');
  check(999, '999 ms');
  check(3_240, '3.2 s');
  check(59_400, '59 s');
  check(61_000, '1 min 1 s');
  check(3_600_000, '1 h');
  check(7_800_000, '2 h 10 min');
  check(259_200_000, '3 d');
});

test('a size is read as Kubernetes does and written in powers of 1,024', () => {
  expect(parseSize('128Mi')).toBe(134_217_728);
  expect(parseSize('500M')).toBe(500_000_000);
  expect(() => parseSize('12 potatoes')).toThrow('"12 potatoes" is not a size');
  expect(formatSize(1_434)).toBe('1.4 KiB');
  expect(formatSize(24_117_248)).toBe('23 MiB');
});

test('an operating error crosses a process and keeps code, message and details', () => {
  const error = new OperatingError('conflict', 'web/port was not set', { details: { revision: 7 } });
  const copy = errorFromData(structuredClone(errorToData(error)));
  expect(copy).toMatchObject({ code: 'conflict', message: 'web/port was not set', details: { revision: 7 } });
});

test('causes of an operating error cross as far as they are operating errors, to a bound', () => {
  const bug = new TypeError('password is hunter2');
  const unavailable = new OperatingError('unavailable', 'the store is closed', { cause: bug });
  const error = new OperatingError('conflict', 'web/port was not set', { cause: unavailable });
  const copy = errorFromData(structuredClone(errorToData(error)));
  expect(copy.cause).toBeInstanceOf(OperatingError);
  expect(copy.cause).toMatchObject({ code: 'unavailable', message: 'the store is closed' });
  expect(JSON.stringify(errorToData(copy))).toBe(JSON.stringify(errorToData(error)));
  expect(JSON.stringify(errorToData(error))).not.toContain('hunter2');
  unavailable.cause = error;
  expect(JSON.stringify(errorToData(error)).match(/web.port/g)).toHaveLength(5);
});

test('a bug crosses a process without its message, which could hold a secret', () => {
  expect(errorToData(new TypeError('password is hunter2')).code).toBe('internal');
  expect(JSON.stringify(errorToData(new TypeError('password is hunter2')))).not.toContain('hunter2');
});

test('the nearest known word is offered only when it is near', () => {
  const known = ['processes', 'chains', 'config', 'rollout'];
  expect(nearestWord('proceses', known)).toBe('processes');
  expect(nearestWord('chian', known)).toBe('chains');
  expect(nearestWord('zebra', known)).toBeUndefined();
});

test('ids sort by time', () => {
  const ids = [1, 1_000, 1_760_000_000_000, 1_760_000_000_001].map(newId);
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids.map((id) => id.length))).toEqual(new Set([16]));
});

test('backoff doubles up to its limit and keeps half of each delay random', () => {
  const random = seededRandom(1);
  const backoff = { delayMsMin: 100, delayMsMax: 1_000 };
  for (let attempt = 0; attempt < 40; attempt += 1) {
    const full = Math.min(1_000, 100 * 2 ** attempt);
    const delayMs = backoffDelayMs(backoff, attempt, random);
    expect(delayMs).toBeGreaterThanOrEqual(full / 2);
    expect(delayMs).toBeLessThanOrEqual(full);
  }
});

test('a sleep ends early when its signal aborts, and leaves no listener behind', async () => {
  const stop = new AbortController();
  const sleeping = sleep(systemClock, 60_000, stop.signal);
  stop.abort();
  await sleeping;
  await sleep(systemClock, 60_000, stop.signal);
});

test('what does not look at its signal is left behind when that aborts, and otherwise decides', async () => {
  const stop = new AbortController();
  const never = withAbort(new Promise(() => undefined), stop.signal);
  expect(await withAbort(Promise.resolve(1), stop.signal)).toBe(1);
  await expect(withAbort(Promise.reject(new Error('its own')), stop.signal)).rejects.toThrow('its own');
  stop.abort(new Error('enough'));
  await expect(never).rejects.toThrow('enough');
  await expect(withAbort(new Promise(() => undefined), stop.signal)).rejects.toThrow('enough');
});

test('work of one name goes one after the other, whatever became of the one before, and of two names side by side', async () => {
  const turns = new Turns();
  const gate = Promise.withResolvers<void>();
  const seen: string[] = [];
  const first = turns.run('a', async () => {
    await gate.promise;
    seen.push('a1');
    throw new Error('a1 failed');
  });
  const second = turns.run('a', async () => seen.push('a2'));
  await turns.run('b', async () => seen.push('b1'));
  expect(seen).toEqual(['b1']);
  gate.resolve();
  await expect(first).rejects.toThrow('a1 failed');
  await second;
  expect(seen).toEqual(['b1', 'a1', 'a2']);
  await turns.settle();
});

test('what is asked for during a run is one more run, which begins when that one has ended', async () => {
  let gate = Promise.withResolvers<void>();
  let runs = 0;
  const { request, whenIdle } = createRepeater(async () => {
    runs += 1;
    await gate.promise;
  });
  for (let i = 0; i < 5; i += 1) request();
  expect(runs).toBe(1);
  const idle = whenIdle();
  gate.resolve();
  await idle;
  expect(runs).toBe(2);
  gate = Promise.withResolvers();
  request();
  expect(runs).toBe(3);
  gate.resolve();
  await whenIdle();
  await whenIdle();
  expect(runs).toBe(3);
});
