import { once } from 'node:events';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { READ_BUFFER_BYTES, readInto } from '../src/read-into.ts';

const pipe = path.join(os.tmpdir(), `plumb-read-into-${process.pid}.sock`);

test.each([['127.0.0.1:0'], [pipe]])(
  'both ends of a connection at %s read into the room they are given',
  async (at) => {
    const server = net.createServer().listen(at === pipe ? { path: pipe } : { host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    const bound = server.address();
    const client = typeof bound === 'string' ? net.connect(bound) : net.connect(bound?.port ?? 0, '127.0.0.1');
    const clientEnd = read(client);
    const [accepted] = (await once(server, 'connection')) as [net.Socket];
    const serverEnd = read(accepted);
    expect([clientEnd.isUsed, serverEnd.isUsed]).toEqual([true, true]);
    for (const [from, to] of [
      [client, serverEnd],
      [accepted, clientEnd],
    ] as const) {
      from.write('first');
      await until('the first chunk', () => to.chunks.length > 0);
      expect(Buffer.concat(to.chunks).toString()).toBe('first');
      // What the first read was asked for is told only after it.
      to.room = Buffer.alloc(10);
      from.write('now');
      await until('the next chunk', () => to.chunks.length > 1);
      from.write('0123456789');
      await until('a full room', () => to.room?.toString() === '0123456789');
      expect(to.counts.reduce((sum, count) => sum + count, 0)).toBe(10);
      // Chunks are not written over.
      expect(Buffer.concat(to.chunks).toString()).toBe('firstnow');
    }
    client.end();
    await Promise.all([once(client, 'close'), once(accepted, 'end').then(() => accepted.destroy())]);
    await new Promise((resolve) => server.close(resolve));
  },
);

test('a socket whose parts have other names is read as usual', () => {
  const socket = new net.Socket();
  const chunks: Buffer[] = [];
  const shared = Buffer.alloc(0);
  const isUsed = readInto(socket, {
    shared,
    room: () => undefined,
    onRoomRead: () => {},
    onChunk: (c) => chunks.push(c),
  });
  socket.push(Buffer.from('some'));
  socket.read();
  expect([isUsed, Buffer.concat(chunks).toString()]).toEqual([false, 'some']);
  socket.destroy();
});

type End = { room: Buffer | undefined; readonly chunks: Buffer[]; readonly counts: number[]; isUsed: boolean };

function read(socket: net.Socket): End {
  const end: End = { room: undefined, chunks: [], counts: [], isUsed: false };
  let at = 0;
  end.isUsed = readInto(socket, {
    shared: Buffer.alloc(READ_BUFFER_BYTES),
    room: () => end.room?.subarray(at),
    onRoomRead: (count) => {
      end.counts.push(count);
      at += count;
      if (at === end.room?.length) [end.room, at] = [Buffer.from(end.room), 0];
    },
    onChunk: (chunk) => end.chunks.push(chunk),
  });
  return end;
}
