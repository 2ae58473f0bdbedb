import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@plumb/base';
import { WebSocketServer } from 'ws';
import { createConnection, createWebSocketChannel, openWebSocketChannel } from '../src/index.ts';
import { rpcSuite } from './rpc-suite.ts';
import { PLAIN_VALUES } from './values.ts';

rpcSuite(
  'WebSocket',
  async (dispatcher, caller) => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    server.on('connection', (socket) =>
      dispatcher.accept(createWebSocketChannel(socket, { clock: systemClock }), caller),
    );
    await once(server, 'listening');
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const connection = createConnection(await openWebSocketChannel({ url, clock: systemClock }));
    return {
      connection,
      cut: () => server.clients.forEach((socket) => socket.terminate()),
      async [Symbol.asyncDispose]() {
        connection.close();
        server.close();
        server.clients.forEach((socket) => socket.terminate());
        await once(server, 'close');
      },
    };
  },
  { values: PLAIN_VALUES },
);
