/** Pairs of sockets that talk to each other, and what a pair does to show it: the same for ours and for those of others. */
import { until } from '@plumb/testing';
import { expect } from 'vitest';
import type { Socket, SocketType } from '../src/index.ts';

/** One end of a connection, whoever made it. */
export type End = {
  readonly send: (parts: readonly Uint8Array[]) => Promise<void>;
  readonly receive: () => Promise<readonly Buffer[]>;
  /** For SUB; XSUB sends a message. */
  readonly subscribe: (topic: string) => void;
  readonly unsubscribe: (topic: string) => void;
};

export const PAIRS: readonly (readonly [SocketType, SocketType])[] = [
  ['REQ', 'REP'],
  ['REQ', 'ROUTER'],
  ['DEALER', 'REP'],
  ['DEALER', 'ROUTER'],
  ['DEALER', 'DEALER'],
  ['ROUTER', 'ROUTER'],
  ['PUB', 'SUB'],
  ['PUB', 'XSUB'],
  ['XPUB', 'SUB'],
  ['XPUB', 'XSUB'],
  ['PUSH', 'PULL'],
  ['PAIR', 'PAIR'],
];

/** Bodies on both sides of every size of header, an empty one, and one above what fits into a read. */
export const BODY: readonly Buffer[] = [
  Buffer.from('news.sport'),
  Buffer.alloc(255, 1),
  Buffer.alloc(256, 2),
  Buffer.alloc(200_000, 3),
  Buffer.alloc(0),
  Buffer.from('end'),
];
const EMPTY = Buffer.alloc(0);
const AGAIN_MS = 20;

export function ourEnd(socket: Socket): End {
  return {
    send: (parts) => socket.send(parts),
    receive: async () => (await socket.receive()).parts,
    subscribe: (topic) => socket.subscribe(topic),
    unsubscribe: (topic) => socket.unsubscribe(topic),
  };
}

/** Sends `BODY` from `a` to `b`, and back where that exists, as the types of the sockets ask. */
export async function exchange([aType, bType]: readonly [SocketType, SocketType], a: End, b: End): Promise<void> {
  const check = async (end: End, expected: readonly Buffer[]): Promise<void> => {
    const parts = await end.receive();
    expect(parts.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
    expect(Buffer.concat(parts).equals(Buffer.concat(expected))).toBe(true);
  };
  switch (`${aType} ${bType}`) {
    case 'REQ ROUTER': {
      await a.send(BODY);
      const [id = EMPTY, delimiter, ...body] = await b.receive();
      expect(delimiter).toHaveLength(0);
      expect(body).toHaveLength(BODY.length);
      await b.send([id, EMPTY, ...body]);
      return check(a, BODY);
    }
    case 'DEALER ROUTER': {
      await a.send(BODY);
      const [id = EMPTY, ...body] = await b.receive();
      await b.send([id, ...body]);
      return check(a, BODY);
    }
    case 'DEALER REP':
      await a.send([EMPTY, ...BODY]);
      await check(b, BODY);
      await b.send(BODY);
      return check(a, [EMPTY, ...BODY]);
    case 'ROUTER ROUTER':
      await repeat(
        () => a.send([Buffer.from('b'), ...BODY]),
        () => check(b, [Buffer.from('a'), ...BODY]),
      );
      return;
    case 'PUB SUB':
    case 'XPUB SUB':
      b.subscribe('news.');
      break;
    case 'PUB XSUB':
    case 'XPUB XSUB':
      await repeat(
        () => b.send([Buffer.from('\x01news.')]),
        () => publish(),
      );
      return;
    default:
      await a.send(BODY);
      await check(b, BODY);
      if (aType === 'PUSH') return;
      await b.send(BODY);
      return check(a, BODY);
  }
  await publish();
  b.unsubscribe('news.');
  if (aType === 'XPUB') await check(a, [Buffer.from('\x00news.')]);

  /** libzmq sends its subscriptions while its user receives, so that comes first. A PUB may send before it has them. */
  async function publish(): Promise<void> {
    const heard = check(b, BODY);
    if (aType === 'XPUB') await check(a, [Buffer.from('\x01news.')]);
    await a.send([Buffer.from('other')]);
    await repeat(
      () => a.send(BODY),
      () => heard,
    );
  }
}

async function repeat(run: () => Promise<void>, until_: () => Promise<void>): Promise<void> {
  let isDone = false;
  const done = until_().finally(() => (isDone = true));
  await until(
    'the other side to answer',
    async () => {
      if (!isDone) await run();
      return isDone;
    },
    { periodMs: AGAIN_MS },
  );
  await done;
}
