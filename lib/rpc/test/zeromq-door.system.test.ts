// The door of the server: who is let in, and what strangers, liars and the dead can do.
import fs from 'node:fs/promises';
import net from 'node:net';
import {
  createDispatcher,
  type Caller,
  type Channel,
  createClient,
  createConnection,
  openConnection,
} from '../src/index.ts';
import { listenZeromq, openZeromqChannel } from '../src/node.ts';
import { createLog, seededRandom, silentLog, systemClock } from '@plumb/base';
import { createFakeClock, openTemporaryDirectory, until } from '@plumb/testing';
import { openSocket, type Socket } from '@plumb/zmtp';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Dealer } from 'zeromq';
import { FRAME, frameOf, jsonFrame } from '../src/frame.ts';
import { PROTOCOL_VERSION } from '../src/protocol.ts';
import { listen, portOf, TOKEN } from './open-zeromq.ts';
import { createSuiteWorld, suiteContract, suiteHandlers, type SuiteWorld } from './suite-contract.ts';
import { openProxy } from './tcp-proxy.ts';

const caller: Caller = { id: 'tester', scopes: ['*'] };

type Opened = AsyncDisposable & { readonly address: string; readonly world: SuiteWorld; readonly channels: Channel[] };

async function openSuiteServer(address = 'tcp://127.0.0.1:0'): Promise<Opened> {
  const world = createSuiteWorld();
  const channels: Channel[] = [];
  const dispatcher = createDispatcher({ log: silentLog, clock: systemClock });
  dispatcher.add('suite', suiteContract, suiteHandlers(world));
  const server = await listen(
    [address],
    (channel, who) => {
      channels.push(channel);
      dispatcher.accept(channel, who);
    },
    caller,
  );
  return {
    address: server.addresses[0] ?? '',
    world,
    channels,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A program that speaks ZeroMQ, but not as we would. */
function openStranger(address: string, options: { routingId?: string } = {}): Disposable & { readonly dealer: Dealer } {
  const dealer = new Dealer({ linger: 0, receiveTimeout: 0, ...options });
  dealer.connect(address);
  return { dealer, [Symbol.dispose]: () => dealer.close() };
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'it did not fail',
    (error: unknown) => error,
  );
}

test('a wrong token is denied, late, and nothing can be called', async () => {
  await using server = await openSuiteServer();
  const startedAt = performance.now();
  const error = await failure(openZeromqChannel({ address: server.address, token: 'guessed' }));
  expect(error).toMatchObject({ code: 'denied' });
  expect(performance.now() - startedAt).toBeGreaterThan(450);
  expect(server.channels).toHaveLength(0);
});

test('nothing is answered before a hello, nor to an id that a peer chose itself', async () => {
  await using server = await openSuiteServer();
  using stranger = openStranger(server.address);
  using liar = openStranger(server.address, { routingId: 'somebody' });
  await stranger.dealer.send(frameOf(FRAME.ping));
  await stranger.dealer.send(frameOf(FRAME.messages, Buffer.of(0xa0)));
  await stranger.dealer.send([jsonFrame(FRAME.hello, { version: 1, token: TOKEN }), 'and more']);
  await liar.dealer.send(jsonFrame(FRAME.hello, { version: 1, token: TOKEN }));
  await stranger.dealer.send(jsonFrame(FRAME.hello, { version: 1, token: TOKEN }));
  // Frames of one peer are read in order: the first answer is to the last one.
  const [answer] = await until('the hello is answered', () => stranger.dealer.receive());
  expect(answer?.[0]).toBe(FRAME.welcome);
  expect(server.channels).toHaveLength(1);
  await expect(liar.dealer.receive()).rejects.toThrow('not possible or timed out');
});

test('a stranger may send no more than a hello, and a great one ends its connection', async () => {
  const reasons: string[] = [];
  await using server = await listenZeromq({
    addresses: ['tcp://127.0.0.1:0'],
    authenticate: async () => caller,
    accept: () => undefined,
    log: createLog((_level, _event, { reason }) => void reasons.push(String(reason))),
    clock: systemClock,
  });
  const [address = ''] = server.addresses;
  using stranger = openStranger(address);
  await stranger.dealer.send(frameOf(FRAME.hello, Buffer.alloc(100_000)));
  await until('it is ended', () => reasons.some((reason) => reason.includes('a frame of 100001 bytes')));
  (await openZeromqChannel({ address, token: TOKEN })).close();
});

/** What a DEALER of mechanism NULL sends before its first message (RFC 37). */
function handshakeBytes(): Buffer {
  const greeting = Buffer.alloc(64);
  greeting.set([0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 1, ...Buffer.from('NULL')]);
  const ready = Buffer.from('\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER');
  return Buffer.concat([greeting, Buffer.of(4, ready.length), ready]);
}

// Goal: whoever connects and says nothing keeps nobody else out. Method: more of them than are kept, those who begin no
// handshake and those who are done with it; then a client.
test('strangers who say nothing give way to those who do', async () => {
  await using server = await openSuiteServer();
  await using stack = new AsyncDisposableStack();
  for (const first of [Buffer.alloc(0), handshakeBytes()]) {
    const strangers = Array.from({ length: 1_100 }, () => {
      const socket = net.connect(portOf(server.address), '127.0.0.1');
      socket.on('error', () => undefined).resume();
      socket.write(first);
      return stack.adopt(socket, (open) => void open.destroy());
    });
    await until('the oldest are ended', () => strangers.filter(({ destroyed }) => destroyed).length >= 1_100 - 1_024);
    expect(strangers.filter(({ destroyed }) => !destroyed).length).toBeGreaterThan(1_000);
    (await openZeromqChannel({ address: server.address, token: TOKEN })).close();
  }
});

test('a peer of another version is told which side to update', async () => {
  await using server = await openSuiteServer();
  using stranger = openStranger(server.address);
  await stranger.dealer.send(jsonFrame(FRAME.hello, { version: 99, token: TOKEN }));
  const [answer] = await until('it answers', () => stranger.dealer.receive());
  expect(answer?.toString()).toContain('this server speaks RPC version 1, not 99: update the server');
});

test('a token that cannot be checked is unavailable, not denied', async () => {
  await using server = await listenZeromq({
    addresses: ['tcp://127.0.0.1:0'],
    authenticate: () => Promise.reject(new Error('the store is down')),
    accept: () => undefined,
    log: silentLog,
    clock: systemClock,
  });
  const error = await failure(openZeromqChannel({ address: server.addresses[0] ?? '', token: 'x' }));
  expect(error).toMatchObject({ code: 'unavailable' });
});

test('where nobody listens, the caller is told at once', async () => {
  await using directory = await openTemporaryDirectory();
  for (const address of ['tcp://127.0.0.1:1', `ipc://${directory.path}/absent.sock`]) {
    const error = await failure(openZeromqChannel({ address, token: 'x' }));
    const message = `cannot reach ${address}: the connection was refused: is it running there?`;
    expect(error).toMatchObject({ code: 'unavailable', message });
  }
});

test('an address that cannot be used is refused with what to do', async () => {
  await using server = await openSuiteServer();
  const check = async (address: string, message: string): Promise<void> => {
    expect(await failure(openSuiteServer(address))).toMatchObject({ message: expect.stringContaining(message) });
  };
  await check(server.address, `cannot listen on ${server.address}`);
  await check('7701', '"7701" is not an address: write tcp://127.0.0.1:7701');
  await check('tcp://127.0.0.1:70000', 'is not an address');
  await check(`ipc:///${'x'.repeat(120)}`, "a unix socket's path has at most 107 bytes");
  await check('ipc:///absent/directory/rpc.sock', 'cannot listen on ipc:///absent/directory/rpc.sock');
  await using directory = await openTemporaryDirectory();
  await using socket = await openSuiteServer(`ipc://${directory.path}/rpc.sock`);
  await check(socket.address, 'another program listens there: stop it first');
  (await openZeromqChannel({ address: socket.address, token: TOKEN })).close();
});

test('one server listens on several addresses, and gives them back when it closes', async () => {
  await using directory = await openTemporaryDirectory();
  const socket = `${directory.path}/rpc.sock`;
  const first = await listen(['tcp://127.0.0.1:0', `ipc://${socket}`], () => undefined, caller);
  for (const address of first.addresses) (await openZeromqChannel({ address, token: TOKEN })).close();
  await first[Symbol.asyncDispose]();
  await expect(fs.stat(socket)).rejects.toThrow('ENOENT');
  const second = await listen(first.addresses, () => undefined, caller);
  expect(second.addresses).toEqual(first.addresses);
  await second[Symbol.asyncDispose]();
});

test('a server that closes says so, and a client that closes frees its place at once', async () => {
  const server = await openSuiteServer();
  const leaver = await openZeromqChannel({ address: server.address, token: TOKEN });
  leaver.close();
  await until('the server knows', () => server.channels[0]?.closed.aborted === true);
  const stayer = await openZeromqChannel({ address: server.address, token: TOKEN });
  await server[Symbol.asyncDispose]();
  await until('the client knows', () => stayer.closed.aborted);
  const told = { code: 'unavailable', message: expect.stringContaining('the other side ended the connection') };
  expect(server.channels[0]?.closed.reason).toMatchObject(told);
  expect(stayer.closed.reason).toMatchObject({ code: 'unavailable' });
});

// Goal: whatever a peer that was let in sends, the server lives and serves the others. Method: random bytes, and good
// frames with random bodies, from one peer after another, while another one calls.
test('a peer that sends nonsense is closed, and nobody else notices', async () => {
  await using server = await openSuiteServer();
  using connection = createConnection(await openZeromqChannel({ address: server.address, token: TOKEN }));
  const client = createClient(suiteContract, 'suite', connection);
  const kind = fc.constantFrom(...Object.values(FRAME), 0);
  const frame = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.tuple(kind, fc.uint8Array({ maxLength: 64 })).map(([first, body]) => frameOf(first, body)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 10 }), async (frames) => {
      using stranger = openStranger(server.address);
      await stranger.dealer.send(jsonFrame(FRAME.hello, { version: 1, token: TOKEN }));
      for (const bytes of frames) await stranger.dealer.send(Buffer.from(bytes));
      expect(await client.add({ a: 1, b: 2 })).toBe(3);
    }),
    { numRuns: 60 },
  );
});

test('a message that is well-formed but makes no sense closes its channel with the reason', async () => {
  await using server = await openSuiteServer();
  const channel = await openZeromqChannel({ address: server.address, token: TOKEN });
  const answers: unknown[] = [];
  channel.receive((message) => answers.push(message));
  channel.send({ kind: 'call', id: -1, method: 'suite.add' });
  await until('the channel is closed', () => channel.closed.aborted);
  expect(answers).toMatchObject([{ kind: 'error', error: { code: 'invalid' } }]);
});

test('a message beyond the limit is refused by its sender, and the connection lives on', async () => {
  await using server = await openSuiteServer();
  using connection = createConnection(await openZeromqChannel({ address: server.address, token: TOKEN }));
  const client = createClient(suiteContract, 'suite', connection);
  const error = await failure(client.echo(new Uint8Array(9 * 2 ** 20)));
  expect(error).toMatchObject({ code: 'exhausted', message: expect.stringContaining('at most 8388608 can be sent') });
  expect(await client.echo(new Uint8Array(7 * 2 ** 20))).toHaveLength(7 * 2 ** 20);
});

test('a client that does not read is given up with its queue, and the server stays small', async () => {
  await using server = await openSuiteServer();
  await using proxy = await openProxy({ host: '127.0.0.1', port: portOf(server.address) });
  using connection = createConnection(await openZeromqChannel({ address: proxy.address, token: TOKEN }));
  const client = createClient(suiteContract, 'suite', connection);
  await client.bytes({ size: 1 });
  proxy.stall();
  const calls = Array.from({ length: 90 }, () => failure(client.bytes({ size: 2 ** 20 }, { timeoutMs: 60_000 })));
  await until('the server gave up', () => server.channels[0]?.closed.aborted === true, { timeoutMs: 60_000 });
  expect(server.channels[0]?.closed.reason).toMatchObject({ code: 'exhausted' });
  connection.close();
  for (const error of await Promise.all(calls)) expect(error).toMatchObject({ code: 'unavailable' });
});

test('a connection comes back by itself when the server does, and calls made meanwhile wait for it', async () => {
  const first = await openSuiteServer();
  const { address } = first;
  const open = (signal: AbortSignal): Promise<Channel> => openZeromqChannel({ address, token: TOKEN, signal });
  using connection = openConnection({ open, clock: systemClock, random: seededRandom(1), log: silentLog });
  const client = createClient(suiteContract, 'suite', connection);
  expect(await client.add({ a: 1, b: 2 })).toBe(3);
  const running = failure(client.hang({}));
  await until('the handler runs', () => first.world.hangsStarted === 1);
  await first[Symbol.asyncDispose]();
  expect(await running).toMatchObject({ code: 'unavailable' });

  expect(await failure(client.add({ a: 1, b: 2 }, { timeoutMs: 50 }))).toMatchObject({
    code: 'deadline',
    message: expect.stringContaining('there is no connection'),
  });
  const waiting = client.add({ a: 2, b: 2 }, { timeoutMs: 60_000 });
  await using _second = await openSuiteServer(address);
  expect(await waiting).toBe(4);
});

test('a stranger that says nothing is ended, and so is one whose token was refused', async () => {
  const clock = createFakeClock();
  await using server = await listenZeromq({
    addresses: ['tcp://127.0.0.1:0'],
    authenticate: async () => undefined,
    accept: () => undefined,
    log: silentLog,
    clock,
  });
  let connectedCount = 0;
  const ended: string[] = [];
  const connectAs = (name: string): Socket => {
    const events = { connected: () => (connectedCount += 1), disconnected: () => ended.push(name) };
    const socket = openSocket('DEALER', { reconnect: false, events, onMessage: () => undefined });
    socket.connect(server.addresses[0] ?? '');
    return socket;
  };
  await using _silent = connectAs('silent');
  await using refused = connectAs('refused');
  await until('both are connected', () => connectedCount === 2);
  await refused.send([jsonFrame(FRAME.hello, { version: PROTOCOL_VERSION, token: 'wrong' })]);
  await until('both were ended', async () => {
    await clock.advance(100);
    return ended.length === 2;
  });
  expect(ended.toSorted()).toEqual(['refused', 'silent']);
});
