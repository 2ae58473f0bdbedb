// Both sides of references, seen by a peer that speaks the protocol by hand and may be hostile.
import { silentLog } from '@plumb/base';
import { createFakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import type { Channel, Message } from './channel.ts';
import { createChannelPair } from './channel-pair.ts';
import { type Connection, createConnection } from './connection.ts';
import { createDispatcher } from './dispatcher.ts';
import {
  REFERENCES_PER_CALL_MAX,
  STREAM_CREDIT_ITEMS,
  STREAM_PIECE_BYTES,
  STREAMS_PER_CALL_MAX,
  STREAMS_PER_CONNECTION_MAX,
} from './limits.ts';
import { atTurnEnd } from './turn.ts';

const untilTurnEnd = (): Promise<void> => new Promise(atTurnEnd);
const hang = (): Promise<unknown> => new Promise(() => undefined);

/** A service that is called by hand. `seen` is what its handlers got, and how what they did with it ended. */
function openService(extend: (tool: object) => object = (tool) => tool): {
  readonly near: Channel;
  readonly received: Message[];
  readonly seen: unknown[];
} {
  const seen: unknown[] = [];
  const dispatcher = createDispatcher({ log: silentLog, clock: createFakeClock() });
  const tool = {
    see: (value: unknown) => void seen.push(value),
    hang,
    call: async (call: (text: string) => Promise<unknown>) => call('hello'),
    read: async (items: AsyncIterable<unknown>) => {
      const iterator = items[Symbol.asyncIterator]();
      const first = await iterator.next();
      await untilTurnEnd();
      const rest: unknown[] = [first.value];
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) rest.push(next.value);
      return rest.length;
    },
  };
  dispatcher.addObject('tool', extend(tool));
  const [near, far] = createChannelPair();
  const received: Message[] = [];
  near.receive((message) => received.push(message));
  dispatcher.accept(far, { id: 'tester', scopes: [] });
  return { near, received, seen };
}

/** A caller whose calls are answered by hand. */
function openCaller(): { readonly connection: Connection; readonly far: Channel; readonly received: Message[] } {
  const [near, far] = createChannelPair();
  const received: Message[] = [];
  far.receive((message) => received.push(message));
  return { connection: createConnection(near, { clock: createFakeClock() }), far, received };
}

const ref = (at: readonly unknown[], number = 1, kind = 'function'): object => ({ at, ref: number, kind });

test('references that make no sense are refused with a reason, before the handler runs, and the connection goes on', async () => {
  const { near, received, seen } = openService();
  let id = 0;
  const check = async (input: unknown, references: unknown, code: string, message: RegExp): Promise<void> => {
    id += 1;
    near.send({ kind: 'call', id, method: 'tool.see', input, references });
    await untilTurnEnd();
    const text = expect.stringMatching(message);
    expect(received.at(-1)).toMatchObject({ kind: 'error', id, notRun: true, error: { code, message: text } });
  };
  const invalid = (input: unknown, references: unknown, message: RegExp): Promise<void> =>
    check(input, references, 'invalid', message);
  await invalid([null], {}, /they must be a list/);
  await invalid([null], 7, /they must be a list/);
  await invalid([null], [null], /each must have a positive number/);
  await invalid([null], ['x'], /each must have a positive number/);
  await invalid([null], [{ at: [0], ref: 0, kind: 'function' }], /a positive number/);
  await invalid([null], [{ at: [0], ref: 1.5, kind: 'function' }], /a positive number/);
  await invalid([null], [{ at: [0], ref: '1', kind: 'function' }], /a positive number/);
  await invalid([null], [ref([0], 1, 'class')], /a "function" or a "stream"/);
  await invalid([null], [{ at: 'x', ref: 1, kind: 'function' }], /a path/);
  await invalid([null], [ref([{}])], /a path/);
  await invalid([null], [ref([-1])], /a path/);
  await invalid([null], [ref([1])], /one is at \[1\], where there is nothing/);
  await invalid([null], [ref(['0'])], /where there is nothing/);
  await invalid([null], [ref(['length'])], /where there is nothing/);
  await invalid([{ a: null }], [ref([0, 'b'])], /where there is nothing/);
  await invalid([{ a: null }], [ref([0, 'a', 'b'])], /where there is nothing/);
  await invalid([{ a: 1 }], [ref([0, 'a'])], /where there is a value/);
  await invalid([new Map([['a', null]])], [ref([0, 'a'])], /where there is nothing/);
  await invalid([{}], [ref([0, '__proto__'])], /where there is nothing/);
  await invalid([{}], [ref([0, '__proto__', 'polluted'])], /where there is nothing/);
  await invalid([{}], [ref([0, 'constructor', 'prototype', 'polluted'])], /where there is nothing/);
  await invalid([], [ref([])], /where there is a value/);
  await invalid([null, null], [ref([0], 1), ref([1], 1)], /two have the same number/);
  await invalid([null], [ref([0], 1), ref([0], 2)], /which another reference has taken/);
  await invalid([null], [ref([0], 1), ref([0, 'name'], 2)], /where there is nothing/);
  await invalid([null], [ref(Array(500_000).fill('x'))], /^.{0,400}$/);
  const many = Array.from({ length: REFERENCES_PER_CALL_MAX + 1 }, (_, i) => ref([i], i + 1));
  await check(Array(many.length).fill(null), many, 'exhausted', /at most 64 functions and streams/);
  const streams = Array.from({ length: STREAMS_PER_CALL_MAX + 1 }, (_, i) => ref([i], i + 1, 'stream'));
  await check(Array(streams.length).fill(null), streams, 'exhausted', /at most 16 streams/);
  expect(seen).toEqual([]);
  expect(({} as { polluted?: unknown }).polluted).toBe(undefined);

  near.send({ kind: 'call', id: 999, method: 'tool.see', input: [{ on: null }], references: [ref([0, 'on'], 9)] });
  await untilTurnEnd();
  expect(received.at(-1)).toMatchObject({ kind: 'result', id: 999 });
  expect(seen).toEqual([{ on: expect.any(Function) }]);
});

test('a caller cannot call what the service has not given it', async () => {
  const { near, received } = openService();
  for (const [id, method] of ['#1', '#0', '#-1', '#1e3', '#__proto__', '#', '#99999999999999999999'].entries()) {
    near.send({ kind: 'call', id: id + 1, method, input: [] });
    await untilTurnEnd();
    expect(received.at(-1)).toMatchObject({ kind: 'error', id: id + 1, notRun: true, error: { code: 'not-found' } });
  }
  expect(near.closed.aborted).toBe(false);
});

test('answers that nobody waits for are for nobody', async () => {
  const { near, received } = openService();
  near.send({ kind: 'result', id: 1, value: 1 });
  near.send({ kind: 'item', id: 2, value: 1 });
  near.send({ kind: 'end', id: 3 });
  near.send({ kind: 'release', id: 4, ref: 1 });
  near.send({ kind: 'call', id: 5, method: 'tool.call', input: [null], references: [ref([0])] });
  await untilTurnEnd();
  const [call] = received;
  expect(call).toMatchObject({ kind: 'call', method: '#1', input: ['hello'] });
  near.send({ kind: 'item', id: call?.['id'], value: 'not asked for' });
  await untilTurnEnd();
  expect(received).toContainEqual({ kind: 'cancel', id: call?.['id'] });
  expect(received.at(-1)).toMatchObject({ kind: 'error', id: 5, error: { code: 'internal' } });
});

test('a stream that sends more than it was asked for is ended, also where it lies about its cost', async () => {
  const check = async (value: unknown, cost: number | undefined, count: number): Promise<void> => {
    const { near, received } = openService();
    near.send({ kind: 'call', id: 1, method: 'tool.read', input: [null], references: [ref([0], 1, 'stream')] });
    await untilTurnEnd();
    expect(received).toMatchObject([{ kind: 'call', id: 1, method: '#1', credit: STREAM_CREDIT_ITEMS }]);
    for (let i = 0; i < count; i += 1) near.send({ kind: 'item', id: 1, value, cost });
    await untilTurnEnd();
    expect(received).toContainEqual({ kind: 'cancel', id: 1 });
    await untilTurnEnd();
    expect(received.at(-1)).toMatchObject({
      kind: 'error',
      error: { code: 'internal', message: '#1 sent more than it was asked for' },
    });
  };
  await check(1, undefined, STREAM_CREDIT_ITEMS + 2);
  await check('x'.repeat(STREAM_PIECE_BYTES * 300), undefined, 4);
  await check('x'.repeat(STREAM_PIECE_BYTES * 300), 1, 4);
});

test('the streams that the calls of one connection bring are bounded, and make room when they end', async () => {
  const { near, received } = openService();
  const streams = Array.from({ length: STREAMS_PER_CALL_MAX }, (_, i) => ref([i], i + 1, 'stream'));
  const call = (id: number): void =>
    near.send({ kind: 'call', id, method: 'tool.see', input: streams.map(() => null), references: streams });
  const hold = (id: number): void =>
    near.send({ kind: 'call', id, method: 'tool.call', input: [null, ...streams.map(() => null)], references: held });
  const held = [ref([0], 100), ...streams.map((_, i) => ref([i + 1], i + 1, 'stream'))];
  const fits = STREAMS_PER_CONNECTION_MAX / STREAMS_PER_CALL_MAX;
  for (let id = 1; id <= fits; id += 1) hold(id);
  call(500);
  await untilTurnEnd();
  expect(received.filter(({ kind }) => kind === 'call')).toHaveLength(fits);
  expect(received.at(-1)).toMatchObject({ id: 500, notRun: true, error: { code: 'exhausted' } });
  near.send({ kind: 'result', id: 1, value: 'done' });
  await untilTurnEnd();
  call(501);
  await untilTurnEnd();
  expect(received.at(-1)).toMatchObject({ kind: 'result', id: 501 });
  near.close();
});

test('a service can call what a running call gave it, and nothing else of its caller', async () => {
  const { connection, far, received } = openCaller();
  let callCount = 0;
  const first = connection.call('tool.a', [() => (callCount += 1)]);
  const second = connection.call('tool.b', [() => (callCount += 10)]);
  await untilTurnEnd();
  expect(received).toEqual([
    expect.objectContaining({ id: 1, input: [null], references: [{ at: [0], ref: 1, kind: 'function' }] }),
    expect.objectContaining({ id: 2, input: [null], references: [{ at: [0], ref: 2, kind: 'function' }] }),
  ]);
  // A reference may be released by the call that brought it only.
  far.send({ kind: 'release', id: 2, ref: 1 });
  far.send({ kind: 'call', id: 1, method: '#1', input: [] });
  await untilTurnEnd();
  expect(received.at(-1)).toEqual({ kind: 'result', id: 1, value: 1 });
  far.send({ kind: 'result', id: 1, value: 'done' });
  expect(await first).toBe('done');
  const refused = async (message: Message, code: string): Promise<void> => {
    far.send(message);
    await untilTurnEnd();
    expect(received.at(-1)).toMatchObject({ kind: 'error', id: message['id'], error: { code } });
  };
  await refused({ kind: 'call', id: 2, method: '#1', input: [] }, 'not-found');
  await refused({ kind: 'call', id: 3, method: '#3', input: [] }, 'not-found');
  await refused({ kind: 'call', id: 4, method: 'tool.a', input: [] }, 'not-found');
  await refused({ kind: 'call', id: 5, method: 'toString', input: [] }, 'not-found');
  await refused({ kind: 'call', id: 6, method: '#2', input: [], references: [ref([0])] }, 'invalid');
  far.send({ kind: 'release', id: 2, ref: 2 });
  await refused({ kind: 'call', id: 7, method: '#2', input: [] }, 'not-found');
  expect(callCount).toBe(1);
  far.send({ kind: 'result', id: 2, value: 'done' });
  expect(await second).toBe('done');
});

test('a function is not read as a stream, nor a stream called as a function, which closes it', async () => {
  const { connection, far, received } = openCaller();
  let isClosed = false;
  const items = {
    [Symbol.asyncIterator]: () => ({
      next: hang as () => Promise<IteratorResult<unknown>>,
      return: async () => {
        isClosed = true;
        return { done: true, value: undefined } as const;
      },
    }),
  };
  void connection.call('tool.see', [() => 7, items]).catch(() => undefined);
  await untilTurnEnd();
  far.send({ kind: 'call', id: 1, method: '#2', input: [] });
  await untilTurnEnd();
  expect(received.at(-1)).toMatchObject({ kind: 'error', id: 1, error: { code: 'invalid' } });
  expect(isClosed).toBe(true);
  far.send({ kind: 'call', id: 2, method: '#1', input: [], credit: 1 });
  await untilTurnEnd();
  // It answers with one value, which its reader then refuses.
  expect(received.at(-1)).toEqual({ kind: 'result', id: 2, value: 7 });
  far.close();
});

test('a message of the service that makes no sense ends the connection with a reason', async () => {
  for (const message of [
    { kind: 'release', id: 1 },
    { kind: 'call', id: 1 },
    { kind: 'item', id: 1, cost: -1 },
  ]) {
    const { connection, far, received } = openCaller();
    const call = connection.call('tool.see', []).catch((error: unknown) => error);
    far.send(message);
    expect(await call).toMatchObject({ code: 'unavailable' });
    await untilTurnEnd();
    expect(received.at(-1)).toMatchObject({ kind: 'error', error: { code: 'invalid' } });
    expect(far.closed.aborted).toBe(true);
  }
});

test('the last message of a service tells its callers why it hung up', async () => {
  const { connection, far } = openCaller();
  const call = connection.call('tool.see', []).catch((error: unknown) => error);
  far.send({ kind: 'error', error: { code: 'invalid', message: 'it makes no sense' } });
  expect(await call).toMatchObject({ message: 'tool.see may or may not have run: it makes no sense' });
});

test('what a call gave ends with it: its calls are aborted by the caller itself, and its sources closed', async () => {
  const { connection, far, received } = openCaller();
  let isClosed = false;
  const items = (async function* () {
    try {
      for (;;) yield 1;
    } finally {
      isClosed = true;
    }
  })();
  const call = connection.call('tool.see', [items, hang]);
  await untilTurnEnd();
  far.send({ kind: 'call', id: 1, method: '#1', credit: 2 });
  far.send({ kind: 'call', id: 2, method: '#2', input: [] });
  await untilTurnEnd();
  expect(received.filter(({ kind }) => kind === 'item')).toHaveLength(2);
  expect(isClosed).toBe(false);
  // The service says nothing of those two.
  far.send({ kind: 'result', id: 1, value: 'done' });
  expect(await call).toBe('done');
  await untilTurnEnd();
  expect(isClosed).toBe(true);
  expect(received.at(-1)).toMatchObject({ kind: 'item' });
});

test('a handler that disposes of a function or a stream says so to its caller, once', async () => {
  const { near, received } = openService((tool) => ({
    ...tool,
    drop: async (call: Disposable, items: Disposable) => {
      for (const given of [call, items, call]) given[Symbol.dispose]();
      await hang();
    },
  }));
  const references = [ref([0], 5), ref([1], 6, 'stream')];
  near.send({ kind: 'call', id: 3, method: 'tool.drop', input: [null, null], references });
  await untilTurnEnd();
  expect(received).toEqual([
    { kind: 'release', id: 3, ref: 5 },
    { kind: 'release', id: 3, ref: 6 },
  ]);
});
