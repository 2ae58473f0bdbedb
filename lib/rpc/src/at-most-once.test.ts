// What is sent twice, what runs twice, and what the caller is told of it.
import { OperatingError, seededRandom, silentLog } from '@plumb/base';
import { createFakeClock, type FakeClock } from '@plumb/testing';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import {
  type Channel,
  type Client,
  type Connection,
  createChannelPair,
  createClient,
  createDispatcher,
  hasNotRun,
  type Message,
  openConnection,
} from './index.ts';
import { CALL_ATTEMPTS_MAX } from './limits.ts';
import { markNotRun } from './not-run.ts';
import { atTurnEnd } from './turn.ts';

const contract = {
  pay: { input: v.object({ sum: v.number() }), output: v.number() },
  put: { input: v.object({ sum: v.number() }), output: v.number(), idempotent: true },
  count: { input: v.object({ sum: v.number() }), output: v.number(), idempotent: true },
  look: { input: v.object({ sum: v.number() }), output: v.number(), idempotent: 'read' },
} as const;

type World = {
  readonly clock: FakeClock;
  readonly client: Client<typeof contract>;
  readonly connection: Connection;
  /** How often handlers ran, and how they go on: at once unless one is set. */
  runCount: number;
  abortCount: number;
  gate: Promise<unknown> | undefined;
  /** The messages of callers, over all connections. */
  readonly sent: Message[];
  openCount: number;
  readonly servers: Channel[];
  /** What a server does with a connection. */
  accept: (server: Channel) => void;
  /** Loses the connection there is. */
  readonly cut: () => void;
};

function createWorld(): World {
  const clock = createFakeClock();
  const dispatcher = createDispatcher({ log: silentLog, clock });
  const run = async ({ sum }: { sum: number }, { signal }: { signal: AbortSignal }): Promise<number> => {
    world.runCount += 1;
    signal.addEventListener('abort', () => (world.abortCount += 1));
    await world.gate;
    return sum + world.runCount;
  };
  dispatcher.add('bank', contract, { pay: run, put: run, count: () => (world.runCount += 1), look: run });
  dispatcher.addObject('tool', { hang: () => new Promise(() => undefined) });
  const open = async (): Promise<Channel> => {
    world.openCount += 1;
    const [near, far] = createChannelPair();
    world.servers.push(far);
    world.accept(far);
    const send: Channel['send'] = (message, timing) => {
      world.sent.push(message);
      near.send(message, timing);
    };
    return { ...near, send };
  };
  const connection = openConnection({ open, clock, random: seededRandom(1), log: silentLog });
  const world: World = {
    clock,
    connection,
    client: createClient(contract, 'bank', connection),
    runCount: 0,
    abortCount: 0,
    gate: undefined,
    sent: [],
    openCount: 0,
    servers: [],
    accept: (server) => dispatcher.accept(server, { id: 'ann', scopes: [] }),
    cut: () => world.servers.at(-1)?.close(),
  };
  return world;
}

const outcome = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);
const turn = (): Promise<void> => new Promise(atTurnEnd);

test('a call that is not idempotent is sent once, and fails with its connection', async () => {
  const world = createWorld();
  world.gate = new Promise(() => undefined);
  const call = outcome(world.client.pay({ sum: 1 }));
  await turn();
  world.cut();
  const error = await call;
  expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('may or may not have run') });
  expect(hasNotRun(error)).toBe(false);
  await turn();
  expect(world.abortCount).toBe(1);
  expect(world.sent).toEqual([expect.not.objectContaining({ key: expect.anything() })]);
});

test('an idempotent call is sent again after a loss, with the same key, and joins the one that runs', async () => {
  const world = createWorld();
  const gate = Promise.withResolvers<void>();
  world.gate = gate.promise;
  const call = world.client.put({ sum: 10 });
  await turn();
  world.cut();
  await world.clock.advance(1_000);
  expect(world.openCount).toBe(2);
  gate.resolve();
  expect(await call).toBe(11);
  expect(world.runCount).toBe(1);
  expect(world.abortCount).toBe(0);
  const [first, second] = world.sent;
  expect(first?.['key']).toMatch(/^[a-z0-9]{16}-1$/);
  expect(second).toMatchObject({ method: 'bank.put', key: first?.['key'], input: { sum: 10 } });
  expect(second?.['deadlineMs']).toBeLessThan(10_000);
});

test('an idempotent call whose answer was lost gets the same answer again', async () => {
  const world = createWorld();
  const gate = Promise.withResolvers<void>();
  world.gate = gate.promise;
  const call = world.client.put({ sum: 10 });
  await turn();
  world.cut();
  gate.resolve();
  await turn();
  world.gate = undefined;
  expect(world.runCount).toBe(1);
  await world.clock.advance(1_000);
  expect(await call).toBe(11);
  // Another call is another one.
  expect(await world.client.put({ sum: 10 })).toBe(12);
});

test('one that its handler answers at once is remembered too', async () => {
  const world = createWorld();
  const [near, far] = createChannelPair();
  world.accept(far);
  const answers: unknown[] = [];
  near.receive(({ value }) => answers.push(value));
  const call = (id: number, method: string): void =>
    near.send({ kind: 'call', id, method, input: { sum: 10 }, deadlineMs: 1_000, key: `${method} 1` });
  for (const [index, method] of ['bank.count', 'bank.count', 'bank.put', 'bank.put'].entries()) call(index + 1, method);
  await turn();
  expect(answers).toEqual([1, 1, 12, 12]);
});

test('one that only looks is sent again without a key, and answered anew', async () => {
  const world = createWorld();
  world.gate = new Promise(() => undefined);
  const call = world.client.look({ sum: 10 });
  await turn();
  world.cut();
  world.gate = undefined;
  await world.clock.advance(1_000);
  expect(await call).toBe(12);
  expect(world.abortCount).toBe(1);
  expect(world.sent.map(({ method, key }) => [method, key])).toEqual([
    ['bank.look', undefined],
    ['bank.look', undefined],
  ]);
});

test('it is tried a few times only, within its deadline', async () => {
  const world = createWorld();
  world.gate = new Promise(() => undefined);
  const call = outcome(world.client.put({ sum: 1 }, { timeoutMs: 60_000 }));
  for (let i = 0; i < 20; i += 1) {
    await turn();
    world.cut();
    await world.clock.advance(2_000);
  }
  const error = await call;
  expect(error).toMatchObject({ code: 'unavailable' });
  expect(hasNotRun(error)).toBe(false);
  expect(world.openCount).toBe(CALL_ATTEMPTS_MAX);
  const late = outcome(world.client.put({ sum: 1 }, { timeoutMs: 3_000 }));
  await turn();
  world.cut();
  await world.clock.advance(3_000);
  expect(await late).toMatchObject({ code: 'deadline' });
});

test('what an idempotent call has that nobody comes back for runs on until its deadline, or for a minute', async () => {
  for (const [timeoutMs, endMs] of [
    [5_000, 5_000],
    [600_000, 60_000],
  ] as const) {
    const world = createWorld();
    world.gate = new Promise(() => undefined);
    const call = outcome(world.connection.call('bank.put', { sum: 1 }, { idempotent: true, timeoutMs }));
    await world.clock.advance(0);
    world.connection.close();
    expect(await call).toMatchObject({ code: 'unavailable' });
    await world.clock.advance(endMs - 1);
    expect(world.abortCount).toBe(0);
    await world.clock.advance(1);
    expect(world.abortCount).toBe(1);
  }
});

test('a call whose time is up before there is a connection is never sent', async () => {
  const world = createWorld();
  const call = outcome(world.client.pay({ sum: 1 }));
  // The program is held up, and its timers with it.
  const { monotonicMs } = world.clock;
  Object.assign(world.clock, { monotonicMs: () => monotonicMs() + 10_000 });
  expect(await call).toMatchObject({ code: 'deadline' });
  await turn();
  expect(world.openCount).toBe(1);
  expect(world.sent).toEqual([]);
  expect(world.runCount).toBe(0);
});

test('who gives up an idempotent call ends it', async () => {
  const world = createWorld();
  world.gate = new Promise(() => undefined);
  const stop = new AbortController();
  const call = outcome(world.client.put({ sum: 1 }, { signal: stop.signal }));
  await turn();
  stop.abort(new Error('enough'));
  expect(await call).toMatchObject({ message: 'enough' });
  await turn();
  expect(world.abortCount).toBe(1);
});

test('that a later try did not run does not undo that an earlier one may have', async () => {
  const world = createWorld();
  world.gate = new Promise(() => undefined);
  const call = outcome(world.client.put({ sum: 1 }));
  await turn();
  // The next server refuses everything.
  world.accept = (server) =>
    server.receive(({ id }) =>
      server.send({ kind: 'error', id, notRun: true, error: { code: 'exhausted', message: 'it is full' } }),
    );
  world.cut();
  await world.clock.advance(1_000);
  const error = await call;
  expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('may or may not have run') });
  expect(hasNotRun(error)).toBe(false);
  const next = await outcome(world.client.put({ sum: 1 }));
  expect(next).toMatchObject({ code: 'exhausted' });
  expect(hasNotRun(next)).toBe(true);
});

test('a call that brings a function is not sent twice, although it is idempotent', async () => {
  const world = createWorld();
  const call = outcome(world.connection.call('tool.hang', [() => 1], { idempotent: true }));
  await turn();
  world.cut();
  expect(await call).toMatchObject({ code: 'unavailable' });
  expect(world.sent.filter(({ kind }) => kind === 'call')).toHaveLength(2); // Refused as it is, then with references.
  expect(world.sent.at(-1)).not.toHaveProperty('key');
});

test('a call that was not sent since its connection was just lost waits for the next one, whatever it does', async () => {
  const world = createWorld();
  expect(await world.client.pay({ sum: 1 })).toBe(2);
  const server = world.servers[0];
  // The loss is noticed while the call is made.
  const lost = new Promise<unknown>((resolve) => {
    server?.receive(() => undefined);
    server?.close();
    queueMicrotask(() => queueMicrotask(() => resolve(outcome(world.client.pay({ sum: 5 })))));
  });
  await world.clock.advance(1_000);
  expect(await lost).toBe(7);
  expect(world.runCount).toBe(2);
});

test('the caller is told which calls certainly did not run', async () => {
  const world = createWorld();
  const check = async (call: Promise<unknown>, code: string, isNotRun: boolean): Promise<void> => {
    const error = await outcome(call);
    expect(error).toMatchObject({ code });
    expect(hasNotRun(error)).toBe(isNotRun);
  };
  await check(world.client.pay({ sum: 1 }, { timeoutMs: 0 }), 'deadline', true);
  await check(world.connection.call('bank.nothing', {}), 'not-found', true);
  await check(world.connection.call('bank.pay', {}), 'invalid', true);
  await check(world.connection.call('bank.pay', { sum: new WeakMap() }), 'invalid', true);
  world.gate = Promise.reject(markNotRun(new OperatingError('exhausted', 'the bank is full')));
  // The error of a call that the handler has made says nothing of its own.
  await check(world.client.pay({ sum: 1 }), 'exhausted', false);
  world.gate = new Promise(() => undefined);
  const late = check(world.client.pay({ sum: 1 }, { timeoutMs: 500 }), 'deadline', false);
  await world.clock.advance(500);
  await late;
  world.connection.close();
  await check(world.client.pay({ sum: 1 }), 'unavailable', true);
});
