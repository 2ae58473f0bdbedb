// What a browser, or something that looks like one, may send.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { silentLog, systemClock } from '@plumb/base';
import { until } from '@plumb/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import {
  type Channel,
  createDispatcher,
  createWebSocketChannel,
  openWebSocketChannel,
  WEBSOCKET_PROTOCOL,
} from '../src/index.ts';
import { createSuiteWorld, suiteContract, suiteHandlers } from './suite-contract.ts';

type Opened = AsyncDisposable & { readonly url: string; readonly channels: Channel[] };

async function openDoor(): Promise<Opened> {
  const dispatcher = createDispatcher({ log: silentLog, clock: systemClock });
  dispatcher.add('suite', suiteContract, suiteHandlers(createSuiteWorld()));
  const channels: Channel[] = [];
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (socket) => {
    const channel = createWebSocketChannel(socket, { clock: systemClock });
    channels.push(channel);
    dispatcher.accept(channel, { id: 'tester', scopes: ['*'] });
  });
  await once(server, 'listening');
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    channels,
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate();
      server.close();
      await once(server, 'close');
    },
  };
}

// Goal: no frame crashes the server or goes unanswered for ever. Method: random texts and bytes; each is either read, or
// closes its own connection.
test('any frame is read or closes its connection', async () => {
  await using door = await openDoor();
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((json) => `[${json}]`),
  );
  const frame = fc.oneof(text, fc.uint8Array({ maxLength: 40 }));
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 5 }), async (frames) => {
      const socket = new WebSocket(door.url, [WEBSOCKET_PROTOCOL]);
      await once(socket, 'open');
      let isSettled = false;
      socket.on('close', () => (isSettled = true));
      socket.on('message', (answer) => (isSettled ||= (answer as Buffer).toString() === 'pong'));
      for (const bytes of frames) socket.send(bytes);
      socket.send('ping');
      await until('it is answered or closed', () => isSettled);
      socket.terminate();
    }),
    { numRuns: 60 },
  );
});

test('a socket that does not name the protocol is closed', async () => {
  await using door = await openDoor();
  const socket = new WebSocket(door.url);
  const [code] = (await once(socket, 'close')) as [number];
  expect(code).toBe(4400);
  expect(door.channels[0]?.closed.reason).toMatchObject({ message: expect.stringContaining(WEBSOCKET_PROTOCOL) });
});

test('what JSON cannot carry is refused where it is sent, and the connection lives on', async () => {
  await using door = await openDoor();
  const channel = await openWebSocketChannel({ url: door.url, clock: systemClock });
  for (const value of [1n, new Map(), new Set(), new Date(), new Uint8Array(1), Number.NaN, () => 1]) {
    expect(() => channel.send({ value })).toThrow('JSON cannot carry');
  }
  expect(() => channel.send({ value: 'x'.repeat(9 * 2 ** 20) })).toThrow('at most 8388608');
  expect(channel.closed.aborted).toBe(false);
  channel.close();
});

test('where nobody listens, the caller is told', async () => {
  await expect(openWebSocketChannel({ url: 'ws://127.0.0.1:1', clock: systemClock })).rejects.toMatchObject({
    code: 'unavailable',
  });
});
