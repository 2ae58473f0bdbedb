// Goal: two engines understand each other however their bytes are cut; bytes that were changed or made up end in one
// fault, and with CURVE never in a message. Method: a conversation in memory, with cuts, changes and random bytes.
import type { OperatingError } from '@plumb/base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { curveClient, curveServer, generateKeyPair } from './curve.ts';
import { Engine, type Session } from './engine.ts';
import { encodeBatch } from './frame-writer.ts';
import { encodeGreeting } from './greeting.ts';
import { NULL_SECURITY } from './null-security.ts';
import type { Security } from './security.ts';
import type { SocketType } from './socket-type.ts';

const [server, client] = [generateKeyPair(), generateKeyPair()];
const authenticate = async ({ publicKey }: { publicKey: string }): Promise<string | undefined> =>
  publicKey === client.publicKey ? 'alice' : undefined;
const CURVE = {
  server: curveServer({ secretKey: server.secretKey, authenticate }),
  client: curveClient({ secretKey: client.secretKey, serverKey: server.publicKey }),
};

class End {
  readonly engine: Engine;
  out: Buffer = Buffer.alloc(0);
  session: Session | undefined;
  readonly messages: string[] = [];
  readonly faults: OperatingError[] = [];

  constructor(security: Security, socketType: SocketType = 'DEALER', routingId = '') {
    this.engine = new Engine(
      { security, socketType, routingId: Buffer.from(routingId), messageBytesMax: 1_000, address: 'test' },
      {
        write: (bytes) => (this.out = Buffer.concat([this.out, bytes])),
        onReady: (session) => (this.session = session),
        onMessage: (parts) => this.messages.push(parts.join('|')) > 0,
        onCommand: () => true,
        onFlowing: () => undefined,
        onFault: (reason) => this.faults.push(reason),
      },
    );
    this.engine.begin();
  }

  take(): Buffer {
    const bytes = this.out;
    this.out = Buffer.alloc(0);
    return bytes;
  }

  send(...parts: string[]): void {
    const messages = [parts.map((part) => Buffer.from(part))];
    if (this.session !== undefined)
      this.out = Buffer.concat([this.out, ...encodeBatch([], messages, this.session.codec)]);
  }
}

/** Carries bytes until nothing more comes; `alter` sees each transfer with its number. */
async function settle(
  a: End,
  b: End,
  alter: (bytes: Buffer, index: number) => Buffer[] = (bytes) => [bytes],
): Promise<void> {
  for (let index = 0, isQuiet = 0; isQuiet < 3;) {
    const transfers = [[a.take(), b] as const, [b.take(), a] as const];
    isQuiet = transfers.every(([bytes]) => bytes.length === 0) ? isQuiet + 1 : 0;
    for (const [bytes, to] of transfers) {
      if (bytes.length > 0) for (const chunk of alter(bytes, index++)) if (chunk.length > 0) to.engine.receive(chunk);
    }
    await Promise.resolve();
  }
}

for (const [name, ofClient, ofServer] of [
  ['NULL', NULL_SECURITY, NULL_SECURITY],
  ['CURVE', CURVE.client, CURVE.server],
] as const) {
  test(`${name}: any cutting leads to the same sessions and messages`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), async (cuts) => {
        const [a, b] = [new End(ofClient, 'DEALER', 'me'), new End(ofServer, 'ROUTER')];
        const slice = (bytes: Buffer): Buffer[] => {
          const chunks: Buffer[] = [];
          for (let at = 0, i = 0; at < bytes.length; i += 1) {
            const end = at + (cuts[i % cuts.length] as number);
            chunks.push(bytes.subarray(at, end));
            at = end;
          }
          return chunks;
        };
        await settle(a, b, slice);
        a.send('one', '', 'two');
        b.send('x'.repeat(500));
        await settle(a, b, slice);
        expect([a.faults, b.faults]).toEqual([[], []]);
        expect(b.session).toMatchObject({ peerType: 'DEALER', peerRoutingId: Buffer.from('me'), hasCommands: true });
        expect(b.session?.proof.identity).toBe(name === 'CURVE' ? 'alice' : undefined);
        expect([b.messages, a.messages]).toEqual([['one||two'], ['x'.repeat(500)]]);
      }),
      { numRuns: 20 },
    );
  });
}

test('CURVE: one changed bit anywhere gives a fault or nothing, never a message or another identity', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(7), fc.nat(300), fc.nat(7), async (transfer, at, bit) => {
      const [a, b] = [new End(CURVE.client), new End(CURVE.server, 'ROUTER')];
      let isChanged = false;
      const alter = (bytes: Buffer, index: number): Buffer[] => {
        const changed = Buffer.from(bytes);
        if (index === transfer && at < bytes.length) {
          changed[at] = (changed[at] as number) ^ (1 << bit);
          isChanged = true;
        }
        return [changed];
      };
      await settle(a, b, alter);
      a.send('secret');
      await settle(a, b, isChanged ? undefined : (bytes) => alter(bytes, transfer));
      expect(b.faults.length).toBeLessThanOrEqual(1);
      // The filler and the signature of a greeting carry nothing.
      for (const message of b.messages) expect(message).toBe('secret');
      if (b.session !== undefined) expect(b.session.proof.identity).toBe('alice');
    }),
    { numRuns: 150 },
  );
});

test('random bytes at every stage end in at most one fault', async () => {
  const stage = fc.constantFrom('nothing', 'greeting', 'ready');
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      stage,
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 100 })),
      async (isCurve, stage, chunks) => {
        const end = new End(isCurve ? CURVE.server : NULL_SECURITY, 'ROUTER');
        const friend = new End(isCurve ? CURVE.client : NULL_SECURITY);
        if (stage === 'greeting') end.engine.receive(encodeGreeting(isCurve ? 'CURVE' : 'NULL', false));
        if (stage === 'ready') await settle(friend, end);
        for (const chunk of chunks) end.engine.receive(Buffer.from(chunk));
        await Promise.resolve();
        expect(end.faults.length).toBeLessThanOrEqual(1);
        if (isCurve) expect(end.messages).toEqual([]);
        if (end.faults.length > 0) expect(end.engine.state).toBe('closed');
      },
    ),
    { numRuns: 200 },
  );
});

test('who speaks something else is told apart and told why', async () => {
  const faultOf = (bytes: Buffer): string | undefined => {
    const end = new End(NULL_SECURITY);
    end.engine.receive(bytes);
    return end.faults[0]?.message;
  };
  expect(faultOf(Buffer.from('GET / HTTP/1.1\r\n'))).toContain('begins with byte 71');
  expect(faultOf(encodeGreeting('PLAIN', false))).toContain('wants mechanism PLAIN, this side NULL');
  expect(faultOf(Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 1]))).toContain('speaks version 1');
  const [a, b] = [new End(NULL_SECURITY, 'PUB'), new End(NULL_SECURITY, 'REQ')];
  await settle(a, b);
  expect(a.faults[0]?.message).toContain('a socket of type REQ does not talk to PUB');
});

test('a client with an unknown key, and one with the key of another server, are refused', async () => {
  const stranger = generateKeyPair();
  const [a, b] = [
    new End(curveClient({ secretKey: stranger.secretKey, serverKey: server.publicKey })),
    new End(CURVE.server),
  ];
  await settle(a, b);
  expect(b.faults[0]).toMatchObject({ code: 'denied' });
  expect(a.faults[0]).toMatchObject({ code: 'denied', message: 'the peer refused: "400"' });
  const [c, d] = [
    new End(curveClient({ secretKey: client.secretKey, serverKey: stranger.publicKey })),
    new End(CURVE.server),
  ];
  await settle(c, d);
  expect(d.faults[0]?.message).toContain('HELLO does not open');
  expect(c.session).toBeUndefined();
});

test('a message above the limit in bytes or in parts is refused, and one at the limit is not', async () => {
  const check = async (parts: string[], fault: string | undefined): Promise<void> => {
    const [a, b] = [new End(NULL_SECURITY), new End(NULL_SECURITY)];
    await settle(a, b);
    a.send(...parts);
    await settle(a, b);
    expect(b.faults[0]?.message).toBe(fault && `the peer does not keep to ZMTP: ${fault}`);
    expect(b.messages).toHaveLength(fault === undefined ? 1 : 0);
  };
  await check(['x'.repeat(500), 'x'.repeat(500)], undefined);
  await check(['x'.repeat(500), 'x'.repeat(501)], 'a message above 1000 bytes');
  await check(['x'.repeat(1_001)], 'a frame of 1001 bytes, above 1000');
  await check(Array<string>(1_024).fill(''), undefined);
  await check(Array<string>(1_025).fill(''), 'a message of more than 1024 parts');
});
