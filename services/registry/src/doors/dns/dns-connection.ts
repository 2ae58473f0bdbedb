/**
 * One client over TCP (RFC 7766): messages with their length before them, as many as it likes without waiting for answers,
 * which come in the same order. A client that does not take its answers is not read from until it does.
 */
import type { Socket } from 'node:net';

/** One question with its options is far below; whoever announces more is no resolver. */
export const QUERY_BYTES_MAX = 4_096;
const LENGTH_BYTES = 2;
const NO_BYTES = Buffer.alloc(0);

export type DnsConnection = { readonly close: () => void };

/**
 * Serves `socket` until either side closes it. `answer` is undefined for what is not a query: the client is then left.
 * `onActive` is called for each answer that the kernel took.
 */
export function serveDnsConnection(
  socket: Socket,
  { answer, onActive }: { answer: (message: Buffer) => Uint8Array | undefined; onActive: () => void },
): DnsConnection {
  // At most one message that is not whole and one read of the socket, which is 64 KiB.
  let pending: Buffer = NO_BYTES;

  const work = (): void => {
    while (pending.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + pending.readUInt16BE(0);
      if (end - LENGTH_BYTES > QUERY_BYTES_MAX) {
        socket.destroy();
        return;
      }
      if (pending.length < end) return;
      const reply = answer(pending.subarray(LENGTH_BYTES, end));
      pending = pending.subarray(end);
      if (reply === undefined) {
        socket.destroy();
        return;
      }
      if (!send(reply)) {
        socket.pause();
        return;
      }
      onActive();
    }
  };
  const send = (reply: Uint8Array): boolean => {
    const frame = Buffer.allocUnsafe(LENGTH_BYTES + reply.length);
    frame.writeUInt16BE(reply.length, 0);
    frame.set(reply, LENGTH_BYTES);
    return socket.write(frame);
  };

  socket.setNoDelay(true);
  socket.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    work();
  });
  socket.on('drain', () => {
    onActive();
    socket.resume();
    work();
  });
  // It went away in its own manner; nothing of it is left here.
  socket.on('error', () => socket.destroy());
  return { close: () => socket.destroy() };
}
