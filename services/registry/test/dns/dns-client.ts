/** Sockets that speak DNS, for tests: one for UDP and one for TCP. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { until } from '@plumb/testing';
import { decodeMessage, encodeQuery, type Message, type Query } from './dns-message.ts';

export type Client = AsyncDisposable & {
  /** Resolves with the answer of the same id. */
  readonly ask: (query: Query) => Promise<Message>;
  readonly send: (bytes: Buffer) => void;
  /** All answers so far. */
  readonly answers: readonly Buffer[];
};

export async function openUdpClient(port: number): Promise<Client> {
  const socket = createSocket('udp4');
  const answers: Buffer[] = [];
  socket.on('message', (bytes) => answers.push(bytes));
  const listening = once(socket, 'listening');
  socket.bind(0, '127.0.0.1');
  await listening;
  const send = (bytes: Buffer): void => socket.send(bytes, port, '127.0.0.1');
  return {
    answers,
    send,
    ask: askWith(send, answers),
    async [Symbol.asyncDispose]() {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}

export type TcpClient = Client & { readonly socket: Socket; readonly isClosed: () => boolean };

export async function openTcpClient(port: number): Promise<TcpClient> {
  const socket = connect({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  const answers: Buffer[] = [];
  let rest: Buffer = Buffer.alloc(0);
  let isClosed = false;
  socket.on('close', () => (isClosed = true));
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const end = 2 + rest.readUInt16BE(0);
      answers.push(rest.subarray(2, end));
      rest = rest.subarray(end);
    }
  });
  const send = (bytes: Buffer): void => void socket.write(framed(bytes));
  return {
    socket,
    answers,
    send,
    ask: askWith(send, answers),
    isClosed: () => isClosed,
    async [Symbol.asyncDispose]() {
      if (isClosed) return;
      const closed = once(socket, 'close');
      socket.destroy();
      await closed;
    },
  };
}

export function framed(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
}

function askWith(send: (bytes: Buffer) => void, answers: readonly Buffer[]): (query: Query) => Promise<Message> {
  return async (query) => {
    send(encodeQuery(query));
    const bytes = await until('an answer', () => answers.find((answer) => answer.readUInt16BE(0) === (query.id ?? 7)));
    return decodeMessage(bytes);
  };
}
