/**
 * Reads a socket of `node:net` to where the bytes belong, rather than to memory that is made for each read of 64 KiB.
 * Node offers that (`onread`) for sockets that it connects, but not for those that a server accepts, so what the option
 * sets is set here on both. A Node in which it has other names reads as usual: it costs copies and garbage collection,
 * a third of the speed of large messages, and changes nothing else.
 */
import type { Socket } from 'node:net';

/** One read from the system takes at most this, unless there is `room` for more. */
export const READ_BUFFER_BYTES = 65_536;

export type Reading = {
  /** Of `READ_BUFFER_BYTES`. Between two reads nothing of it is used. */
  readonly shared: Buffer;
  /** Where the next bytes shall go; undefined for anywhere. Asked after each read. */
  readonly room: () => Buffer | undefined;
  /** So many bytes are in what `room` returned last. */
  readonly onRoomRead: (count: number) => void;
  /** Bytes that belong to the receiver. */
  readonly onChunk: (chunk: Buffer) => void;
};

type Handle = { readonly useUserBuffer?: (buffer: Buffer) => void };

/** Call it before anything was read. `socket.pause` and `resume` work as ever. Returns whether `room` is used. */
export function readInto(socket: Socket, reading: Reading): boolean {
  const { shared, room, onRoomRead, onChunk } = reading;
  const [buffer, onread, nextBuffer] = ['kBuffer', 'kBufferCb', 'kBufferGen'].map((name) =>
    Object.getOwnPropertySymbols(socket).find(({ description }) => description === name),
  );
  const { _handle: handle } = socket as { readonly _handle?: Handle | null };
  if (buffer === undefined || onread === undefined || nextBuffer === undefined || !handle?.useUserBuffer) {
    socket.on('data', onChunk);
    return false;
  }
  const onBytes = (count: number, target: Buffer): void => {
    let isTaken = false;
    try {
      if (target === shared) onChunk(Buffer.from(shared.subarray(0, count)));
      else onRoomRead(count);
      isTaken = true;
    } finally {
      // The next read would go to memory that is somebody else's.
      if (!isTaken) socket.destroy();
    }
  };
  Object.assign(socket, { [buffer]: shared, [onread]: onBytes, [nextBuffer]: () => room() ?? shared });
  handle.useUserBuffer(shared);
  socket.resume();
  return true;
}
