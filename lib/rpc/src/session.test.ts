// Both sides of a connection, seen by a peer that speaks the protocol by hand.
import { createFakeClock } from '@plumb/testing';
import { silentLog } from '@plumb/base';
import { expect, test } from 'vitest';
import { createSuiteWorld, suiteContract, suiteHandlers, type SuiteWorld } from '../test/suite-contract.ts';
import type { Channel, Message } from './channel.ts';
import { createChannelPair } from './channel-pair.ts';
import { createConnection } from './connection.ts';
import { createDispatcher } from './dispatcher.ts';
import { createInbox } from './inbox.ts';
import { CALLS_IN_FLIGHT_MAX, STREAM_PIECE_BYTES, STREAM_TURN_ITEMS } from './limits.ts';
import { hasNotRun } from './not-run.ts';
import { atTurnEnd } from './turn.ts';

const untilTurnEnd = (): Promise<void> => new Promise(atTurnEnd);

function openPeer(): { readonly near: Channel; readonly received: Message[]; readonly world: SuiteWorld } {
  const world = createSuiteWorld();
  const dispatcher = createDispatcher({ log: silentLog, clock: createFakeClock() });
  dispatcher.add('suite', suiteContract, suiteHandlers(world));
  const [near, far] = createChannelPair();
  const received: Message[] = [];
  near.receive((message) => received.push(message));
  dispatcher.accept(far, { id: 'tester', scopes: ['*'] });
  return { near, received, world };
}

test('a stream that is always ready sends one batch a turn, so that calls get theirs', async () => {
  const { near, received, world } = openPeer();
  near.send({ kind: 'call', id: 1, method: 'suite.count', input: { to: 1_000_000 }, credit: 60_000 });
  for (let turn = 1; turn <= 5; turn += 1) {
    await untilTurnEnd();
    expect(world.itemsPulled).toBeGreaterThan((turn - 1) * STREAM_TURN_ITEMS);
    expect(world.itemsPulled).toBeLessThanOrEqual((turn + 1) * STREAM_TURN_ITEMS);
  }
  near.send({ kind: 'call', id: 2, method: 'suite.add', input: { a: 1, b: 2 } });
  await untilTurnEnd();
  expect(received).toContainEqual({ kind: 'result', id: 2, value: 3 });
  near.close();
});

test('a stream that is cancelled within a batch sends and pulls nothing more', async () => {
  const { near, received, world } = openPeer();
  near.receive((message) => {
    received.push(message);
    if (message['value'] === 9) near.send({ kind: 'cancel', id: 1 });
  });
  near.send({ kind: 'call', id: 1, method: 'suite.count', input: { to: 1_000_000 }, credit: 60_000 });
  await untilTurnEnd();
  const { length } = received;
  expect(length).toBeLessThan(STREAM_TURN_ITEMS);
  expect(world.streamsClosed).toBe(1);
  await untilTurnEnd();
  expect(received).toHaveLength(length);
  expect(world.itemsPulled).toBeLessThanOrEqual(length + 1);
});

test('large items cost more only to a reader that says it counts them so', async () => {
  const { near, received } = openPeer();
  const input = { count: 10, length: 3 * STREAM_PIECE_BYTES };
  near.send({ kind: 'call', id: 1, method: 'suite.texts', input, credit: 3 });
  await untilTurnEnd();
  expect(received.map(({ cost }) => cost)).toEqual([undefined, undefined, undefined]);
  received.length = 0;
  near.send({ kind: 'call', id: 2, method: 'suite.texts', input, credit: 6, pieceBytes: STREAM_PIECE_BYTES });
  await untilTurnEnd();
  expect(received.map(({ cost }) => cost)).toEqual([4, 4]);
  // What is left after eight of six must be made good first.
  near.send({ kind: 'credit', id: 2, count: 2 });
  await untilTurnEnd();
  expect(received).toHaveLength(2);
  near.send({ kind: 'credit', id: 2, count: 1 });
  await untilTurnEnd();
  expect(received).toHaveLength(3);
  near.close();
});

test.each([0, -1, 0.5, '2048'])('a piece of %j bytes breaks the protocol', async (pieceBytes) => {
  const { near, received } = openPeer();
  near.send({ kind: 'call', id: 1, method: 'suite.count', input: { to: 1 }, credit: 1, pieceBytes });
  await untilTurnEnd();
  expect(received).toMatchObject([{ kind: 'error', error: { code: 'invalid' } }]);
  expect(near.closed.aborted).toBe(true);
});

test('a call whose deadline passes while it waits for those that came with it is not run', async () => {
  let nowMs = 0;
  const ran: number[] = [];
  const dispatcher = createDispatcher({ log: silentLog, clock: { ...createFakeClock(), monotonicMs: () => nowMs } });
  // Holds up the program for as many milliseconds.
  dispatcher.addObject('tool', { work: (number: number, ms: number) => ran.push(number) && void (nowMs += ms) });
  const inbox = createInbox();
  const answers: Message[] = [];
  const send = (message: Message): void => void answers.push(message);
  dispatcher.accept({ ...inbox, send, close: () => undefined }, { id: 'tester', scopes: [] });
  const arrive = (id: number, deadlineMs: number, ms = 0): void =>
    inbox.deliver({ kind: 'call', id, method: 'tool.work', input: [id, ms], deadlineMs });
  // One frame.
  arrive(1, 100, 60);
  arrive(2, 60);
  arrive(3, 61, 60);
  arrive(4, 100);
  await untilTurnEnd();
  // The next one comes later, and has waited for nothing.
  arrive(5, 1);
  await untilTurnEnd();
  expect(ran).toEqual([1, 3, 5]);
  const refused = { kind: 'error', notRun: true, error: { code: 'deadline' } };
  expect(answers.filter(({ kind }) => kind === 'error')).toMatchObject([
    { ...refused, id: 2 },
    { ...refused, id: 4 },
  ]);
});

test('a call with a key runs once, on whichever connections it comes', async () => {
  const world = createSuiteWorld();
  const dispatcher = createDispatcher({ log: silentLog, clock: createFakeClock() });
  dispatcher.add('suite', suiteContract, suiteHandlers(world));
  let runCount = 0;
  const gate = Promise.withResolvers<void>();
  const next = async (): Promise<number> => {
    runCount += 1;
    const own = runCount;
    await gate.promise;
    return own;
  };
  dispatcher.addObject('tool', { next, other: () => 'other' });
  const received: Message[] = [];
  const openAs = (id: string): Channel => {
    const [near, far] = createChannelPair();
    near.receive((message) => received.push({ ...message, to: id }));
    dispatcher.accept(far, { id, scopes: [] });
    return near;
  };
  const call = { kind: 'call', method: 'tool.next', input: [], deadlineMs: 1_000, key: 'k1' };
  const [first, second, other] = [openAs('ann'), openAs('ann'), openAs('bob')];
  first.send({ ...call, id: 1 });
  second.send({ ...call, id: 1 });
  first.send({ ...call, id: 2 });
  await untilTurnEnd();
  expect(runCount).toBe(1);
  other.send({ ...call, id: 1 });
  await untilTurnEnd();
  expect(runCount).toBe(2);
  gate.resolve();
  await untilTurnEnd();
  expect(received.map(({ to, id, value }) => [to, id, value])).toEqual([
    ['ann', 1, 1],
    ['ann', 1, 1],
    ['ann', 2, 1],
    ['bob', 1, 2],
  ]);
  received.length = 0;
  second.send({ ...call, id: 3 });
  second.send({ ...call, id: 4, method: 'tool.other' });
  second.send({ ...call, id: 5, key: 'k2' });
  // Without a deadline it might be kept for ever, so its key means nothing; nor does that of a stream.
  second.send({ ...call, id: 6, deadlineMs: undefined });
  const count = { kind: 'call', method: 'suite.count', input: { to: 1 }, credit: 1, key: 'k3', deadlineMs: 1_000 };
  second.send({ ...count, id: 7 });
  second.send({ ...count, id: 8 });
  await untilTurnEnd();
  const answerOf = (id: number): unknown => received.find((message) => message['id'] === id);
  expect(answerOf(3)).toMatchObject({ value: 1 });
  expect(answerOf(4)).toMatchObject({ notRun: true, error: { code: 'invalid' } });
  expect(answerOf(5)).toMatchObject({ value: 3 });
  expect(answerOf(6)).toMatchObject({ value: 4 });
  expect(world.itemsPulled).toBe(2);
});

test('a key that makes no sense breaks the protocol', async () => {
  for (const key of ['', 7, 'x'.repeat(1_000)]) {
    const { near, received } = openPeer();
    near.send({ kind: 'call', id: 1, method: 'suite.add', input: {}, key });
    await untilTurnEnd();
    expect(received).toMatchObject([{ kind: 'error', error: { code: 'invalid' } }]);
    expect(near.closed.aborted).toBe(true);
  }
});

test('more calls than may wait for answers on one connection are refused at once, by the side that makes them', async () => {
  const [near, far] = createChannelPair();
  far.receive(() => undefined);
  const connection = createConnection(near, { clock: createFakeClock() });
  const calls = Array.from({ length: CALLS_IN_FLIGHT_MAX }, () => connection.call('tool.hang', []));
  for (const call of calls) call.catch(() => undefined);
  const error: unknown = await connection.call('tool.hang', []).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'exhausted' });
  expect(hasNotRun(error)).toBe(true);
  connection.close();
  expect((await Promise.allSettled(calls)).every(({ status }) => status === 'rejected')).toBe(true);
});

test('a stream is closed at an item that cannot be sent', async () => {
  const dispatcher = createDispatcher({ log: silentLog, clock: createFakeClock() });
  let isClosed = false;
  dispatcher.addObject('tool', {
    async *items() {
      try {
        yield 1;
        yield () => 2;
      } finally {
        isClosed = true;
      }
    },
  });
  const [near, far] = createChannelPair();
  const received: Message[] = [];
  near.receive((message) => received.push(message));
  dispatcher.accept(far, { id: 'tester', scopes: [] });
  near.send({ kind: 'call', id: 1, method: 'tool.items', input: [], credit: 9 });
  await untilTurnEnd();
  expect(received).toMatchObject([
    { kind: 'item', value: 1 },
    { kind: 'error', error: { code: 'internal' } },
  ]);
  expect(isClosed).toBe(true);
});
