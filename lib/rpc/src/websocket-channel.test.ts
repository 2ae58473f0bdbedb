// A socket that a test plays by hand: what it was sent, and what it is made to receive.
import { createFakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import { HEARTBEAT_MS, HEARTBEATS_MISSED_MAX } from './heartbeat.ts';
import { atTurnEnd } from './turn.ts';
import { createWebSocketChannel, WEBSOCKET_PROTOCOL, type WebSocketLike } from './websocket-channel.ts';

type Event = { readonly data?: unknown; readonly message?: string };
type FakeSocket = WebSocketLike & {
  bufferedAmount: number;
  readonly sent: string[];
  readonly ended: unknown[];
  readonly play: (type: string, event?: Event) => void;
};

function createSocket(protocol = WEBSOCKET_PROTOCOL): FakeSocket {
  const listeners = new Map<string, (event: Event) => void>();
  const sent: string[] = [];
  const ended: unknown[] = [];
  return {
    protocol,
    bufferedAmount: 0,
    sent,
    ended,
    send: (text) => sent.push(text),
    close: (code) => ended.push(code),
    terminate: () => ended.push('terminated'),
    addEventListener: (type, listener) => listeners.set(type, listener),
    play: (type, event = {}) => listeners.get(type)?.(event),
  };
}

const clock = createFakeClock();

test('messages of one turn are one frame, and a frame may hold any number', async () => {
  const socket = createSocket();
  const channel = createWebSocketChannel(socket, { clock });
  channel.send({ a: 1 });
  channel.send({ b: 2 });
  await Promise.resolve();
  expect(socket.sent).toEqual(['[{"a":1},{"b":2}]']);
  const received: unknown[] = [];
  socket.play('message', { data: '[{"c":3},{"d":4}]' });
  channel.receive((message) => received.push(message));
  socket.play('message', { data: '[]' });
  expect(received).toEqual([{ c: 3 }, { d: 4 }]);
  channel.close();
});

test('messages that may wait for the end of the turn are one frame', async () => {
  const socket = createSocket();
  const channel = createWebSocketChannel(socket, { clock });
  channel.send({ a: 1 }, 'turn-end');
  for (let i = 0; i < 10; i += 1) await Promise.resolve();
  channel.send({ b: 2 }, 'turn-end');
  await new Promise<void>(atTurnEnd);
  expect(socket.sent).toEqual(['[{"a":1},{"b":2}]']);
  channel.close();
});

test('a ping is answered, and a peer that answers none of ours is dead', async () => {
  const socket = createSocket();
  const channel = createWebSocketChannel(socket, { clock });
  socket.play('message', { data: 'ping' });
  expect(socket.sent).toEqual(['pong']);
  await clock.advance(HEARTBEAT_MS);
  expect(socket.sent).toEqual(['pong', 'ping']);
  socket.play('message', { data: 'pong' });
  await clock.advance(HEARTBEATS_MISSED_MAX * HEARTBEAT_MS);
  expect(channel.closed.aborted).toBe(false);
  await clock.advance(HEARTBEAT_MS);
  expect(channel.closed.reason).toMatchObject({ code: 'unavailable' });
  expect(socket.ended).toEqual(['terminated']);
});

test('a peer that does not read is cut off at the bound', async () => {
  const socket = createSocket();
  const channel = createWebSocketChannel(socket, { clock });
  channel.send({ a: 1 });
  socket.bufferedAmount = 33 * 2 ** 20;
  await Promise.resolve();
  expect(channel.closed.reason).toMatchObject({ code: 'exhausted' });
  expect(socket.ended).toEqual(['terminated']);
});

test('what is not a list of messages in text closes the channel', () => {
  for (const data of ['', '{', '{}', '"text"', 'null', '7', new Uint8Array(3), undefined]) {
    const socket = createSocket();
    const channel = createWebSocketChannel(socket, { clock });
    socket.play('message', { data });
    expect(channel.closed.reason).toMatchObject({ code: 'invalid' });
    expect(socket.ended).toEqual([4400]);
  }
});

test('a key that would change a prototype is left out', () => {
  const socket = createSocket();
  const channel = createWebSocketChannel(socket, { clock });
  const received: unknown[] = [];
  channel.receive((message) => received.push(message));
  socket.play('message', { data: '[{"__proto__":{"admin":true},"text":"__proto__"}]' });
  expect(received).toEqual([{ text: '__proto__' }]);
  expect(Object.hasOwn(received[0] as object, '__proto__')).toBe(false);
  channel.close();
});

test('closing sends what waits, and then nothing more', async () => {
  const socket = createSocket();
  const channel = createWebSocketChannel(socket, { clock });
  channel.send({ last: true });
  channel.close();
  channel.send({ after: true });
  await Promise.resolve();
  expect(socket.sent).toEqual(['[{"last":true}]']);
  expect(socket.ended).toEqual([1000]);
});

test('a socket that fails or closes ends the channel with its reason', () => {
  const [failing, closing] = [createSocket(), createSocket()];
  const [failed, closed] = [failing, closing].map((socket) => createWebSocketChannel(socket, { clock }));
  failing.play('error', { message: 'reset by peer' });
  expect(failed?.closed.reason).toMatchObject({ message: 'the connection failed: reset by peer' });
  closing.play('close');
  expect(closed?.closed.reason).toMatchObject({ code: 'unavailable' });
});
