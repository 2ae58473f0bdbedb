import { createLog, OperatingError, silentLog, systemClock } from '@plumb/base';
import { expect, test } from 'vitest';
import * as v from 'valibot';
import {
  type Caller,
  connectDispatcher,
  createDispatcher,
  type Dispatcher,
  type Policy,
  scopePolicy,
} from './index.ts';

const caller: Caller = { id: 'ana', scopes: ['math:use'] };
const contract = { add: { input: v.object({ a: v.number() }), output: v.number(), scope: 'math:use' } };

function serving(policy?: Policy): { dispatcher: Dispatcher; runs: number[]; lines: unknown[] } {
  const [runs, lines]: [number[], unknown[]] = [[], []];
  const log = createLog((level, event, fields) => level !== 'debug' && lines.push({ level, event, ...fields }));
  const dispatcher = createDispatcher({ log, clock: systemClock, policy });
  dispatcher.add('math', contract, { add: ({ a }) => (runs.push(a), a + 1) });
  dispatcher.addObject('tool', { run: () => 'done' });
  return { dispatcher, runs, lines };
}

test('a policy decides by caller, method and scope, and its text is the reason', async () => {
  const asked: unknown[] = [];
  const { dispatcher, runs } = serving((request) => {
    asked.push(request);
    return request.method === 'tool.run' || 'only on weekdays';
  });
  expect(await dispatcher.call('tool.run', [], caller)).toBe('done');
  await expect(dispatcher.call('math.add', { a: 1 }, caller)).rejects.toMatchObject({
    code: 'denied',
    message: 'ana may not call math.add: only on weekdays',
    details: { method: 'math.add', scope: 'math:use' },
  });
  expect(asked).toEqual([
    { caller, method: 'tool.run', scope: undefined },
    { caller, method: 'math.add', scope: 'math:use' },
  ]);
  expect(runs).toEqual([]);
});

test('whoever may not call a method learns nothing of its input, and only of methods that there are', async () => {
  const { dispatcher } = serving(() => 'no');
  await expect(dispatcher.call('math.add', 'nonsense', caller)).rejects.toMatchObject({ code: 'denied' });
  await expect(dispatcher.call('math.ad', {}, caller)).rejects.toMatchObject({ code: 'not-found' });
});

test('a policy that takes its time is waited for, over a channel too', async () => {
  const { dispatcher } = serving(async ({ caller: { id } }) => id === 'ana' || 'who are you?');
  using known = connectDispatcher(dispatcher, caller);
  using stranger = connectDispatcher(dispatcher, { id: 'bob', scopes: ['*'] });
  expect(await known.call('math.add', { a: 1 })).toBe(2);
  await expect(stranger.call('math.add', { a: 1 })).rejects.toMatchObject({ code: 'denied' });
});

test('a call whose caller left while the policy was asked does not run', async () => {
  const verdict = Promise.withResolvers<true>();
  const { dispatcher, runs } = serving(() => verdict.promise);
  const stop = new AbortController();
  const call = dispatcher.call('math.add', { a: 1 }, caller, { signal: stop.signal });
  stop.abort(new OperatingError('unavailable', 'gone'));
  verdict.resolve(true);
  await expect(call).rejects.toMatchObject({ message: 'gone' });
  // A later call has passed the same promise: the first would have run by now.
  await dispatcher.call('math.add', { a: 2 }, caller);
  expect(runs).toEqual([2]);
});

test('a policy that throws, or answers neither true nor a text, lets nobody in', async () => {
  const check = async (policy: () => unknown, code: string): Promise<void> => {
    const { dispatcher, runs, lines } = serving(policy as Policy);
    await expect(dispatcher.call('math.add', { a: 1 }, caller)).rejects.toMatchObject({ code });
    expect(runs).toEqual([]);
    const failed = { level: 'error', event: 'rpc.policy-failed', method: 'math.add', caller: 'ana', error: 'broken' };
    expect(lines).toEqual(code === 'internal' ? [failed] : []);
  };
  const fail = (): never => {
    throw new Error('broken');
  };
  await check(fail, 'internal');
  await check(async () => fail(), 'internal');
  await check(() => undefined, 'denied');
  await check(() => 1, 'denied');
  await check(async () => false, 'denied');
  await check(() => '', 'denied');
});

test('without a policy the scope decides, and a policy can ask it', async () => {
  const stranger: Caller = { id: 'bob', scopes: ['math:read'] };
  for (const policy of [undefined, scopePolicy]) {
    const { dispatcher } = serving(policy);
    expect(await dispatcher.call('math.add', { a: 1 }, caller)).toBe(2);
    await expect(dispatcher.call('math.add', { a: 1 }, stranger)).rejects.toMatchObject({
      code: 'denied',
      message: 'bob may not call math.add: it needs the scope math:use',
    });
    expect(await dispatcher.call('tool.run', [], stranger)).toBe('done');
  }
  const { dispatcher } = serving((request) => scopePolicy(request));
  await expect(dispatcher.call('math.add', { a: 1 }, stranger)).rejects.toMatchObject({ code: 'denied' });
});

test('a policy that answers at once costs no turn', async () => {
  const { runs } = serving();
  const order: string[] = [];
  const dispatcher = createDispatcher({ log: silentLog, clock: systemClock, policy: () => true });
  dispatcher.addObject('tool', { run: () => order.push('run') });
  void dispatcher.call('tool.run', [], caller);
  order.push('called');
  expect(order).toEqual(['run', 'called']);
  expect(runs).toEqual([]);
});
