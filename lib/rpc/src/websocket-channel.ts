/**
 * RPC over a WebSocket, for browsers: each text frame is a JSON list of messages, those of one turn together. A frame
 * that is the text `ping` or `pong` is a sign of life. Works on the sockets of browsers, of Node and of `ws` alike.
 */
import { type Clock, describeError, OperatingError } from '@plumb/base';
import type { Channel, Message } from './channel.ts';
import { startHeartbeat } from './heartbeat.ts';
import { closedByPeer, closedByThisSide, createInbox } from './inbox.ts';
import { decodeJson, encodeJson } from './json-codec.ts';
import { MESSAGE_SIZE_BYTES_MAX } from './limits.ts';
import { PROTOCOL_VERSION } from './protocol.ts';
import { createFlushPlan } from './turn.ts';

/** The subprotocol that both sides must name: it agrees on the version before anything is sent. */
export const WEBSOCKET_PROTOCOL = `plumb-rpc.${PROTOCOL_VERSION}`;

/** Messages of one turn are put in one frame up to this size; a frame is at most this and one message long. */
const BATCH_LENGTH_MAX = 2 ** 20;

/** What a server should allow as the payload of one frame. */
export const WEBSOCKET_FRAME_BYTES_MAX = MESSAGE_SIZE_BYTES_MAX + 4 * BATCH_LENGTH_MAX;

/** Bytes that wait in this process for a peer that does not read; then the connection is closed. */
const QUEUE_BYTES_MAX = 32 * 2 ** 20;

/** What is asked of a socket. */
export type WebSocketLike = {
  readonly protocol: string;
  readonly bufferedAmount: number;
  readonly send: (text: string) => void;
  readonly close: (code?: number, reason?: string) => void;
  /** Ends the connection without a farewell, where the kind of socket can. */
  readonly terminate?: () => void;
  readonly addEventListener: (
    type: 'message' | 'close' | 'error',
    listener: (event: { readonly data?: unknown; readonly reason?: string; readonly message?: string }) => void,
  ) => void;
};

/** A channel over an open and already authenticated socket, which it then owns. */
export function createWebSocketChannel(socket: WebSocketLike, { clock }: { readonly clock: Clock }): Channel {
  const inbox = createInbox();
  let batch: string[] = [];
  let batchLength = 0;

  const end = (code: number, reason: OperatingError): void => {
    if (inbox.closed.aborted) return;
    inbox.close(reason);
    socket.close(code, reason.code);
  };
  const kill = (reason: OperatingError): void => {
    inbox.close(reason);
    if (socket.terminate === undefined) socket.close(4000, reason.code);
    else socket.terminate();
  };
  const write = (text: string): void => {
    socket.send(text);
    if (socket.bufferedAmount > QUEUE_BYTES_MAX) {
      kill(new OperatingError('exhausted', `${socket.bufferedAmount} bytes were left unread`));
    }
  };
  const flush = (): void => {
    if (batch.length === 0 || inbox.closed.aborted) return;
    const text = `[${batch.join(',')}]`;
    batch = [];
    batchLength = 0;
    write(text);
  };
  const planFlush = createFlushPlan(flush);

  const heartbeat = startHeartbeat(clock, { ping: () => write('ping'), dead: kill });
  inbox.closed.addEventListener('abort', () => heartbeat[Symbol.dispose]());
  socket.addEventListener('close', () => inbox.close(closedByPeer()));
  socket.addEventListener('error', ({ message }) => {
    inbox.close(new OperatingError('unavailable', `the connection failed: ${message ?? 'no reason given'}`));
  });
  socket.addEventListener('message', ({ data }) => {
    if (inbox.closed.aborted) return;
    heartbeat.heard();
    if (data === 'ping') return write('pong');
    if (data === 'pong') return;
    try {
      for (const message of parseFrame(data)) inbox.deliver(message);
    } catch (error) {
      end(4400, new OperatingError('invalid', `the protocol was broken: ${describeError(error)}`));
    }
  });
  if (socket.protocol !== WEBSOCKET_PROTOCOL) {
    end(
      4400,
      new OperatingError('invalid', `the other side must speak ${WEBSOCKET_PROTOCOL}, not "${socket.protocol}"`),
    );
  }

  return {
    closed: inbox.closed,
    receive: inbox.receive,
    close() {
      flush();
      end(1000, closedByThisSide());
    },
    send(message, timing = 'soon') {
      if (inbox.closed.aborted) return;
      const text = encodeJson(message);
      checkSize(text);
      if (batchLength + text.length > BATCH_LENGTH_MAX) flush();
      batch.push(text);
      batchLength += text.length;
      planFlush(timing);
    },
  };
}

function parseFrame(data: unknown): readonly Message[] {
  if (typeof data !== 'string') throw new OperatingError('invalid', 'a frame must be text');
  const messages = decodeJson(data);
  if (!Array.isArray(messages)) throw new OperatingError('invalid', 'a frame must be a list of messages');
  return messages as readonly Message[];
}

function checkSize(text: string): void {
  // A UTF-16 unit is at most three bytes of UTF-8, so short texts need no counting.
  if (text.length * 3 <= MESSAGE_SIZE_BYTES_MAX) return;
  const sizeBytes = new TextEncoder().encode(text).length;
  if (sizeBytes <= MESSAGE_SIZE_BYTES_MAX) return;
  const advice = `at most ${MESSAGE_SIZE_BYTES_MAX} can be sent: ask for less at a time`;
  throw new OperatingError('exhausted', `the message has ${sizeBytes} bytes, ${advice}`);
}
