/** What RPC promises, whatever carries it: run by the test of each kind of connection. */
import { createLog, describeError, OperatingError, systemClock } from '@plumb/base';
import { until } from '@plumb/testing';
import { describe, expect, test } from 'vitest';
import {
  type Caller,
  type Client,
  createObjectClient,
  type Connection,
  createClient,
  createDispatcher,
  type Dispatcher,
  MESSAGE_SIZE_BYTES_MAX,
  rpcContract,
  STREAM_CREDIT_ITEMS,
} from '../src/index.ts';
import { referenceTests } from './reference-suite.ts';
import {
  createSuiteObject,
  createSuiteWorld,
  suiteContract,
  suiteHandlers,
  type SuiteObject,
  type SuiteWorld,
} from './suite-contract.ts';
import { valueTests } from './value-suite.ts';
import { feedSuite } from './feed-suite.ts';

export type Opened = AsyncDisposable & {
  readonly connection: Connection;
  /** Loses the connection without a farewell, as far as this kind can. */
  readonly cut: () => void;
};
export type Open = (dispatcher: Dispatcher, caller: Caller) => Promise<Opened>;

type Bench = AsyncDisposable & {
  readonly client: Client<typeof suiteContract>;
  readonly connection: Connection;
  readonly world: SuiteWorld;
  readonly logged: { event: string; text: string }[];
  readonly cut: () => void;
};

export function rpcSuite(name: string, open: Open, { values }: { readonly values: readonly unknown[] }): void {
  const openBench = async (): Promise<Bench> => {
    const logged: Bench['logged'] = [];
    const log = createLog((level, event, fields) => {
      if (level !== 'debug') logged.push({ event, text: JSON.stringify(fields) });
    });
    const world = createSuiteWorld();
    const dispatcher = createDispatcher({ log, clock: systemClock });
    dispatcher.add('suite', suiteContract, suiteHandlers(world));
    dispatcher.addObject('object', createSuiteObject());
    const opened = await open(dispatcher, { id: 'tester', scopes: ['suite:read'] });
    const client = createClient(suiteContract, 'suite', opened.connection);
    return {
      client,
      connection: opened.connection,
      world,
      logged,
      cut: opened.cut,
      [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
    };
  };

  describe(name, () => {
    referenceTests(openBench);
    valueTests(openBench, values);

    test('a call sends its input as it is at the time of the call', async () => {
      await using bench = await openBench();
      const input = { a: 1, b: 2 };
      const sum = bench.client.add(input);
      input.a = 100;
      expect(await sum).toBe(3);
    });

    test('an error of the service arrives with code, message, details and causes; a bug keeps its secrets', async () => {
      await using bench = await openBench();
      const conflict = await failure(bench.client.fail({ how: 'conflict' }));
      expect(conflict).toMatchObject({ code: 'conflict', message: 'it is at revision 7', details: { revision: 7 } });
      expect(conflict.cause).toMatchObject({ code: 'unavailable', message: 'the store is closed' });
      expect(describeError(conflict)).toBe('it is at revision 7: the store is closed');
      const bug = await failure(bench.client.fail({ how: 'bug' }));
      expect(bug).toMatchObject({ code: 'internal' });
      expect(bug.message).not.toContain('hunter2');
      expect(bench.logged).toMatchObject([{ event: 'rpc.bug' }]);
      expect(bench.logged[0]?.text).toContain('hunter2');
    });

    test('an answer that breaks the contract or cannot be sent is our bug: internal, and logged', async () => {
      await using bench = await openBench();
      expect(await failure(bench.client.fail({ how: 'wrong-output' }))).toMatchObject({ code: 'internal' });
      expect(bench.logged).toMatchObject([{ event: 'rpc.output-invalid' }]);
      expect(await failure(bench.client.fail({ how: 'unsendable' }))).toMatchObject({ code: 'internal' });
      expect(await bench.client.add({ a: 1, b: 1 })).toBe(2);
    });

    test('an input that breaks the contract is refused with the path and reason of each fault', async () => {
      await using bench = await openBench();
      const error = await failure(bench.connection.call('suite.add', { a: 'one' }));
      expect(error).toMatchObject({
        code: 'invalid',
        message: expect.stringContaining('suite.add was not called: "a": Invalid type: Expected number'),
        details: { issueCount: 2, issues: [{ path: 'a' }, { path: 'b' }] },
      });
    });

    test('a method that does not exist is not found, with the nearest name', async () => {
      await using bench = await openBench();
      expect(await failure(bench.connection.call('suite.ad', {}))).toMatchObject({
        code: 'not-found',
        message: 'there is no method "suite.ad": did you mean "suite.add"?',
      });
      for (const name of ['toString', 'suite.constructor', 'suite.__proto__', 'object.inherited', 'object.hidden']) {
        expect(await failure(bench.connection.call(name, {}))).toMatchObject({ code: 'not-found' });
      }
      expect(await failure(bench.connection.call('object._private', []))).toMatchObject({ code: 'not-found' });
    });

    test('a caller without the scope is denied, and told which one it needs', async () => {
      await using bench = await openBench();
      expect(await failure(bench.client.guarded({}))).toMatchObject({
        code: 'denied',
        message: 'tester may not call suite.guarded: it needs the scope suite:write',
      });
    });

    test('a deadline ends the call for the caller and for the handler', async () => {
      await using bench = await openBench();
      expect(await failure(bench.client.hang({}, { timeoutMs: 30 }))).toMatchObject({ code: 'deadline' });
      await until('the handler is told', () => bench.world.aborts.length === 1);
    });

    test('a call whose deadline has passed is not run', async () => {
      await using bench = await openBench();
      expect(await failure(bench.client.hang({}, { timeoutMs: 0 }))).toMatchObject({ code: 'deadline' });
      expect(await bench.client.add({ a: 1, b: 1 })).toBe(2);
      expect(bench.world.hangsStarted).toBe(0);
    });

    test('a call that its caller aborts rejects with the reason, and the handler is told', async () => {
      await using bench = await openBench();
      const stop = new AbortController();
      const call = bench.client.hang({}, { signal: stop.signal });
      await until('the handler runs', () => bench.world.hangsStarted === 1);
      stop.abort(new Error('changed my mind'));
      await expect(call).rejects.toThrow('changed my mind');
      await until('the handler is told', () => bench.world.aborts.length === 1);
      await expect(bench.client.add({ a: 1, b: 1 }, { signal: stop.signal })).rejects.toThrow('changed my mind');
    });

    test('a stream brings its items in order and then ends, or throws where the producer did', async () => {
      await using bench = await openBench();
      expect(await Array.fromAsync(bench.client.count({ to: 1_000 }))).toEqual([...Array(1_000).keys()]);
      // Within the first batch, at the end of one, and within a later one.
      for (const failAt of [3, 64, 200]) {
        const seen: number[] = [];
        const failing = async (): Promise<void> => {
          for await (const item of bench.client.count({ to: 1_000, failAt })) seen.push(item);
        };
        expect(await failure(failing())).toMatchObject({ code: 'exhausted', message: `cannot count to ${failAt}` });
        expect(seen).toEqual([...Array(failAt).keys()]);
      }
      expect(bench.world.streamsClosed).toBe(4);
    });

    test('an item is what it was when it was yielded, although the next one changes it', async () => {
      await using bench = await openBench();
      const { growing } = createObjectClient<SuiteObject>('object', bench.connection);
      expect(await Array.fromAsync(growing(5))).toEqual([[0], [0, 1], [0, 1, 2], [0, 1, 2, 3]]);
    });

    test('a slow reader holds the producer back', async () => {
      await using bench = await openBench();
      const reader = bench.client.count({ to: 1_000_000 })[Symbol.asyncIterator]();
      const readCount = 3 * STREAM_CREDIT_ITEMS;
      for (let read = 1; read <= readCount; read += 1) {
        expect(await reader.next()).toEqual({ done: false, value: read - 1 });
        expect(bench.world.itemsPulled).toBeLessThanOrEqual(read + STREAM_CREDIT_ITEMS);
      }
      // A round trip later the producer has used up what it was granted, and no more.
      await bench.client.add({ a: 1, b: 1 });
      expect(bench.world.itemsPulled).toBeLessThanOrEqual(readCount + STREAM_CREDIT_ITEMS);
      expect(bench.world.itemsPulled).toBeGreaterThanOrEqual(readCount);
      await reader.return?.();
      await until('the producer is closed', () => bench.world.streamsClosed === 1);
    });

    test('a slow reader of large items holds the producer back by their size', async () => {
      await using bench = await openBench();
      // An eighth of the window of 1 MiB; greater than the window; and nearly as great as a message may be.
      for (const [length, aheadMax] of [
        [2 ** 17, 8],
        [2 ** 21, 1],
        [MESSAGE_SIZE_BYTES_MAX - 1_000, 1],
      ] as const) {
        bench.world.itemsPulled = 0;
        let read = 0;
        for await (const text of bench.client.texts({ count: 12, length })) {
          expect(text).toHaveLength(length);
          read += 1;
          await bench.client.add({ a: 1, b: 1 });
          expect(bench.world.itemsPulled).toBeLessThanOrEqual(read + aheadMax);
          if (aheadMax === 1 && read === 3) break;
        }
        expect(read).toBe(aheadMax === 1 ? 3 : 12);
      }
    });

    test('leaving a stream cancels it at the service, also while it waits for an item', async () => {
      await using bench = await openBench();
      for await (const item of bench.client.count({ to: 1_000_000 })) if (item === 10) break;
      await until('the producer is closed', () => bench.world.streamsClosed === 1);
      const pulledCount = bench.world.itemsPulled;
      expect(pulledCount).toBeLessThanOrEqual(11 + STREAM_CREDIT_ITEMS);
      await bench.client.add({ a: 1, b: 1 });
      expect(bench.world.itemsPulled).toBe(pulledCount);
      const reader = bench.client.quiet({})[Symbol.asyncIterator]();
      expect(await reader.next()).toEqual({ done: false, value: 'only' });
      const waiting = reader.next();
      await reader.return?.();
      expect(await waiting).toEqual({ done: true, value: undefined });
      await until('the producer is closed', () => bench.world.streamsClosed === 2);
      expect(bench.world.aborts).toHaveLength(1);
    });

    test('a stream whose reader aborts throws the reason, and the producer is closed', async () => {
      await using bench = await openBench();
      const stop = new AbortController();
      const reader = bench.client.quiet({}, { signal: stop.signal })[Symbol.asyncIterator]();
      await reader.next();
      stop.abort(new Error('enough'));
      await expect(reader.next()).rejects.toThrow('enough');
      await until('the producer is closed', () => bench.world.streamsClosed === 1);
    });

    test('when the connection is lost every call fails with unavailable and every handler is told', async () => {
      await using bench = await openBench();
      const call = failure(bench.client.hang({}));
      const reader = bench.client.quiet({})[Symbol.asyncIterator]();
      await reader.next();
      const item = failure(reader.next());
      await until('the handler runs', () => bench.world.hangsStarted === 1);
      bench.cut();
      expect(await call).toMatchObject({ code: 'unavailable' });
      expect(await item).toMatchObject({ code: 'unavailable' });
      await until('both handlers are told', () => bench.world.aborts.length === 2, { timeoutMs: 30_000 });
    });

    test('a value is not read as a stream, nor a stream as a value', async () => {
      await using bench = await openBench();
      const reader = bench.connection.stream('suite.add', { a: 1, b: 2 })[Symbol.asyncIterator]();
      expect(await failure(reader.next())).toMatchObject({ code: 'invalid' });
      expect(await failure(bench.connection.call('suite.count', { to: 3 }))).toMatchObject({ code: 'invalid' });
    });

    test('a call that does not know what its method answers with gets the value or the stream', async () => {
      await using bench = await openBench();
      const { ask } = bench.connection;
      expect(await ask('suite.add', { a: 1, b: 2 })).toEqual({ kind: 'value', value: 3 });
      const listOf = async (name: string, input: unknown): Promise<unknown[]> => {
        const answer = await ask(name, input);
        if (answer.kind === 'value') throw new Error(`${name} answered with one value`);
        return Array.fromAsync(answer.items);
      };
      expect(await listOf('suite.count', { to: 1_000 })).toEqual([...Array(1_000).keys()]);
      expect(await listOf('suite.count', { to: 0 })).toEqual([]);
      expect(await failure(ask('suite.fail', { how: 'conflict' }))).toMatchObject({ code: 'conflict' });
      expect(await failure(ask('suite.count', { to: 3, failAt: 0 }))).toMatchObject({ code: 'exhausted' });
      expect(await failure(listOf('suite.count', { to: 3, failAt: 1 }))).toMatchObject({ code: 'exhausted' });
    });

    test('the deadline of a call that does not know is for its value or first item, on both sides', async () => {
      await using bench = await openBench();
      const { ask } = bench.connection;
      expect(await failure(ask('suite.hang', {}, { timeoutMs: 30 }))).toMatchObject({ code: 'deadline' });
      await until('the handler is told', () => bench.world.aborts.length === 1);
      const answer = await ask('suite.quiet', {}, { timeoutMs: 500 });
      if (answer.kind === 'value') throw new Error('quiet is a stream');
      expect(await answer.items.next()).toEqual({ done: false, value: 'only' });
      expect(await failure(ask('suite.hang', {}, { timeoutMs: 600 }))).toMatchObject({ code: 'deadline' });
      expect(bench.world.streamsClosed).toBe(0);
      await answer.items.return?.();
      await until('the producer is closed', () => bench.world.streamsClosed === 1);
    });

    test('a plain object is called as it is: arguments, nested names, streams', async () => {
      await using bench = await openBench();
      const object = createObjectClient<SuiteObject>('object', bench.connection);
      expect(await object.sum(1, 2, 3)).toBe(6);
      expect(await object.text.upper('loud')).toBe('LOUD');
      expect(await Array.fromAsync(object.letters('abc'))).toEqual(['a', 'b', 'c']);
    });

    test('ten thousand calls at once are all answered, each with its own answer', async () => {
      await using bench = await openBench();
      const calls = Array.from({ length: 10_000 }, (_, i) => bench.client.add({ a: i, b: 1 }, { timeoutMs: 60_000 }));
      const sums = await Promise.all(calls);
      expect(sums.every((sum, i) => sum === i + 1)).toBe(true);
    });

    test('a server says what it offers, and to whom', async () => {
      await using bench = await openBench();
      const rpc = createClient(rpcContract, 'rpc', bench.connection);
      const { methods } = await rpc.describe({ method: 'suite.add' });
      expect(methods).toMatchObject([
        {
          method: 'suite.add',
          kind: 'unary',
          input: { type: 'object', required: ['a', 'b'] },
          output: { type: 'number' },
        },
      ]);
      // Who calls how often is not for everybody.
      const counters = await rpc.describe({ method: 'rpc.stats' });
      expect(counters.methods).toMatchObject([{ scope: 'rpc:read', allowed: false }]);
      expect(await failure(rpc.stats({}))).toMatchObject({ code: 'denied' });
    });

    feedSuite(open, values);
  });
}

async function failure(promise: Promise<unknown>): Promise<OperatingError> {
  const error = await promise.then(
    (value) => new Error(`it answered ${String(value)}`),
    (error: unknown) => error,
  );
  if (!(error instanceof OperatingError)) throw error;
  return error;
}
