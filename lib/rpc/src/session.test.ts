// The server's side of a stream, seen by a peer that speaks the protocol by hand.
import { createFakeClock } from '@plumb/testing';
import { silentLog } from '@plumb/base';
import { expect, test } from 'vitest';
import { createSuiteWorld, suiteContract, suiteHandlers, type SuiteWorld } from '../test/suite-contract.ts';
import type { Channel, Message } from './channel.ts';
import { createChannelPair } from './channel-pair.ts';
import { createDispatcher } from './dispatcher.ts';
import { STREAM_PIECE_BYTES, STREAM_TURN_ITEMS } from './limits.ts';
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
