import { createLog, OperatingError, silentLog, systemClock } from '@plumb/base';
import { expect, test } from 'vitest';
import * as v from 'valibot';
import { createSuiteWorld, suiteContract, suiteHandlers } from '../test/suite-contract.ts';
import {
  type Caller,
  CALLS_IN_FLIGHT_MAX,
  connectDispatcher,
  connectInProcess,
  createChannelPair,
  createDispatcher,
  type Dispatcher,
  ISSUES_MAX,
} from './index.ts';

const caller: Caller = { id: 'tester', scopes: ['*'] };

function createSuite(): { dispatcher: Dispatcher; world: ReturnType<typeof createSuiteWorld> } {
  const world = createSuiteWorld();
  const dispatcher = createDispatcher({ log: silentLog, clock: systemClock });
  dispatcher.add('suite', suiteContract, suiteHandlers(world));
  return { dispatcher, world };
}

test('another door calls directly: values, streams, errors', async () => {
  const { dispatcher } = createSuite();
  expect(await dispatcher.call('suite.add', { a: 1, b: 2 }, caller)).toBe(3);
  const items = await dispatcher.call('suite.count', { to: 3 }, caller);
  expect(await Array.fromAsync(items as AsyncIterable<number>)).toEqual([0, 1, 2]);
  await expect(dispatcher.call('suite.add', {}, caller)).rejects.toMatchObject({ code: 'invalid' });
  await expect(dispatcher.call('suite.guarded', {}, { id: 'x', scopes: [] })).rejects.toMatchObject({ code: 'denied' });
  await expect(dispatcher.call('suite.fail', { how: 'bug' }, caller)).rejects.toMatchObject({ code: 'internal' });
});

test('whoever observes hears of each call that was let in, and of no other', async () => {
  const heard: string[] = [];
  const observe = ({ id }: Caller, method: string): void => void heard.push(`${id} ${method}`);
  const dispatcher = createDispatcher({ log: silentLog, clock: systemClock, observe });
  dispatcher.add('suite', suiteContract, suiteHandlers(createSuiteWorld()));
  dispatcher.addObject('plain', { half: (n: number) => n / 2 });
  using connection = connectDispatcher(dispatcher, { id: 'alice', scopes: [] });
  await connection.call('suite.add', { a: 1, b: 2 });
  await connection.call('suite.add', {}).catch(() => undefined);
  await connection.call('suite.guarded', {}).catch(() => undefined);
  await connection.call('suite.nothing', {}).catch(() => undefined);
  expect(await connection.call('plain.half', [4])).toBe(2);
  await Array.fromAsync(connection.stream('suite.count', { to: 3 }));
  await dispatcher.call('suite.add', { a: 1, b: 2 }, caller);
  expect(heard).toEqual(['alice suite.add', 'alice plain.half', 'alice suite.count', 'tester suite.add']);
});

test('a direct call ends when its signal aborts, although the handler goes on', async () => {
  const { dispatcher, world } = createSuite();
  const stop = new AbortController();
  const call = dispatcher.call('suite.hang', {}, caller, { signal: stop.signal });
  stop.abort(new OperatingError('deadline', 'took too long'));
  await expect(call).rejects.toMatchObject({ message: 'took too long' });
  expect(world.aborts).toHaveLength(1);
  await expect(dispatcher.call('suite.hang', {}, caller, { signal: stop.signal })).rejects.toThrow('took too long');
  expect(world.hangsStarted).toBe(1);
});

test('a stream that is left closes its producer', async () => {
  const { dispatcher, world } = createSuite();
  const items = (await dispatcher.call('suite.count', { to: 100 }, caller)) as AsyncIterable<number>;
  for await (const item of items) if (item === 3) break;
  expect(world.streamsClosed).toBe(1);
});

test('the faults that an error lists are bounded, and so is the text of each', async () => {
  const contract = { take: { input: v.array(v.number()), output: v.null() } };
  using client = connectInProcess(contract, { take: () => null }, caller);
  const bad = Array.from({ length: 1_000 }, () => 'x'.repeat(10_000)) as unknown as number[];
  const error: unknown = await client.take(bad).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'invalid', details: { issueCount: 1_000 } });
  expect((error as OperatingError).details?.['issues']).toHaveLength(ISSUES_MAX);
  expect(JSON.stringify(error).length).toBeLessThan(5_000);
});

test('calls beyond the bound of a connection are refused, and let in when others end', async () => {
  const { dispatcher, world } = createSuite();
  const [near, far] = createChannelPair();
  const answers: { id: number; error?: { code: string } }[] = [];
  near.receive((message) => answers.push(message as never));
  dispatcher.accept(far, caller);
  for (let id = 1; id <= CALLS_IN_FLIGHT_MAX + 1; id += 1) {
    near.send({ kind: 'call', id, method: 'suite.hang', input: {} });
  }
  await expect.poll(() => answers.length).toBe(1);
  expect(answers[0]).toMatchObject({ id: CALLS_IN_FLIGHT_MAX + 1, error: { code: 'exhausted' } });
  near.send({ kind: 'cancel', id: 1 });
  await expect.poll(() => world.aborts.length).toBe(1);
  near.send({ kind: 'call', id: 99_999, method: 'suite.add', input: { a: 1, b: 1 } });
  await expect.poll(() => answers.length).toBe(2);
  expect(answers[1]).toMatchObject({ id: 99_999, kind: 'result', value: 2 });
  near.close();
  await expect.poll(() => world.aborts.length).toBe(CALLS_IN_FLIGHT_MAX);
});

test('messages that make no sense close their connection, and only that', async () => {
  const { dispatcher } = createSuite();
  using good = connectDispatcher(dispatcher, caller);
  const check = async (...messages: unknown[]): Promise<void> => {
    const [near, far] = createChannelPair();
    const answers: unknown[] = [];
    near.receive((message) => answers.push(message));
    dispatcher.accept(far, caller);
    for (const message of messages) near.send(message as never);
    await expect.poll(() => near.closed.aborted).toBe(true);
    expect(answers).toContainEqual({ kind: 'error', error: expect.objectContaining({ code: 'invalid' }) });
  };
  await check(undefined);
  await check('call');
  await check([]);
  await check({});
  await check({ kind: 'call', id: 0, method: 'suite.add' });
  await check({ kind: 'call', id: 1.5, method: 'suite.add' });
  await check({ kind: 'call', id: 1, method: 7 });
  await check({ kind: 'call', id: 1, method: 'x'.repeat(1_000) });
  await check({ kind: 'call', id: 1, method: 'suite.add', deadlineMs: 'soon' });
  await check({ kind: 'call', id: 1, method: 'suite.count', credit: -1 });
  await check({ kind: 'call', id: 1, method: 'suite.count', credit: 2 ** 40 });
  await check({ kind: 'credit', id: 1, count: Number.NaN });
  await check({ kind: 'destroy', id: 1 });
  const twice = { kind: 'call', id: 1, method: 'suite.hang', input: {} };
  await check(twice, twice);
  expect(await good.call('suite.add', { a: 1, b: 2 })).toBe(3);
});

test('credit and cancel for a call that has ended are ignored', async () => {
  const { dispatcher } = createSuite();
  const [near, far] = createChannelPair();
  const answers: unknown[] = [];
  near.receive((message) => answers.push(message));
  dispatcher.accept(far, caller);
  near.send({ kind: 'cancel', id: 7 });
  near.send({ kind: 'credit', id: 7, count: 1 });
  near.send({ kind: 'call', id: 8, method: 'suite.add', input: { a: 1, b: 1 } });
  await expect.poll(() => answers).toEqual([{ kind: 'result', id: 8, value: 2 }]);
});

test('each call is logged for debugging, without its input', async () => {
  const lines: unknown[] = [];
  const log = createLog((level, event, fields) => lines.push({ level, event, ...fields }));
  const contract = { add: suiteContract.add };
  using client = connectInProcess(contract, { add: ({ a, b }) => a + b }, caller, { service: 'math', log });
  await client.add({ a: 1, b: 2 });
  await expect
    .poll(() => lines)
    .toEqual([
      {
        level: 'debug',
        event: 'rpc.call',
        method: 'math.add',
        caller: 'tester',
        code: 'ok',
        durationMs: expect.any(Number),
      },
    ]);
});

test('a service is added once, whole, and under a plain name', () => {
  const { dispatcher } = createSuite();
  expect(() => dispatcher.addObject('suite', {})).toThrow('a service is added once');
  expect(() => dispatcher.addObject('a.b', {})).toThrow('a service has a plain name');
  expect(() => dispatcher.add('part', suiteContract, {} as never)).toThrow('every method of a contract has a handler');
  const cycle: Record<string, unknown> = {};
  cycle['again'] = cycle;
  expect(() => dispatcher.addObject('cycle', cycle)).toThrow('objects nest at most');
});

test('an offered object can need a scope', async () => {
  const { dispatcher } = createSuite();
  dispatcher.addObject('tool', { run: () => 'done' }, { scope: 'tool:run' });
  expect(dispatcher.methods()).toContain('tool.run');
  await expect(dispatcher.call('tool.run', [], { id: 'x', scopes: [] })).rejects.toMatchObject({ code: 'denied' });
  expect(await dispatcher.call('tool.run', [], caller)).toBe('done');
});

test('a name that is near to none is answered with the names that there are', async () => {
  const { dispatcher } = createSuite();
  const check = async (name: string, message: RegExp): Promise<void> =>
    expect(dispatcher.call(name, {}, caller)).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringMatching(message),
    });
  await check('suite.nothing-like-that', /^there is no method "suite\.nothing-like-that": suite has add, /);
  await check('nobody', /^there is no method "nobody": the services are rpc, suite$/);
});
