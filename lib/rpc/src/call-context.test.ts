import { createLog, type LogFields, seededRandom, silentLog } from '@plumb/base';
import { createFakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import {
  type Call,
  type CallOptions,
  type Channel,
  connectDispatcher,
  type Connection,
  createChannelPair,
  createDispatcher,
  type Dispatcher,
  type Handlers,
  openBalancedConnection,
  openConnection,
  staticResolver,
} from './index.ts';
import { callContext } from './node.ts';
import { parseTraceparent } from './traceparent.ts';
import * as v from 'valibot';

const contract = {
  outer: { input: v.object({ work: v.string() }), output: v.unknown() },
  inner: { input: v.object({}), output: v.unknown() },
  wait: { input: v.object({}), output: v.unknown() },
  items: { input: v.object({}), output: v.unknown(), stream: true },
  innerItems: { input: v.object({}), output: v.unknown(), stream: true },
} as const;

type World = {
  readonly clock: ReturnType<typeof createFakeClock>;
  readonly dispatcher: Dispatcher;
  readonly connection: Connection;
  readonly inner: Pick<Call, 'traceparent' | 'deadlineAtMs'>[];
  readonly works: Record<string, () => unknown>;
  readonly logged: LogFields[];
};

const caller = { id: 'tester', scopes: [] };
const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

function createWorld({ trace }: { readonly trace?: 'always' } = {}): World {
  const clock = createFakeClock();
  const inner: World['inner'] = [];
  const logged: LogFields[] = [];
  const log = createLog((_level, event, fields) => logged.push({ event, ...fields }));
  const note = ({ traceparent, deadlineAtMs }: Call): void => void inner.push({ traceparent, deadlineAtMs });
  const handlers: Handlers<typeof contract> = {
    outer: async ({ work }) => {
      await Promise.resolve();
      return world.works[work]?.();
    },
    inner: (_input, call) => note(call),
    wait: (_input, call) => {
      note(call);
      return new Promise(() => undefined);
    },
    async *items() {
      yield await world.connection.call('service.inner', {});
      yield await world.connection.call('service.inner', {});
    },
    async *innerItems(_input, call) {
      note(call);
      yield 1;
      await new Promise(() => undefined);
    },
  };
  const dispatcher = createDispatcher({ log, clock, context: callContext });
  dispatcher.add('service', contract, handlers);
  const connection = connectDispatcher(dispatcher, caller, {
    clock,
    context: callContext,
    trace,
    random: seededRandom(1),
  });
  const world: World = { clock, dispatcher, connection, inner, logged, works: {} };
  return world;
}

function callOuter({ connection }: World, work: string, options?: CallOptions): Promise<unknown> {
  return connection.call('service.outer', { work }, options);
}

test('a call that is made within a handler is of the same trace, with a span of its own', async () => {
  const world = createWorld();
  world.works['call'] = () => world.connection.call('service.inner', {});
  await callOuter(world, 'call', { traceparent: PARENT });
  await callOuter(world, 'call', { traceparent: PARENT });
  const [first, second] = world.inner.map(({ traceparent }) => parseTraceparent(traceparent));
  for (const child of [first, second]) expect(child).toMatchObject({ traceId: TRACE_ID, flags: 1 });
  expect(new Set(['b7ad6b7169203331', first?.spanId, second?.spanId]).size).toBe(3);
});

test('what the caller names goes as it is; a call without a trace has none, and a malformed one counts for nothing', async () => {
  const world = createWorld();
  const { connection } = world;
  await connection.call('service.inner', {}, { traceparent: PARENT });
  await connection.call('service.inner', {});
  await connection.call('service.inner', {}, { traceparent: 'a trace' });
  world.works['call'] = () => connection.call('service.inner', {}, { traceparent: 'a trace' });
  await callOuter(world, 'call', { traceparent: PARENT });
  const traces = world.inner.map(({ traceparent }) => traceparent);
  expect(traces).toEqual([PARENT, undefined, undefined, expect.stringContaining(TRACE_ID)]);
});

test('where every call is traced, one that belongs to no trace begins one', async () => {
  const world = createWorld({ trace: 'always' });
  world.works['call'] = () => world.connection.call('service.inner', {});
  await callOuter(world, 'call');
  await callOuter(world, 'call');
  const [first, second] = world.inner.map(({ traceparent }) => parseTraceparent(traceparent));
  expect(first?.traceId).not.toBe(second?.traceId);
  const traced = world.logged.filter(({ event }) => event === 'rpc.call');
  expect(traced.map(({ method, trace }) => [method, trace])).toEqual([
    ['service.inner', first?.traceId],
    ['service.outer', first?.traceId],
    ['service.inner', second?.traceId],
    ['service.outer', second?.traceId],
  ]);
});

test('a call within a handler has no more time than the handler, and less where it asks for less', async () => {
  const world = createWorld();
  const { clock, connection } = world;
  world.works['call'] = async () => {
    await connection.call('service.inner', {});
    await connection.call('service.inner', {}, { timeoutMs: 100 });
    await connection.call('service.inner', {}, { timeoutMs: 60_000 });
  };
  await callOuter(world, 'call', { timeoutMs: 5_000 });
  expect(world.inner.map(({ deadlineAtMs }) => deadlineAtMs)).toEqual([5_000, 100, 5_000]);
  world.works['wait'] = async () => connection.call('service.wait', {});
  const error = callOuter(world, 'wait', { timeoutMs: 1_000 }).catch((reason: unknown) => reason);
  await clock.advance(1_000);
  expect(await error).toMatchObject({ code: 'deadline' });
  expect(world.inner.at(-1)).toMatchObject({ deadlineAtMs: 1_000 });
});

test('a handler whose time is up does not call any more', async () => {
  const world = createWorld();
  const { clock, connection } = world;
  const late = Promise.withResolvers<unknown>();
  world.works['late'] = async () => {
    await new Promise<void>((resolve) => clock.after(2_000, resolve));
    await connection.call('service.inner', {}).catch(late.resolve);
  };
  const error = callOuter(world, 'late', { timeoutMs: 1_000 }).catch((reason: unknown) => reason);
  await clock.advance(2_000);
  expect(await error).toMatchObject({ code: 'deadline' });
  expect(await late.promise).toMatchObject({ code: 'deadline' });
  expect(world.inner).toEqual([]);
});

test('what a handler leaves running is not bound by its deadline', async () => {
  const world = createWorld();
  const { clock, connection } = world;
  let background: Promise<unknown> | undefined;
  world.works['leave'] = () => {
    background = (async () => {
      await new Promise<void>((resolve) => clock.after(2_000, resolve));
      await connection.call('service.inner', {});
    })();
  };
  await callOuter(world, 'leave', { timeoutMs: 1_000, traceparent: PARENT });
  await clock.advance(2_000);
  await background;
  expect(world.inner).toEqual([{ deadlineAtMs: 12_000, traceparent: expect.stringContaining(TRACE_ID) }]);
});

test('a stream within a handler ends by its deadline; a handler that is a stream has the trace at each item', async () => {
  const world = createWorld();
  const { clock, connection } = world;
  world.works['read'] = () => Array.fromAsync(connection.stream('service.innerItems', {}));
  const error = callOuter(world, 'read', { timeoutMs: 1_000, traceparent: PARENT }).catch((reason: unknown) => reason);
  await clock.advance(1_000);
  expect(await error).toMatchObject({ code: 'deadline' });
  await expect
    .poll(() => world.logged.map(({ method, code }) => [method, code]))
    .toContainEqual(['service.outer', 'deadline']);
  expect(world.inner).toEqual([{ deadlineAtMs: undefined, traceparent: expect.stringContaining(TRACE_ID) }]);
  world.inner.length = 0;
  await Array.fromAsync(connection.stream('service.items', {}, { traceparent: PARENT }));
  const traces = world.inner.map(({ traceparent }) => parseTraceparent(traceparent)?.traceId);
  expect(traces).toEqual([TRACE_ID, TRACE_ID]);
});

test('a function that is given to a call runs within that call, on the side of the caller', async () => {
  const world = createWorld();
  const { dispatcher, connection } = world;
  dispatcher.addObject('tool', { back: async (call: () => Promise<void>) => call() });
  const back = async (): Promise<void> => void (await connection.call('service.inner', {}));
  await connection.call('tool.back', [back], { traceparent: PARENT, timeoutMs: 3_000 });
  expect(world.inner).toEqual([{ deadlineAtMs: 3_000, traceparent: expect.stringContaining(TRACE_ID) }]);
});

test('a call from another door has its trace too, in a stream as well', async () => {
  const { dispatcher, inner } = createWorld();
  const options = { traceparent: PARENT };
  const items = await dispatcher.call('service.items', {}, caller, options);
  await Array.fromAsync(items as AsyncIterable<unknown>);
  expect(inner.map(({ traceparent }) => parseTraceparent(traceparent)?.traceId)).toEqual([TRACE_ID, TRACE_ID]);
});

test('a connection that a handler opens outlives its call, and belongs to none', async () => {
  const world = createWorld();
  const { clock, dispatcher } = world;
  const openedIn: unknown[] = [];
  const open = async (): Promise<Channel> => {
    openedIn.push(callContext.current());
    const [near, far] = createChannelPair();
    dispatcher.accept(far, caller);
    return near;
  };
  const common = { open, clock, random: seededRandom(1), log: silentLog, context: callContext };
  const lasting = openConnection(common);
  world.works['lasting'] = () => lasting.call('service.inner', {});
  world.works['balanced'] = async () => {
    const resolver = staticResolver([{ id: 'a', address: 'a' }]);
    using balanced = openBalancedConnection({ ...common, resolver, service: 'service' });
    return await balanced.call('service.inner', {});
  };
  await callOuter(world, 'lasting', { traceparent: PARENT });
  await callOuter(world, 'balanced', { traceparent: PARENT });
  expect(openedIn).toEqual([undefined, undefined]);
  // The calls themselves belong to that of their handler.
  expect(world.inner.map(({ traceparent }) => parseTraceparent(traceparent)?.traceId)).toEqual([TRACE_ID, TRACE_ID]);
});

test('without a context nothing is inherited', async () => {
  const dispatcher = createDispatcher({ log: silentLog, clock: createFakeClock() });
  const seen: unknown[] = [];
  dispatcher.add(
    'service',
    { one: contract.inner, two: contract.inner },
    {
      one: async () => connection.call('service.two', {}),
      two: (_input, { traceparent, deadlineAtMs }) => void seen.push(traceparent, deadlineAtMs),
    },
  );
  const connection = connectDispatcher(dispatcher, caller, { clock: createFakeClock() });
  await connection.call('service.one', {}, { traceparent: PARENT, timeoutMs: 500 });
  expect(seen).toEqual([undefined, 10_000]);
});
