// Two frame channels joined by a list of frames that the test carries by hand.
import { createFakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import { FRAME, frameOf, receiptFrame } from './frame.ts';
import { BUSY_UNREAD_BYTES_MAX, createFrameChannel, type FrameChannel, UNREAD_BYTES_MAX } from './frame-channel.ts';
import { HEARTBEAT_MS } from './heartbeat.ts';
import type { KnockEvents } from './knock.ts';
import { MESSAGE_SIZE_BYTES_MAX } from './limits.ts';
import { atTurnEnd } from './turn.ts';

const clock = createFakeClock();

function openEnd(): FrameChannel & { readonly sent: Buffer[] } {
  const sent: Buffer[] = [];
  return { ...createFrameChannel((frame) => sent.push(frame), { clock }), sent };
}

test('messages of one turn travel in one frame, and arrive in order', async () => {
  const [near, far] = [openEnd(), openEnd()];
  const received: unknown[] = [];
  for (let i = 0; i < 5; i += 1) near.channel.send({ i });
  expect(near.sent).toHaveLength(0);
  await Promise.resolve();
  expect(near.sent).toHaveLength(1);
  far.onFrame(near.sent[0] as Buffer);
  far.channel.receive((message) => received.push(message));
  expect(received).toEqual([{ i: 0 }, { i: 1 }, { i: 2 }, { i: 3 }, { i: 4 }]);
});

test('messages that may wait for the end of the turn do, unless one that may not takes them along', async () => {
  const end = openEnd();
  end.channel.send({ i: 0 }, 'turn-end');
  for (let i = 0; i < 10; i += 1) await Promise.resolve();
  end.channel.send({ i: 1 }, 'turn-end');
  await new Promise<void>(atTurnEnd);
  expect(end.sent).toHaveLength(1);
  end.channel.send({ i: 2 }, 'turn-end');
  end.channel.send({ i: 3 });
  await Promise.resolve();
  expect(end.sent).toHaveLength(2);
  await new Promise<void>(atTurnEnd);
  expect(end.sent).toHaveLength(2);
  end.channel.close();
});

/** The client's end, with a door to knock at. */
function openClientEnd(): FrameChannel & { readonly sent: Buffer[]; readonly knocks: KnockEvents[] } {
  const sent: Buffer[] = [];
  const knocks: KnockEvents[] = [];
  const knock = (events: KnockEvents): Disposable => {
    knocks.push(events);
    return { [Symbol.dispose]: () => undefined };
  };
  return { ...createFrameChannel((frame) => sent.push(frame), { clock, knock }), sent, knocks };
}

test('a client asks for a sign of life, and gives the server up when nobody takes its knock', async () => {
  const [end, server] = [openClientEnd(), openEnd()];
  await clock.advance(HEARTBEAT_MS);
  expect([end.sent.map((frame) => frame[0]), server.sent]).toEqual([[FRAME.ping], []]);
  end.onFrame(frameOf(FRAME.pong));
  await clock.advance(2 * HEARTBEAT_MS);
  expect(end.channel.closed.aborted).toBe(false);
  end.knocks[0]?.onGone('nobody is there');
  expect(end.channel.closed.reason).toMatchObject({
    code: 'unavailable',
    message: 'no sign of life came for over 1 s, and nobody is there',
  });
  expect(end.sent.at(-1)?.[0]).toBe(FRAME.bye);
  const sentCount = end.sent.length;
  await clock.advance(10 * HEARTBEAT_MS);
  expect(end.sent).toHaveLength(sentCount);
  server.channel.close();
});

test('what is sent to a busy server waits, leaves in one frame when it answers, and has a bound', async () => {
  const end = openClientEnd();
  await clock.advance(2 * HEARTBEAT_MS);
  end.knocks[0]?.onReached();
  expect(end.channel.liveness?.()).toBe('busy');
  const changes: string[] = [];
  end.channel.onLiveness?.((liveness) => changes.push(liveness));
  end.sent.length = 0;
  const send = async (count: number, message: Record<string, unknown>): Promise<void> => {
    for (let i = 0; i < count; i += 1) {
      end.channel.send(message);
      await Promise.resolve();
    }
  };
  await send(500, { kind: 'call', id: 1 });
  expect(end.sent).toEqual([]);
  end.onFrame(frameOf(FRAME.pong));
  expect(changes).toEqual(['alive']);
  expect(end.sent.map((frame) => frame[0])).toEqual([FRAME.messages]);

  // Busy again, and now there is much to send: full frames leave, calls end at the bound, the rest may pass it.
  await clock.advance(3 * HEARTBEAT_MS);
  end.knocks[1]?.onReached();
  const large = { kind: 'call', input: new Uint8Array(2 ** 20) };
  await send(BUSY_UNREAD_BYTES_MAX / 2 ** 20 - 1, large);
  await expect(send(1, large)).rejects.toMatchObject({
    code: 'exhausted',
    message: expect.stringMatching(/^the other side is busy, and \d+ bytes wait for it$/),
  });
  await send(1, { ...large, kind: 'cancel' });
  expect(end.channel.closed.aborted).toBe(false);
  expect(end.sent.length).toBeGreaterThan(10);
  end.channel.close();
  // Nothing that was taken is kept back.
  expect(end.sent.slice(-2).map((frame) => frame[0])).toEqual([FRAME.messages, FRAME.bye]);
});

test('a large frame is written over once it was read, and what was received stays as it is', async () => {
  const near = openEnd();
  const far = openEnd();
  const received: { bytes: Uint8Array }[] = [];
  far.channel.receive((message) => received.push(message as (typeof received)[number]));
  const wires: ArrayBufferLike[] = [];
  for (let i = 0; i < 4; i += 1) {
    near.channel.send({ bytes: new Uint8Array(2 ** 20).fill(i) });
    await Promise.resolve();
    for (const frame of near.sent.splice(0)) {
      wires.push(frame.buffer);
      // As a socket has it: in other memory.
      far.onFrame(Buffer.from(new Uint8Array(frame).buffer));
    }
    // The second time the receipt takes longer.
    if (i !== 1) for (const frame of far.sent.splice(0)) near.onFrame(frame);
  }
  expect(wires[1]).toBe(wires[0]);
  expect(wires[2]).not.toBe(wires[0]);
  expect(new Set(wires).size).toBe(2);
  expect(received.map(({ bytes }) => [bytes[0], bytes.at(-1)])).toEqual([0, 1, 2, 3].map((i) => [i, i]));
  near.channel.close();
  far.channel.close();
});

test('a ping is answered', () => {
  const end = openEnd();
  end.onFrame(frameOf(FRAME.ping));
  expect(end.sent.map((frame) => frame[0])).toEqual([FRAME.pong]);
  end.channel.close();
});

test('a peer that reads may be sent any amount; one that does not is closed at the bound', async () => {
  const [near, far] = [openEnd(), openEnd()];
  far.channel.receive(() => undefined);
  const message = { bytes: new Uint8Array(MESSAGE_SIZE_BYTES_MAX - 100) };
  for (let i = 0; i < 12; i += 1) {
    near.channel.send(message);
    await Promise.resolve();
    for (const frame of near.sent.splice(0)) far.onFrame(frame);
    for (const frame of far.sent.splice(0)) near.onFrame(frame);
  }
  expect(near.channel.closed.aborted).toBe(false);
  for (let i = 0; i < UNREAD_BYTES_MAX / MESSAGE_SIZE_BYTES_MAX; i += 1) near.channel.send(message);
  expect(near.channel.closed.aborted).toBe(false);
  near.channel.send(message);
  expect(near.channel.closed.reason).toMatchObject({ code: 'exhausted' });
  far.channel.close();
});

test('frames that break the protocol close the channel and say why', () => {
  const check = (frame: Buffer, why: string): void => {
    const end = openEnd();
    end.onFrame(frame);
    expect(end.channel.closed.reason).toMatchObject({ code: 'invalid', message: expect.stringContaining(why) });
    expect(end.sent[0]?.toString()).toContain(why);
  };
  check(Buffer.alloc(0), 'kind of frame is not known');
  check(frameOf(0x00), 'kind of frame is not known');
  check(frameOf(FRAME.hello), 'kind of frame is not known');
  check(frameOf(FRAME.messages, Buffer.of(0xff)), 'not readable CBOR');
  check(frameOf(FRAME.receipt, Buffer.of(1)), 'a receipt has four bytes');
  check(receiptFrame(1), 'a receipt for more than was sent');
});

test('nothing is sent after a farewell, and the reason of the peer is told', async () => {
  const [near, far] = [openEnd(), openEnd()];
  near.channel.send({ last: true });
  near.channel.close();
  near.channel.send({ after: true });
  await Promise.resolve();
  expect(near.sent.map((frame) => frame[0])).toEqual([FRAME.messages, FRAME.bye]);
  const received: unknown[] = [];
  far.channel.receive((message) => received.push(message));
  for (const frame of near.sent) far.onFrame(frame);
  expect(received).toEqual([{ last: true }]);
  expect(far.channel.closed.reason).toMatchObject({
    message: 'the other side ended the connection: it was closed in good order',
  });
  expect(far.sent).toHaveLength(0);
});
