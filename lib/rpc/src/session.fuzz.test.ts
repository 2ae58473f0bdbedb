// Goal: whatever a peer sends, in whatever order, the other side lives, answers by the protocol, and when the connection
// is gone nothing of it is left. Method: random messages, mostly well formed and about the same few calls and references.
import { OperatingError, silentLog } from '@plumb/base';
import { createFakeClock } from '@plumb/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Channel, Message } from './channel.ts';
import { createChannelPair } from './channel-pair.ts';
import { createConnection } from './connection.ts';
import { createDispatcher } from './dispatcher.ts';
import { parseMessage } from './protocol.ts';
import { atTurnEnd } from './turn.ts';

const untilTurnEnd = (): Promise<void> => new Promise(atTurnEnd);
const RUNS = { numRuns: 400 };
/** Small, so that numbers come twice and calls are met by what is sent about them. */
const CALL_ID_MAX = 8;
const even = ({ length }: readonly unknown[]): boolean => length % 2 === 0;

const id = fc.integer({ min: 1, max: 4 });
const count = fc.integer({ min: 1, max: 5 });
const reference = fc.record({
  at: fc.array(fc.constantFrom<string | number>(0, 1, 'a', '__proto__'), { maxLength: 2 }),
  ref: id,
  kind: fc.constantFrom('function', 'stream'),
});
const INPUTS: readonly unknown[] = [[null, null], [{ a: null }, null], [null], null, [], 'text'];

/** Messages about `methods` and about a few calls and references; one in many makes no sense. */
function messages(methods: readonly string[]): fc.Arbitrary<Message[]> {
  const call = fc.record(
    {
      kind: fc.constant('call'),
      id: fc.integer({ min: 1, max: CALL_ID_MAX }),
      method: fc.constantFrom(...methods),
      input: fc.constantFrom(...INPUTS),
      references: fc.oneof(
        { weight: 4, arbitrary: fc.constant([{ at: [0], ref: 1, kind: 'function' }]) },
        { weight: 4, arbitrary: fc.constant([{ at: [0], ref: 2, kind: 'stream' }]) },
        { weight: 2, arbitrary: fc.array(reference, { maxLength: 3 }) },
        { weight: 1, arbitrary: fc.anything() },
      ),
      credit: count,
      deadlineMs: fc.integer({ min: 1, max: 100 }),
      key: fc.constantFrom('a', 'b'),
      traceparent: fc.string(),
    },
    { requiredKeys: ['kind', 'id', 'method', 'input'] },
  );
  const value = fc.oneof(fc.nat(), fc.constantFrom<unknown>(undefined, null, 'text', { a: 1 }));
  const error = fc.record({ code: fc.constantFrom('conflict', 'unheard-of'), message: fc.string() });
  const kind = <T extends string>(name: T): fc.Arbitrary<T> => fc.constant(name);
  const other = fc.oneof(
    fc.record({ kind: kind('cancel'), id }),
    fc.record({ kind: kind('credit'), id, count }),
    fc.record({ kind: kind('result'), id, value }),
    fc.record({ kind: kind('item'), id, value, cost: count }, { requiredKeys: ['kind', 'id'] }),
    fc.record({ kind: kind('end'), id }),
    fc.record({ kind: kind('error'), id, error }),
    fc.record({ kind: kind('release'), id, ref: id }),
  );
  const nonsense = fc.record({ kind: fc.constantFrom('call', 'item', 'release', 'unknown'), id: fc.anything() });
  const message = fc.oneof(
    { weight: 25, arbitrary: call },
    { weight: 25, arbitrary: other },
    { weight: 1, arbitrary: nonsense },
  );
  return fc.array(message as fc.Arbitrary<Message>, { maxLength: 25 });
}

/** Sends what can be sent, and now and then lets the other side come to it. */
async function sendAll(channel: Channel, sent: readonly Message[]): Promise<void> {
  for (const [index, message] of sent.entries()) {
    try {
      channel.send(message);
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
    }
    if (index % 5 === 0) await untilTurnEnd();
  }
  await untilTurnEnd();
}

test('a service lives, whatever its caller sends, and nothing is left of it', async () => {
  const check = async (sent: readonly Message[]): Promise<void> => {
    const dispatcher = createDispatcher({ log: silentLog, clock: createFakeClock() });
    dispatcher.addObject('tool', {
      call: async (call: unknown) => (typeof call === 'function' ? call(() => 1) : 'nothing'),
      async *both(items: AsyncIterable<unknown> | null) {
        if (items !== null && typeof items === 'object' && Symbol.asyncIterator in items) yield* items;
      },
      one: async (items: AsyncIterable<unknown> | null) => {
        for await (const item of items ?? []) return String(item);
        return 'none';
      },
    });
    const [near, far] = createChannelPair();
    near.receive((message) => expect(parseMessage(message).kind).not.toBe('malformed'));
    dispatcher.accept(far, { id: 'tester', scopes: [] });
    await sendAll(near, sent);
    // Also on a connection that goes on nothing is left of calls that were given up.
    for (let call = 1; call <= CALL_ID_MAX; call += 1) near.send({ kind: 'cancel', id: call });
    if (even(sent)) near.close();
    await untilTurnEnd();
    await untilTurnEnd();
    expect(dispatcher.stats().map(({ method, inFlight }) => [method, inFlight])).toEqual(
      dispatcher.stats().map(({ method }) => [method, 0]),
    );
  };
  await fc.assert(fc.asyncProperty(messages(['tool.call', 'tool.both', 'tool.one', '#1', '#2']), check), RUNS);
});

test('a caller lives, whatever its service sends, every call ends, and its sources are closed', async () => {
  const check = async (sent: readonly Message[]): Promise<void> => {
    let openCount = 0;
    async function* source(): AsyncGenerator<number> {
      openCount += 1;
      try {
        for (let i = 0; ; i += 1) yield i;
      } finally {
        openCount -= 1;
      }
    }
    const [near, far] = createChannelPair();
    far.receive((message) => expect(parseMessage(message).kind).not.toBe('malformed'));
    const connection = createConnection(near, { clock: createFakeClock() });
    const calls = [
      connection.call('tool.a', [source(), (f: unknown) => (typeof f === 'function' ? f() : f)]),
      connection.call('tool.b', [source()]),
      Array.fromAsync(connection.stream('tool.c', [source()])),
      connection.call('tool.d', []),
    ];
    const ends = Promise.allSettled(calls);
    await sendAll(far, sent);
    for (let call = 1; call <= calls.length; call += 1)
      far.send({ kind: 'error', id: call, error: { code: 'denied' } });
    if (even(sent)) far.close();
    expect(await ends).toHaveLength(calls.length);
    await untilTurnEnd();
    expect(openCount).toBe(0);
  };
  await fc.assert(fc.asyncProperty(messages(['#1', '#2', '#3', 'tool.a']), check), RUNS);
});
