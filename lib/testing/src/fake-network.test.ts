import { seededRandom } from '@plumb/base';
import type net from 'node:net';
import { expect, test } from 'vitest';
import { createFakeClock, createFakeNetwork, type FakeClock, type FakeNetwork, type FakeProcess } from './index.ts';

type World = {
  readonly clock: FakeClock;
  readonly network: FakeNetwork;
  readonly server: FakeProcess;
  readonly client: FakeProcess;
  /** What the server has read, and how its connections ended. */
  readonly read: string[];
  readonly ended: string[];
  readonly accepted: net.Socket[];
  readonly connect: () => net.Socket;
};

async function createWorld(): Promise<World> {
  const clock = createFakeClock();
  const wire = { latencyMsMax: 10, pieceBytes: 100, windowBytes: 1_000 };
  const network = createFakeNetwork({ clock, random: seededRandom(1), ...wire });
  const [server, client] = [network.start('server'), network.start('client')];
  const [read, ended, accepted]: [string[], string[], net.Socket[]] = [[], [], []];
  const listening = network.net.createServer({}, (socket) => {
    accepted.push(socket);
    socket.on('data', (bytes: Buffer) => read.push(bytes.toString()));
    socket.on('end', () => ended.push('end'));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => ended.push(String(code)));
  });
  listening.listen({ host: 'server', port: 7 });
  const connect = (): net.Socket => network.net.connect({ host: 'client.to.server', port: 7 });
  return { clock, network, server, client, read, ended, accepted, connect };
}

test('what is written arrives late, in pieces, in order, and then the end', async () => {
  const { clock, read, ended, connect, server, client } = await createWorld();
  const socket = connect();
  const text = Array.from({ length: 300 }, (_, n) => `line ${n}\n`).join('');
  socket.resume().end(text);
  await clock.advance(1_000);
  expect(read.length).toBeGreaterThan(5);
  expect(read.join('')).toBe(text);
  expect(ended).toEqual(['end']);
  expect([server.socketCount(), client.socketCount()]).toEqual([0, 0]);
});

test('nobody listens, and who connects is told so', async () => {
  const { clock, network } = await createWorld();
  const errors: string[] = [];
  network.net.connect({ host: 'client.to.server', port: 8 }).on('error', ({ code }: NodeJS.ErrnoException) => {
    errors.push(String(code));
  });
  await clock.advance(20);
  expect(errors).toEqual(['ECONNREFUSED']);
});

test('a connection is cut after so many bytes, and both sides learn of it', async () => {
  const { clock, network, read, ended, connect } = await createWorld();
  const socket = connect();
  const errors: string[] = [];
  socket.on('error', ({ code }: NodeJS.ErrnoException) => errors.push(String(code)));
  await clock.advance(20);
  network.connections()[0]?.cutAfter('to', 17);
  socket.write('x'.repeat(500));
  await clock.advance(1_000);
  expect(read.join('')).toBe('x'.repeat(17));
  expect([ended, errors]).toEqual([['ECONNRESET'], ['ECONNRESET']]);
});

test('a stopped process reads nothing, and its kernel takes a window of bytes; it goes on where it was', async () => {
  const { clock, read, connect, server } = await createWorld();
  const socket = connect();
  await clock.advance(20);
  server.stop();
  let takenCount = 0;
  for (let i = 0; i < 50; i += 1) socket.write('x'.repeat(100), () => (takenCount += 1));
  server.clock.after(5, () => read.push('tick'));
  await clock.advance(1_000);
  expect(read).toEqual([]);
  expect(takenCount).toBeGreaterThan(5);
  // In the kernels of both sides.
  expect(takenCount).toBeLessThan(25);
  server.resume();
  await clock.advance(1_000);
  expect(read.filter((text) => text === 'tick')).toHaveLength(1);
  expect(read.filter((text) => text !== 'tick').join('')).toHaveLength(5_000);
  expect(server.clock.stoppedMs()).toBe(1_000);
});

test('a killed process does nothing more, its connections end, and another can take its place', async () => {
  const { clock, network, read, connect, server } = await createWorld();
  const socket = connect();
  let isOver = false;
  socket.on('error', () => undefined).on('close', () => (isOver = true));
  socket.resume();
  await clock.advance(20);
  server.clock.every(10, () => read.push('tick'));
  server.kill();
  await clock.advance(100);
  expect([isOver, read, server.clock.timerCount(), server.socketCount()]).toEqual([true, [], 0, 0]);
  network.start('server');
  network.net
    .createServer({}, (other) => void other.on('data', () => read.push('again')))
    .listen({ host: 'server', port: 7 });
  connect().write('x');
  await clock.advance(100);
  expect(read).toEqual(['again']);
});

test('between parted hosts nothing passes and nobody is told, until they are joined', async () => {
  const { clock, network, read, connect, accepted } = await createWorld();
  const socket = connect();
  await clock.advance(20);
  network.part('server', 'client');
  socket.write('x');
  const later = connect();
  later.write('y');
  await clock.advance(5_000);
  expect([read, accepted.length]).toEqual([[], 1]);
  network.join('server', 'client');
  await clock.advance(5_000);
  expect(read.toSorted()).toEqual(['x', 'y']);
});

test('the time of day of one process may jump; lengths of time and timers do not notice', async () => {
  const { clock, server, client } = await createWorld();
  let isDue = false;
  server.clock.after(100, () => (isDue = true));
  server.clock.jump(-86_400_000);
  await clock.advance(99);
  expect([isDue, server.clock.monotonicMs(), client.clock.now() - server.clock.now()]).toEqual([false, 99, 86_400_000]);
  await clock.advance(1);
  expect(isDue).toBe(true);
});
