// Goal: our sockets and those of libzmq understand each other. Method: every pair of types against the npm package `zeromq`.
import { openTemporaryDirectory, until } from '@plumb/testing';
import { afterEach, expect, test } from 'vitest';
import * as zeromq from 'zeromq';
import { generateKeyPair } from '../src/curve.ts';
import { openSocket, type SocketType } from '../src/index.ts';
import {
  clientKeys,
  interopSuite,
  OUR_CURVE,
  serverKeys,
  THEIR_CURVE,
  type TheirOptions,
  type Theirs,
} from './interop-suite.ts';
import { exchange, ourEnd } from './peers.ts';

const CLASSES = {
  REQ: zeromq.Request,
  REP: zeromq.Reply,
  DEALER: zeromq.Dealer,
  ROUTER: zeromq.Router,
  PUB: zeromq.Publisher,
  XPUB: zeromq.XPublisher,
  SUB: zeromq.Subscriber,
  XSUB: zeromq.XSubscriber,
  PUSH: zeromq.Push,
  PULL: zeromq.Pull,
  PAIR: zeromq.Pair,
} as const;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

type LibzmqSocket = zeromq.Socket & Omit<Theirs, 'bind' | 'connect' | 'close'>;

function openLibzmq(type: SocketType, options: object = {}): LibzmqSocket {
  return new CLASSES[type]({ linger: 0, ...options } as never) as unknown as LibzmqSocket;
}

function curveOptions(curve: NonNullable<TheirOptions['curve']>): object {
  const { publicKey: curvePublicKey, secretKey: curveSecretKey } = curve.keys;
  const own = { curvePublicKey, curveSecretKey };
  return curve.kind === 'server' ? { ...own, curveServer: true } : { ...own, curveServerKey: curve.serverKey };
}

function openTheirs(type: SocketType, options: object = {}): LibzmqSocket {
  const socket = openLibzmq(type, options);
  closing.push(() => socket.close());
  return socket;
}

interopSuite((type, { routingId, curve }) => {
  const socket = openLibzmq(type, {
    ...(routingId !== undefined && { routingId }),
    ...(curve !== undefined && curveOptions(curve)),
  });
  return {
    bind: async () => {
      await socket.bind('tcp://127.0.0.1:*');
      return socket.lastEndpoint ?? '';
    },
    connect: (address) => socket.connect(address),
    subscribe: (topic) => socket.subscribe(topic),
    unsubscribe: (topic) => socket.unsubscribe(topic),
    send: (parts) => socket.send(parts),
    receive: () => socket.receive(),
    close: () => socket.close(),
  };
});

test('over a unix socket, each side bound once', async () => {
  await using directory = await openTemporaryDirectory();
  const ours = openSocket('DEALER', { lingerMs: 0 });
  closing.push(() => ours.close());
  const theirs = openTheirs('ROUTER');
  theirs.connect(await ours.bind(`ipc://${directory.path}/ours`));
  const dealer = openTheirs('DEALER');
  await dealer.bind(`ipc://${directory.path}/theirs`);
  const router = openSocket('ROUTER', { lingerMs: 0 });
  closing.push(() => router.close());
  router.connect(`ipc://${directory.path}/theirs`);
  await exchange(['DEALER', 'ROUTER'], ourEnd(ours), theirs);
  await exchange(['DEALER', 'ROUTER'], dealer, ourEnd(router));
});

// Goal: a PING of either side is answered by the other. Method: one side asks and would give up; the other says nothing else.
test('a quiet connection stays up by the heartbeats of one side, ours or theirs', async () => {
  const [timeoutMs, quietMs] = [1_000, 2_500];
  const check = async (isCurve: boolean, isOursAsking: boolean): Promise<void> => {
    const lost: string[] = [];
    const router = openSocket('ROUTER', {
      ...(isCurve && OUR_CURVE.server),
      lingerMs: 0,
      heartbeatIntervalMs: isOursAsking ? 50 : 0,
      heartbeatTimeoutMs: timeoutMs,
      events: { disconnected: (_peer, { message }) => lost.push(message) },
    });
    closing.push(() => router.close());
    const theirs = openTheirs('DEALER', {
      ...(isCurve && curveOptions(THEIR_CURVE.client)),
      ...(!isOursAsking && { heartbeatInterval: 50, heartbeatTimeout: timeoutMs, heartbeatTimeToLive: timeoutMs }),
    });
    theirs.connect(await router.bind('tcp://127.0.0.1:0'));
    await theirs.send([Buffer.from('1')]);
    const { peer } = await router.receive();
    const quietFrom = performance.now();
    await until('the time-out to pass twice', () => performance.now() - quietFrom > quietMs);
    await theirs.send([Buffer.from('2')]);
    expect((await router.receive()).peer).toBe(peer);
    expect(lost).toEqual([]);
  };
  await Promise.all([check(false, false), check(false, true), check(true, false), check(true, true)]);
});

test('a ROUTER sees who a CURVE key of libzmq belongs to', async () => {
  const router = openSocket('ROUTER', { ...OUR_CURVE.server, lingerMs: 0 });
  closing.push(() => router.close());
  const theirs = openTheirs('DEALER', curveOptions(THEIR_CURVE.client));
  theirs.connect(await router.bind('tcp://127.0.0.1:0'));
  await theirs.send([Buffer.from('who am I')]);
  const { peer } = await router.receive();
  expect([peer.identity, peer.publicKey, peer.socketType]).toEqual(['alice', clientKeys.publicKey, 'DEALER']);
});

test('libzmq with a key that nobody knows, or for another server, is refused and told so', async () => {
  const reasons: string[] = [];
  const events = { failed: (_address: string, reason: Error) => reasons.push(reason.message) };
  const router = openSocket('ROUTER', { ...OUR_CURVE.server, lingerMs: 0, events });
  closing.push(() => router.close());
  const address = await router.bind('tcp://127.0.0.1:0');
  const { publicKey, secretKey } = generateKeyPair();
  const stranger = openTheirs('DEALER', {
    curveServerKey: serverKeys.publicKey,
    curvePublicKey: publicKey,
    curveSecretKey: secretKey,
  });
  const refused = new Promise<string>((resolve) =>
    stranger.events.on('handshake:error:auth', ({ type }) => resolve(type)),
  );
  stranger.connect(address);
  expect(await refused).toBe('handshake:error:auth');
  expect(reasons[0]).toContain(publicKey);

  const lost = openTheirs('DEALER', { ...curveOptions(THEIR_CURVE.client), curveServerKey: publicKey });
  lost.connect(address);
  await expect.poll(() => reasons.some((reason) => reason.includes('HELLO does not open'))).toBe(true);
  expect(router.peers()).toHaveLength(0);
});
