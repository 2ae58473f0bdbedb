// Goal: our sockets and those of libzmq understand each other. Method: every pair of types, each end once ours, bound
// and connected, with NULL and CURVE, against the npm package `zeromq`.
import { openTemporaryDirectory } from '@plumb/testing';
import { afterEach, expect, test } from 'vitest';
import * as zeromq from 'zeromq';
import { curveClient, curveServer, generateKeyPair } from '../src/curve.ts';
import { openSocket, type SocketOptions, type SocketType } from '../src/index.ts';
import { type End, exchange, ourEnd, PAIRS } from './peers.ts';

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

const serverKeys = generateKeyPair();
const clientKeys = generateKeyPair();
const authenticate = async ({ publicKey }: { publicKey: string }): Promise<string | undefined> =>
  publicKey === clientKeys.publicKey ? 'alice' : undefined;

const OURS = {
  NULL: { server: {}, client: {} },
  CURVE: {
    server: { security: curveServer({ secretKey: serverKeys.secretKey, authenticate }) },
    client: { security: curveClient({ secretKey: clientKeys.secretKey, serverKey: serverKeys.publicKey }) },
  },
} as const satisfies Record<string, Record<string, SocketOptions>>;
const THEIRS = {
  NULL: { server: {}, client: {} },
  CURVE: {
    server: { curveServer: true, curveSecretKey: serverKeys.secretKey, curvePublicKey: serverKeys.publicKey },
    client: {
      curveServerKey: serverKeys.publicKey,
      curveSecretKey: clientKeys.secretKey,
      curvePublicKey: clientKeys.publicKey,
    },
  },
} as const;

function openTheirs(type: SocketType, options: object): zeromq.Socket & End {
  const socket = new CLASSES[type]({ linger: 0, ...options } as never);
  closing.push(() => socket.close());
  return socket as unknown as zeromq.Socket & End;
}

const runPair = async (
  pair: readonly [SocketType, SocketType],
  oursAt: 0 | 1,
  mode: 'NULL' | 'CURVE',
  isOursBound: boolean,
) => {
  const [ourType, theirType] = oursAt === 0 ? pair : ([pair[1], pair[0]] as const);
  const names = { routingId: oursAt === 0 ? 'a' : 'b' };
  const ours = openSocket(ourType, {
    ...OURS[mode][isOursBound ? 'server' : 'client'],
    lingerMs: 0,
    ...(ourType === 'ROUTER' && names),
  });
  closing.push(() => ours.close());
  const theirName = { routingId: oursAt === 0 ? 'b' : 'a' };
  const theirs = openTheirs(theirType, {
    ...THEIRS[mode][isOursBound ? 'client' : 'server'],
    ...(theirType === 'ROUTER' && theirName),
  });
  if (isOursBound) {
    theirs.connect(await ours.bind('tcp://127.0.0.1:0'));
  } else {
    await theirs.bind('tcp://127.0.0.1:*');
    ours.connect(theirs.lastEndpoint ?? '');
  }
  const ends = [ourEnd(ours), theirs] as const;
  await exchange(pair, ends[oursAt], ends[1 - oursAt] as End);
  return ours;
};

for (const mode of ['NULL', 'CURVE'] as const) {
  for (const pair of PAIRS) {
    for (const oursAt of pair[0] === pair[1] ? ([0] as const) : ([0, 1] as const)) {
      test(`${mode}: ${pair.join(' and ')} of which ${pair[oursAt]} is ours, bound and connected`, async () => {
        await runPair(pair, oursAt, mode, true);
        await runPair(pair, oursAt, mode, false);
      });
    }
  }
}

test('over a unix socket, each side bound once', async () => {
  await using directory = await openTemporaryDirectory();
  const ours = openSocket('DEALER', { lingerMs: 0 });
  closing.push(() => ours.close());
  const theirs = openTheirs('ROUTER', {});
  theirs.connect(await ours.bind(`ipc://${directory.path}/ours`));
  const dealer = openTheirs('DEALER', {});
  await dealer.bind(`ipc://${directory.path}/theirs`);
  const router = openSocket('ROUTER', { lingerMs: 0 });
  closing.push(() => router.close());
  router.connect(`ipc://${directory.path}/theirs`);
  await exchange(['DEALER', 'ROUTER'], ourEnd(ours), theirs);
  await exchange(['DEALER', 'ROUTER'], dealer, ourEnd(router));
});

test('a ROUTER sees who a CURVE key of libzmq belongs to', async () => {
  const router = openSocket('ROUTER', { ...OURS.CURVE.server, lingerMs: 0 });
  closing.push(() => router.close());
  const theirs = openTheirs('DEALER', THEIRS.CURVE.client);
  theirs.connect(await router.bind('tcp://127.0.0.1:0'));
  await theirs.send([Buffer.from('who am I')]);
  const { peer } = await router.receive();
  expect([peer.identity, peer.publicKey, peer.socketType]).toEqual(['alice', clientKeys.publicKey, 'DEALER']);
});

test('libzmq with a key that nobody knows, or for another server, is refused and told so', async () => {
  const reasons: string[] = [];
  const events = { failed: (_address: string, reason: Error) => reasons.push(reason.message) };
  const router = openSocket('ROUTER', { ...OURS.CURVE.server, lingerMs: 0, events });
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

  const lost = openTheirs('DEALER', { ...THEIRS.CURVE.client, curveServerKey: publicKey });
  lost.connect(address);
  await expect.poll(() => reasons.some((reason) => reason.includes('HELLO does not open'))).toBe(true);
  expect(router.peers()).toHaveLength(0);
});
