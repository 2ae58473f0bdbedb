// Goal: what libzmq of Debian and its Python binding send, we understand, and the other way round. Method: a Python
// process with a socket of each type, bound and connected, with NULL and CURVE; ours is the counterpart of each.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { hasRequirement, until } from '@plumb/testing';
import { afterEach, expect, test } from 'vitest';
import { curveClient, curveServer, generateKeyPair } from '../src/curve.ts';
import { openSocket, type Socket, type SocketType } from '../src/index.ts';

/** Debian's own, which has Debian's packages. */
const PYTHON = '/usr/bin/python3';
const COUNTERPARTS: Readonly<Record<string, SocketType>> = {
  REP: 'REQ',
  ROUTER: 'DEALER',
  DEALER: 'ROUTER',
  PUB: 'SUB',
  SUB: 'PUB',
  PUSH: 'PULL',
  PULL: 'PUSH',
  REQ: 'REP',
};
const BODY = [Buffer.from('topic'), Buffer.alloc(300), Buffer.alloc(0)];
const AGAIN_MS = 20;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

function startPython(spec: object): { child: ChildProcess; lines: unknown[] } {
  const child = spawn(PYTHON, [`${import.meta.dirname}/pyzmq-peer.py`, JSON.stringify(spec)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  closing.push(() => child.kill('SIGKILL'));
  const lines: unknown[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)));
  return { child, lines };
}

async function talk(sockets: ReadonlyMap<string, Socket>, lines: readonly unknown[]): Promise<void> {
  const of = (name: string): Socket => sockets.get(name) as Socket;
  const sizes = async (socket: Socket): Promise<number[]> => (await socket.receive()).parts.map(({ length }) => length);
  const hex = BODY.map((part) => part.toString('hex'));
  const hasHeard = (name: string): boolean =>
    lines.some((line) => JSON.stringify(line) === JSON.stringify([name, hex]));

  await of('REP').send(BODY);
  expect(await sizes(of('REP'))).toEqual([5, 300, 0]);
  await of('ROUTER').send(BODY);
  expect(await sizes(of('ROUTER'))).toEqual([5, 300, 0]);

  const router = of('DEALER');
  const peer = await until('the DEALER to connect', () => router.peers()[0]);
  await router.send([peer.routingId, ...BODY]);
  expect((await sizes(router)).slice(1)).toEqual([5, 300, 0]);

  of('PUB').subscribe('top');
  expect(await sizes(of('PUB'))).toEqual([5, 300, 0]);
  await until(
    'the SUB to hear',
    async () => {
      await of('SUB').send(BODY);
      return hasHeard('SUB');
    },
    { periodMs: AGAIN_MS },
  );

  expect(await sizes(of('PUSH'))).toEqual([5, 300, 0]);
  await of('PULL').send(BODY);
  await until('the PULL to hear', () => hasHeard('PULL'));
  expect(await sizes(of('REQ'))).toEqual([5, 300, 0]);
  await of('REQ').send(BODY);
  await until('the REQ to be answered', () => hasHeard('REQ'));
}

const canRun = spawnSync(PYTHON, ['-c', 'import zmq; assert zmq.has("curve")']).status === 0;
if (hasRequirement('python3-zmq', 'install it with "apt-get install python3-zmq"', canRun)) {
  for (const mode of ['NULL', 'CURVE'] as const) {
    const [server, client] = [generateKeyPair(), generateKeyPair()];
    const isCurve = mode === 'CURVE';

    test(`${mode}: Python connects to sockets of ours`, async () => {
      const authenticate = async ({ publicKey }: { publicKey: string }): Promise<string | undefined> =>
        publicKey === client.publicKey ? 'python' : undefined;
      const security = isCurve ? curveServer({ secretKey: server.secretKey, authenticate }) : undefined;
      const sockets = new Map<string, Socket>();
      const addresses: Record<string, string> = {};
      for (const [theirs, ours] of Object.entries(COUNTERPARTS)) {
        const socket = openSocket(ours, { security, lingerMs: 0 });
        closing.push(() => socket.close());
        sockets.set(theirs, socket);
        addresses[theirs] = await socket.bind('tcp://127.0.0.1:0');
      }
      const keys = isCurve ? { serverKey: server.publicKey, ...client } : {};
      await talk(sockets, startPython({ connect: addresses, ...keys }).lines);
      for (const { identity } of sockets.get('DEALER')?.peers() ?? [])
        expect(identity).toBe(isCurve ? 'python' : undefined);
    });

    test(`${mode}: sockets of ours connect to Python`, async () => {
      const { lines } = startPython(isCurve ? { serverSecret: server.secretKey } : {});
      const addresses = (await until('Python to listen', () => lines[0])) as Record<string, string>;
      const security = isCurve ? curveClient({ secretKey: client.secretKey, serverKey: server.publicKey }) : undefined;
      const sockets = new Map<string, Socket>();
      for (const [theirs, ours] of Object.entries(COUNTERPARTS)) {
        const socket = openSocket(ours, { security, lingerMs: 0 });
        closing.push(() => socket.close());
        sockets.set(theirs, socket);
        socket.connect(addresses[theirs] ?? '');
      }
      await talk(sockets, lines);
    });
  }
}
