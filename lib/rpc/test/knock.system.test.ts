// What a knock learns, from real listeners: one that takes no notice, one that does, one that is gone, one that is full.
import { once } from 'node:events';
import net from 'node:net';
import { Worker } from 'node:worker_threads';
import { systemClock } from '@plumb/base';
import { createFakeClock, openTemporaryDirectory, until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { knockAt } from '../src/knock.ts';

function knock(address: string, clock = systemClock): Disposable & { readonly heard: string[] } {
  const heard: string[] = [];
  const knocking = knockAt(
    address,
    clock,
  )({
    onReached: () => heard.push('reached'),
    onAnswered: () => heard.push('answered'),
    onGone: (why) => heard.push(why.replace(address, 'it')),
  });
  return { heard, [Symbol.dispose]: () => knocking[Symbol.dispose]() };
}

type Listener = Disposable & { readonly address: string; readonly sockets: net.Socket[] };

async function listen(): Promise<Listener> {
  const sockets: net.Socket[] = [];
  const server = net.createServer((socket) => void sockets.push(socket.on('error', () => undefined)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  const { port } = server.address() as net.AddressInfo;
  return { address: `tcp://127.0.0.1:${port}`, sockets, [Symbol.dispose]: close };
}

test('a listener is reached without its doing, and answers with anything that it does', async () => {
  for (const answer of [(socket: net.Socket) => socket.write('x'), (socket: net.Socket) => socket.end()]) {
    using listener = await listen();
    using knocking = knock(listener.address);
    await until('it is reached', () => knocking.heard.length > 0 && listener.sockets.length > 0);
    expect(knocking.heard).toEqual(['reached']);
    answer(listener.sockets[0] as net.Socket);
    await until('it answers', () => knocking.heard.length > 1);
    expect(knocking.heard).toEqual(['reached', 'answered']);
  }
});

test('nobody there is gone, one that was there as well, and who has stopped to listen hears nothing', async () => {
  using listener = await listen();
  {
    using knocking = knock(listener.address);
    await until('it is reached', () => knocking.heard.length > 0 && listener.sockets.length > 0);
    listener.sockets[0]?.resetAndDestroy();
    await until('it is lost', () => knocking.heard.length > 1);
    expect(knocking.heard[1]).toBe('the connection that knocked at it was lost (ECONNRESET)');
  }
  const left = knock(listener.address);
  left[Symbol.dispose]();
  listener[Symbol.dispose]();
  using knocking = knock(listener.address);
  await until('it is refused', () => knocking.heard.length > 0);
  expect(knocking.heard).toEqual(['it is gone (ECONNREFUSED)']);
  expect(left.heard).toEqual([]);
});

/** Listens with room for one, says where, and then sleeps for ever. */
async function openSleeper(options: net.ListenOptions): Promise<AsyncDisposable & { readonly port: number }> {
  const program = `
    const server = require('node:net').createServer();
    server.listen({ ...${JSON.stringify(options)}, backlog: 1 }, () => {
      require('node:worker_threads').parentPort.postMessage(server.address().port ?? 0);
      setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
    });`;
  const worker = new Worker(program, { eval: true });
  const [port] = (await once(worker, 'message')) as [number];
  return {
    port,
    async [Symbol.asyncDispose]() {
      await worker.terminate();
    },
  };
}

test('a sleeping listener on a unix socket is there, also when its queue is full', async () => {
  await using directory = await openTemporaryDirectory();
  const path = `${directory.path}/full.sock`;
  await using _sleeper = await openSleeper({ path });
  await using knocks = new AsyncDisposableStack();
  // How many fit is the kernel's business: some more than it was asked for.
  const opened = Array.from({ length: 10 }, () => knocks.use(knock(`ipc://${path}`)));
  await until('all are told', () => opened.every(({ heard }) => heard.length > 0));
  expect(opened.map(({ heard }) => heard)).toEqual(opened.map(() => ['reached']));
});

test('where no connection is taken for four seconds, nobody is there', async () => {
  await using sleeper = await openSleeper({ port: 0, host: '127.0.0.1' });
  const address = `tcp://127.0.0.1:${sleeper.port}`;
  await using knocks = new AsyncDisposableStack();
  // Its queue takes two; the packets of a third are dropped.
  for (let i = 0; i < 2; i += 1) {
    const first = knocks.use(knock(address));
    await until('it is reached', () => first.heard.length > 0);
  }
  const clock = createFakeClock();
  using late = knock(address, clock);
  await clock.advance(3_999);
  expect(late.heard).toEqual([]);
  await clock.advance(1);
  expect(late.heard).toEqual(['it took no connection for 4000 ms']);
});
