// Tests of the small parts: rate limit, coalesced runs, settings.
import { expect, test } from 'vitest';
import { coalesce } from './coalesce.ts';
import { createRateLimit } from './rate-limit.ts';
import { parseSettings } from './settings.ts';

test('a sender has a burst, then one for each period, and others are not touched', () => {
  let now = 0;
  const limit = createRateLimit({ burst: 2, periodMs: 1_000, now: () => now });
  expect([limit.take('a'), limit.take('a'), limit.take('a'), limit.take('b')]).toEqual([0, 0, 1_000, 0]);
  now = 999;
  expect(limit.take('a')).toBe(1);
  now = 1_000;
  expect([limit.take('a'), limit.take('a')]).toEqual([0, 1_000]);
  now = 60_000;
  expect([limit.take('a'), limit.take('a'), limit.take('a')]).toEqual([0, 0, 1_000]);
});

test('calls during a run share one later run, and none begins before the one before it ended', async () => {
  const runs: PromiseWithResolvers<void>[] = [];
  const call = coalesce(() => {
    const run = Promise.withResolvers<void>();
    runs.push(run);
    return run.promise;
  });
  const first = call();
  const [second, third] = [call(), call()];
  expect(runs).toHaveLength(1);
  runs[0]?.resolve();
  await first;
  await Promise.resolve();
  expect(runs).toHaveLength(2);
  const fourth = call();
  runs[1]?.resolve();
  await Promise.all([second, third]);
  await Promise.resolve();
  expect(runs).toHaveLength(3);
  runs[2]?.resolve();
  await fourth;
  expect(runs).toHaveLength(3);
});

test('settings take a title and an amount, and say what is wrong with others', () => {
  const parse = (values: Record<string, unknown>): unknown =>
    parseSettings((key) => ({ title: 'Jar', 'min-tip': 1, ...values })[key]);
  expect(parse({ title: ' Coffee ', 'min-tip': '0.5' })).toEqual({ title: 'Coffee', minTipWei: 5n * 10n ** 17n });
  expect(parse({ 'min-tip': 0 })).toEqual({ title: 'Jar', minTipWei: 0n });
  expect(() => parse({ title: '' })).toThrow('title takes text of 1 to 80 characters, not ""');
  expect(() => parse({ title: 7 })).toThrow('title takes');
  expect(() => parse({ 'min-tip': 'little' })).toThrow('min-tip takes an amount in ETH such as 0.001, not "little"');
});
