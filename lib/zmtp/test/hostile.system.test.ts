// Goal: whatever strangers send, the connection is closed with a reason, the socket serves its friends, and memory stays.
// Method: torn, oversized and random bytes at every stage of a real connection, NULL and CURVE.
import net from 'node:net';
import { createLog, randomInteger, seededRandom } from '@plumb/base';
import { until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { curveClient, curveServer, generateKeyPair } from '../src/curve.ts';
import { encodeGreeting } from '../src/greeting.ts';
import { openSocket, type SocketOptions } from '../src/index.ts';

const STRANGERS = Number(process.env['HOSTILE_ROUNDS'] ?? 300);
const GROWTH_BYTES_MAX = 100_000_000;
const READY = Buffer.from(
  '\x04\x26\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER\x08Identity\x00\x00\x00\x00',
  'latin1',
);
READY[1] = READY.length - 2;
const HUGE = Buffer.from([2, 0, 0, 1, 0, 0, 0, 0, 0]);

const keys = generateKeyPair();
const friendKeys = generateKeyPair();
const authenticate = async ({ publicKey }: { publicKey: string }): Promise<string | undefined> =>
  publicKey === friendKeys.publicKey ? 'friend' : undefined;
const MODES: Record<'NULL' | 'CURVE', { server: SocketOptions; friend: SocketOptions }> = {
  NULL: { server: {}, friend: {} },
  CURVE: {
    server: { security: curveServer({ secretKey: keys.secretKey, authenticate }) },
    friend: { security: curveClient({ secretKey: friendKeys.secretKey, serverKey: keys.publicKey }) },
  },
};

for (const mode of ['NULL', 'CURVE'] as const) {
  test(`${mode}: ${STRANGERS} strangers are turned away, and a friend is served all the time`, async () => {
    const seed = Number(process.env['SEED'] ?? 1);
    const random = seededRandom(seed);
    let closedCount = 0;
    const log = createLog((_level, event, { reason }) => {
      if (event === 'zmtp.closed' && String(reason).length > 0) closedCount += 1;
    });
    await using router = openSocket('ROUTER', {
      ...MODES[mode].server,
      log,
      lingerMs: 0,
      handshakeTimeoutMs: 300,
      messageBytesMax: 1_000_000,
    });
    const address = await router.bind('tcp://127.0.0.1:0');
    await using friend = openSocket('DEALER', { ...MODES[mode].friend, lingerMs: 0 });
    friend.connect(address);
    const before = process.memoryUsage().rss;

    const bytes = (count: number): Buffer =>
      Buffer.from(Array.from({ length: count }, () => randomInteger(random, 0, 255)));
    const stranger = async (): Promise<void> => {
      const greeting = encodeGreeting(mode, false);
      const stages = [[], [greeting], [greeting.subarray(0, randomInteger(random, 1, 63))], [greeting, READY]];
      const stage = stages[randomInteger(random, 0, stages.length - 1)] ?? [];
      const ends = [
        bytes(randomInteger(random, 1, 2_000)),
        HUGE,
        Buffer.alloc(64, 0xff),
        Buffer.of(8, 1, 1),
        Buffer.of(4, 0),
      ];
      const end = ends[randomInteger(random, 0, ends.length - 1)] as Buffer;
      const socket = net.connect(Number(address.split(':').at(-1)), '127.0.0.1');
      const gone = new Promise((resolve) => socket.once('close', resolve));
      socket.on('error', () => undefined);
      socket.resume();
      for (const part of [...stage, end]) socket.write(part);
      // Some go at once, some wait to be thrown out.
      if (random.float() < 0.3) socket.end();
      if (stage.length === 2) setTimeout(() => socket.destroy(), 20);
      await gone;
    };
    for (let i = 0; i < STRANGERS; i += 50) {
      await Promise.all(Array.from({ length: Math.min(50, STRANGERS - i) }, stranger));
      await friend.send([Buffer.from(`still here ${i}`)]);
      for (;;) {
        const { parts } = await router.receive();
        if (String(parts[1]) === `still here ${i}`) break;
      }
    }
    await until(
      'every stranger to be gone, with a reason',
      () => closedCount >= STRANGERS && router.peers().length === 1,
    );
    expect(process.memoryUsage().rss - before).toBeLessThan(GROWTH_BYTES_MAX);
  });
}
