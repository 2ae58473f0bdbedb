/** Every pair of sockets, of which one is ours and the other somebody else's: each bound once, with NULL and CURVE. */
import { afterEach, expect, test } from 'vitest';
import { curveClient, curveServer, generateKeyPair } from '../src/curve.ts';
import { type KeyPair, openSocket, type Socket, type SocketOptions, type SocketType } from '../src/index.ts';
import { type End, exchange, ourEnd, PAIRS } from './peers.ts';

export type TheirOptions = {
  readonly routingId: string | undefined;
  readonly curve:
    | { readonly kind: 'server'; readonly keys: KeyPair }
    | { readonly kind: 'client'; readonly keys: KeyPair; readonly serverKey: string }
    | undefined;
};

/** A socket of somebody else. */
export type Theirs = End & {
  /** To any free port of 127.0.0.1. */
  readonly bind: () => Promise<string>;
  readonly connect: (address: string) => void;
  readonly close: () => unknown;
};

export const serverKeys = generateKeyPair();
export const clientKeys = generateKeyPair();
const authenticate = async ({ publicKey }: { publicKey: string }): Promise<string | undefined> =>
  publicKey === clientKeys.publicKey ? 'alice' : undefined;

export const OUR_CURVE = {
  server: { security: curveServer({ secretKey: serverKeys.secretKey, authenticate }) },
  client: { security: curveClient({ secretKey: clientKeys.secretKey, serverKey: serverKeys.publicKey }) },
} as const satisfies Record<string, SocketOptions>;
export const THEIR_CURVE = {
  server: { kind: 'server', keys: serverKeys },
  client: { kind: 'client', keys: clientKeys, serverKey: serverKeys.publicKey },
} as const satisfies Record<string, TheirOptions['curve']>;

type Case = {
  readonly pair: readonly [SocketType, SocketType];
  readonly oursAt: 0 | 1;
  readonly isCurve: boolean;
  readonly isOursBound: boolean;
};

export function interopSuite(openTheirs: (type: SocketType, options: TheirOptions) => Theirs | Promise<Theirs>): void {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  const run = async ({ pair, oursAt, isCurve, isOursBound }: Case): Promise<Socket> => {
    const [ourRole, theirRole] = isOursBound ? (['server', 'client'] as const) : (['client', 'server'] as const);
    const [ourType, theirType] = [pair[oursAt], pair[1 - oursAt] as SocketType];
    const [ourName, theirName] = oursAt === 0 ? ['a', 'b'] : ['b', 'a'];
    const ours = openSocket(ourType, {
      ...(isCurve && OUR_CURVE[ourRole]),
      ...(ourType === 'ROUTER' && { routingId: ourName }),
      lingerMs: 0,
    });
    closing.push(() => ours.close());
    const theirs = await openTheirs(theirType, {
      routingId: theirType === 'ROUTER' ? theirName : undefined,
      curve: isCurve ? THEIR_CURVE[theirRole] : undefined,
    });
    closing.push(() => theirs.close());
    if (isOursBound) theirs.connect(await ours.bind('tcp://127.0.0.1:0'));
    else ours.connect(await theirs.bind());
    const ends = [ourEnd(ours), theirs] as const;
    await exchange(pair, ends[oursAt], ends[1 - oursAt] as End);
    return ours;
  };

  for (const isCurve of [false, true]) {
    for (const pair of PAIRS) {
      for (const oursAt of pair[0] === pair[1] ? ([0] as const) : ([0, 1] as const)) {
        const name = `${isCurve ? 'CURVE' : 'NULL'}: ${pair.join(' and ')} of which ${pair[oursAt]} is ours`;
        test(`${name}, bound and connected`, async () => {
          const bound = await run({ pair, oursAt, isCurve, isOursBound: true });
          expect(bound.peers().map(({ identity }) => identity)).toEqual([isCurve ? 'alice' : undefined]);
          await run({ pair, oursAt, isCurve, isOursBound: false });
        });
      }
    }
  }
}
