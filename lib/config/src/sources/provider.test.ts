import { OperatingError } from '@plumb/base';
import { expect, test } from 'vitest';
import { openSources, startSources } from '../../test/source-world.ts';
import type { ConfigObject } from '../config-values.ts';
import { provider, type ProviderOptions, type ProviderSource } from './provider.ts';

type Subject = { readonly source: ProviderSource; answer: () => Promise<ConfigObject>; callCount: number };

/** A provider whose answers a test gives. */
function createSubject(options: Partial<ProviderOptions> = {}): Subject {
  const load = async (): Promise<ConfigObject> => {
    subject.callCount += 1;
    return subject.answer();
  };
  const source = provider({ name: 'prices', load, ...options });
  const subject: Subject = { callCount: 0, answer: async () => ({ a: 1 }), source };
  return subject;
}

test('what it gives is in force, and what it leaves out later is gone', async () => {
  const subject = createSubject({ everyMs: 10_000, at: 'prices' });
  using world = await openSources([subject.source]);
  expect(world.view.get()).toEqual({ prices: { a: 1 } });
  subject.answer = async () => ({ b: { c: 2 } });
  await world.clock.advance(11_000);
  expect(world.view.get()).toEqual({ prices: { b: { c: 2 } } });
  expect(world.view.originOf('prices.b.c')).toEqual({ source: 'prices' });
});

test('its period is on average what was asked for', async () => {
  const subject = createSubject({ everyMs: 3_000 });
  using world = await openSources([subject.source]);
  await world.clock.advance(300_000);
  expect(subject.callCount).toBeGreaterThanOrEqual(98);
  expect(subject.callCount).toBeLessThanOrEqual(104);
});

test('without a period it is asked until it has answered once', async () => {
  const subject = createSubject();
  subject.answer = () => Promise.reject(new OperatingError('unavailable', 'starting'));
  using world = await openSources([subject.source]);
  expect(world.logged).toEqual(['config.source-trouble starting; its last values stay']);
  await world.clock.advance(30_000);
  const tries = subject.callCount;
  expect(tries).toBeGreaterThan(3);
  subject.answer = async () => ({ a: 2 });
  await world.clock.advance(60_000);
  expect([world.view.get('a'), subject.callCount]).toEqual([2, tries + 1]);
  await world.clock.advance(600_000);
  expect(subject.callCount).toBe(tries + 1);
  await subject.source.refresh();
  expect(subject.callCount).toBe(tries + 2);
});

test('one that fails keeps its last values; that is one warning, and its end one line', async () => {
  const subject = createSubject({ everyMs: 1_000 });
  using world = await openSources([subject.source]);
  subject.answer = () => Promise.reject(new Error('no route'));
  await world.clock.advance(600_000);
  expect(world.view.get('a')).toBe(1);
  expect(world.logged).toEqual(['config.source-trouble no route; its last values stay']);
  expect(world.runner.status).toMatchObject([
    { source: 'prices', state: 'stale', reason: 'no route; its last values stay' },
  ]);
  subject.answer = async () => ({ a: 2 });
  await world.clock.advance(2_000);
  expect(world.view.get('a')).toBe(2);
  expect(world.logged).toEqual([expect.anything(), 'config.source-recovered']);
});

test('one that hangs is given up after its time, and asked again without being asked without end', async () => {
  const subject = createSubject({ everyMs: 1_000, timeoutMs: 500 });
  using world = await openSources([subject.source]);
  subject.answer = () => new Promise(() => undefined);
  await world.clock.advance(600_000);
  expect(subject.callCount).toBe(5);
  expect(world.view.get('a')).toBe(1);
  expect(world.logged).toEqual([
    'config.source-trouble no answer within 500 ms; its last values stay',
    'config.source-trouble 4 loads hang: none is begun until one of them ends; its last values stay',
  ]);
});

test('one that hangs at the start does not keep the application from starting', async () => {
  const subject = createSubject();
  subject.answer = () => new Promise(() => undefined);
  const { world, opened } = startSources([subject.source]);
  await world.clock.advance(5_000);
  await opened;
  expect(world.view.get()).toEqual({});
  world[Symbol.dispose]();
});

test('the signal of a load aborts at its time-out, and at the end', async () => {
  const signals: AbortSignal[] = [];
  const source = provider({
    name: 'slow',
    timeoutMs: 1_000,
    load(signal) {
      signals.push(signal);
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    },
  });
  const { world, opened } = startSources([source]);
  await world.clock.advance(1_000);
  await opened;
  expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  await world.clock.advance(500);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  world[Symbol.dispose]();
  expect(signals[1]?.aborted).toBe(true);
});

test('rubbish is refused with what is wrong, and the last values stay', async () => {
  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  const check = async (rubbish: unknown, reason: string): Promise<void> => {
    const subject = createSubject();
    using world = await openSources([subject.source]);
    subject.answer = async () => rubbish as ConfigObject;
    await expect(subject.source.refresh()).rejects.toThrow(`what it gave is no configuration: ${reason}`);
    expect(world.view.get('a')).toBe(1);
  };
  await check({ a: { b: [1, () => 1] } }, '"a.b.1" is a function, which is no value');
  await check({ a: Number.NaN }, '"a" is NaN, which is no value');
  await check({ a: new Date() }, '"a" is an instance of a class, which is no value');
  await check('text', 'it is not an object');
  await check(null, 'it is not an object');
  await check([1], 'it is not an object');
  await check(cyclic, 'it is nested too deeply, or contains itself');
});
