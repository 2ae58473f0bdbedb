// Goal: sockets keep their promises at their marks, when peers vanish, and at the end. Method: real sockets on loopback.
import { once } from 'node:events';
import net from 'node:net';
import { createLog, type LogFields, OperatingError } from '@plumb/base';
import { createFakeClock, openTemporaryDirectory, until } from '@plumb/testing';
import { afterEach, expect, test } from 'vitest';
import { encodeCommand, encodePing } from '../src/command.ts';
import { encodeFrame, FLAG } from '../src/frame.ts';
import { encodeGreeting } from '../src/greeting.ts';
import { openSocket, type Socket, type SocketOptions, type SocketType } from '../src/index.ts';
import { encodeMetadata } from '../src/metadata.ts';
import { exchange, ourEnd, PAIRS } from './peers.ts';

const ANY = 'tcp://127.0.0.1:0';
const FAST = { reconnect: { delayMsMin: 5, delayMsMax: 20 }, lingerMs: 0 } as const;
const text = ({ parts }: { parts: readonly Buffer[] }): string => parts.join('|');

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function open(type: SocketType, options: SocketOptions = {}): Socket {
  const socket = openSocket(type, { ...FAST, ...options });
  closing.push(() => socket.close());
  return socket;
}

const portOf = (address: string): number => Number(address.split(':').at(-1));

for (const pair of PAIRS) {
  test(`${pair.join(' and ')} talk over a unix socket`, async () => {
    await using directory = await openTemporaryDirectory();
    const [a, b] = [open(pair[0], { routingId: 'a' }), open(pair[1], { routingId: 'b' })];
    a.connect(await b.bind(`ipc://${directory.path}/socket`));
    await exchange(pair, ourEnd(a), ourEnd(b));
  });
}

test('a PUSH without a peer waits at its mark, in order, until there is one', async () => {
  const push = open('PUSH', { sendHighWaterMark: 2 });
  const pull = open('PULL');
  const address = await pull.bind(ANY);
  pull.unbind(address);
  push.connect(address);
  const sends = ['1', '2', '3', '4'].map((body) => push.send([Buffer.from(body)]));
  expect(push.trySend([Buffer.from('5')])).toBe(false);
  const stop = new AbortController();
  const given = push.send([Buffer.from('6')], { signal: stop.signal });
  stop.abort(new Error('enough'));
  await expect(given).rejects.toThrow('enough');
  await pull.bind(address);
  await Promise.all(sends);
  for (const expected of ['1', '2', '3', '4']) expect(text(await pull.receive())).toBe(expected);
});

test('with immediate nothing is queued for a peer that is not connected', async () => {
  const push = open('PUSH', { immediate: true });
  push.connect('tcp://127.0.0.1:1');
  expect(push.trySend([Buffer.from('1')])).toBe(false);
});

test('messages go to peers in turn, and come from peers in turn', async () => {
  const [push, ...pulls] = [open('PUSH'), open('PULL'), open('PULL')];
  for (const pull of pulls) push.connect(await pull.bind(ANY));
  for (const body of ['1', '2', '3', '4']) await push.send([Buffer.from(body)]);
  expect([text(await pulls[0]!.receive()), text(await pulls[0]!.receive())]).toEqual(['1', '3']);
  expect([text(await pulls[1]!.receive()), text(await pulls[1]!.receive())]).toEqual(['2', '4']);

  const pull = open('PULL');
  const address = await pull.bind(ANY);
  for (const name of ['a', 'b']) {
    const one = open('PUSH');
    one.connect(address);
    for (let i = 0; i < 3; i += 1) await one.send([Buffer.from(name)]);
    await until('all of it to arrive', () => pull.counts().received === (name === 'a' ? 3 : 6));
  }
  const order: string[] = [];
  for (let i = 0; i < 6; i += 1) order.push(text(await pull.receive()));
  expect(order).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
});

test('a receiver that does not receive holds its sender back, and loses nothing', async () => {
  const pull = open('PULL', { receiveHighWaterMark: 10 });
  const push = open('PUSH', { sendHighWaterMark: 10 });
  push.connect(await pull.bind(ANY));
  const body = Buffer.alloc(100_000);
  let sent = 0;
  await push.send([body]);
  // Between them are the buffers of the operating system, which take some megabytes.
  await until('the sender to be refused for good', async () => {
    const before = sent;
    while (push.trySend([body])) sent += 1;
    await new Promise((resolve) => setTimeout(resolve, 30));
    return before > 20 && before === sent;
  });
  expect(pull.counts().received).toBeLessThanOrEqual(11);
  for (let i = 0; i <= sent; i += 1) expect((await pull.receive()).parts[0]?.length).toBe(100_000);
});

test('a peer that sends and goes leaves what it sent, also to a full receiver', async () => {
  const pull = open('PULL', { receiveHighWaterMark: 5 });
  const raw = connectRaw(await pull.bind(ANY));
  const frames = Array.from({ length: 100 }, (_, i) => encodeFrame(0, Buffer.from(String(i))));
  const ended = once(raw, 'finish');
  raw.end(Buffer.concat([hello('PUSH'), ...frames]));
  await ended;
  await until('a full receiver', () => pull.counts().received === 5);
  for (let i = 0; i < 100; i += 1) expect(text(await pull.receive())).toBe(String(i));
  await until('the pipe to be gone', () => pull.peers().length === 0);
});

test('a peer that asks and asks gets one answer to its last PING of a turn', async () => {
  const raw = connectRaw(await open('PULL').bind(ANY));
  const pings = Array.from({ length: 100 }, (_, i) => encodeFrame(FLAG.command, encodePing(0, Buffer.from(`no ${i}`))));
  const pongs = readText(raw);
  raw.write(Buffer.concat([hello('PUSH'), ...pings]));
  await until('the answer', () => pongs().includes('PONGno 99'));
  expect(pongs().split('PONG')).toHaveLength(2);
});

test('subscriptions that fill an XPUB stop the reading of that peer, as commands and as messages', async () => {
  const xpub = open('XPUB', { receiveHighWaterMark: 10 });
  const address = await xpub.bind(ANY);
  const asCommand = (name: string): Buffer => encodeFrame(FLAG.command, encodeCommand(name, Buffer.from('t')));
  const asMessage = (first: number): Buffer => encodeFrame(0, Buffer.concat([Buffer.of(first), Buffer.from('t')]));
  for (const pair of [
    [asCommand('SUBSCRIBE'), asCommand('CANCEL')],
    [asMessage(1), asMessage(0)],
  ]) {
    const raw = connectRaw(address);
    const answers = readText(raw);
    const changes = Array.from({ length: 10 }, () => pair).flat();
    raw.write(Buffer.concat([hello('SUB'), ...changes, encodeFrame(FLAG.command, encodePing(0))]));
    // The first is handed over at once; the next ten fill the inbox, and nothing behind them is read.
    await xpub.receive();
    for (let i = 0; i < 5; i += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(answers()).not.toContain('PONG');
    for (let i = 1; i < 20; i += 1) expect(text(await xpub.receive())).toBe(i % 2 === 0 ? '\x01t' : '\x00t');
    await until('the PING to be read', () => answers().includes('PONG'));
    raw.destroy();
  }
});

test('a subscriber whose topics overlap gets each message once', async () => {
  const pub = open('PUB');
  const sub = open('SUB');
  for (const topic of ['', 't', 'to']) sub.subscribe(topic);
  sub.connect(await pub.bind(ANY));
  await until('it to hear', async () => {
    await pub.send([Buffer.from('first')]);
    return sub.counts().received > 0;
  });
  // The topics came together, so all of them hold by then.
  await pub.send([Buffer.from('topic')]);
  await pub.send([Buffer.from('end')]);
  const heard: string[] = [];
  await until('the end', async () => heard.push(text(await sub.receive())) > 0 && heard.at(-1) === 'end');
  expect(heard.filter((one) => one !== 'first')).toEqual(['topic', 'end']);
});

test('a publisher drops for the subscriber that does not read, and for no other', async () => {
  const pub = open('PUB', { sendHighWaterMark: 5 });
  const body = Buffer.alloc(200_000, 't');
  let heard = 0;
  const slow = open('SUB', { receiveHighWaterMark: 5 });
  const quick = open('SUB', { onMessage: ({ parts }) => (heard += parts[0]?.length === body.length ? 1 : 0) });
  const address = await pub.bind(ANY);
  for (const sub of [slow, quick]) {
    sub.subscribe('t');
    sub.connect(address);
  }
  await until('both to hear', async () => {
    await pub.send([Buffer.from('t')]);
    return slow.counts().received > 0 && quick.counts().received > 0;
  });
  let count = 0;
  await until(
    'drops',
    async () => {
      await pub.send([body]);
      count += 1;
      await until('the quick one to have it', () => heard === count, { periodMs: 1 });
      return pub.counts().dropped > 0;
    },
    { periodMs: 0 },
  );
  expect(pub.peers()).toHaveLength(2);
});

test('a ROUTER drops what nobody can take, and with mandatory says so', async () => {
  const nobody = [Buffer.from('nobody'), Buffer.from('x')];
  const lax = open('ROUTER');
  await lax.send(nobody);
  expect(lax.counts().dropped).toBe(1);
  const router = open('ROUTER', { mandatory: true, sendHighWaterMark: 3 });
  await expect(router.send(nobody)).rejects.toMatchObject({ code: 'not-found' });
  const raw = net.connect(portOf(await router.bind(ANY)), '127.0.0.1');
  closing.push(() => raw.destroy());
  raw.write(hello('DEALER'));
  raw.once('readable', () => raw.pause());
  const peer = await until('the peer', () => router.peers()[0]);
  const send = async (): Promise<void> => router.send([peer.routingId, Buffer.alloc(1_000_000)]);
  await expect(
    (async () => {
      for (let i = 0; i < 100; i += 1) await send();
    })(),
  ).rejects.toMatchObject({ code: 'exhausted' });
  peer.close();
  await expect(send()).rejects.toMatchObject({ code: 'not-found' });
});

test('two peers with one routing id: the second is refused', async () => {
  const reasons: string[] = [];
  const router = open('ROUTER', { events: { failed: (_address, reason) => reasons.push(reason.code) } });
  const address = await router.bind(ANY);
  const first = open('DEALER', { routingId: 'same' });
  first.connect(address);
  await first.send([Buffer.from('1')]);
  expect(text(await router.receive())).toBe('same|1');
  open('DEALER', { routingId: 'same', reconnect: false }).connect(address);
  await until('the refusal', () => reasons.includes('already-exists'));
  expect(router.peers()).toHaveLength(1);
  await first.send([Buffer.from('2')]);
  expect(text(await router.receive())).toBe('same|2');
});

test('a lost connection is made again, and subscriptions with it', async () => {
  const seen: string[] = [];
  const sub = open('SUB', { onMessage: (message) => seen.push(text(message)) });
  sub.subscribe('t');
  let pub = open('PUB');
  const address = await pub.bind(ANY);
  sub.connect(address);
  const hear = (body: string): Promise<boolean> =>
    until(`${body} to be heard`, async () => {
      await pub.send([Buffer.from('other')]);
      await pub.send([Buffer.from('t'), Buffer.from(body)]);
      return seen.includes(`t|${body}`);
    });
  await hear('1');
  await pub.close();
  pub = open('PUB');
  await pub.bind(address);
  await hear('2');
  expect(seen).not.toContain('other');
});

test('a peer of ZMTP 3.0 gets subscriptions as messages, and no heartbeats', async () => {
  const clock = createFakeClock();
  const sub = open('SUB', { heartbeatIntervalMs: 10, clock });
  sub.subscribe('t');
  const raw = connectRaw(await sub.bind(ANY));
  const received = readText(raw);
  const bytes = hello('PUB');
  bytes[11] = 0;
  raw.write(Buffer.concat([bytes, encodeFrame(0, Buffer.from('topic'))]));
  expect(text(await sub.receive())).toBe('topic');
  sub.unsubscribe('t');
  await until('the cancellation', () => received().endsWith('\x00\x02\x01t\x00\x02\x00t'));
  await clock.advance(100);
  // What is asked for later comes behind any heartbeat.
  sub.subscribe('u');
  await until('the next subscription', () => received().endsWith('\x00\x02\x01u'));
  expect(received()).not.toContain('PING');
});

test('a REQ whose peer dies rejects its receive, and may ask the next one', async () => {
  const req = open('REQ');
  let rep = open('REP');
  const address = await rep.bind(ANY);
  req.connect(address);
  await req.send([Buffer.from('1')]);
  await rep.receive();
  await expect(req.send([Buffer.from('too soon')])).rejects.toMatchObject({ code: 'invalid' });
  const answer = req.receive();
  await rep.close();
  await expect(answer).rejects.toMatchObject({ code: 'unavailable' });
  rep = open('REP');
  await rep.bind(address);
  await req.send([Buffer.from('2')]);
  expect(text(await rep.receive())).toBe('2');
  await expect(rep.receive()).rejects.toThrow('not answered yet');
  await rep.send([Buffer.from('answer')]);
  expect(text(await req.receive())).toBe('answer');
});

test('a late subscriber hears what is sent after it asked; an XPUB hears the first and the last of a topic', async () => {
  const xpub = open('XPUB');
  const address = await xpub.bind(ANY);
  await xpub.send([Buffer.from('t'), Buffer.from('early')]);
  const subs = [open('SUB'), open('SUB')];
  for (const sub of subs) {
    sub.subscribe('t');
    sub.connect(address);
  }
  expect(text(await xpub.receive())).toBe('\x01t');
  await until('both to hear', async () => {
    await xpub.send([Buffer.from('t')]);
    return subs.every((sub) => sub.counts().received > 0);
  });
  subs[0]!.unsubscribe('t');
  subs[1]!.unsubscribe('t');
  expect(text(await xpub.receive())).toBe('\x00t');
  subs[1]!.subscribe('');
  expect(text(await xpub.receive())).toBe('\x01');
  await xpub.send([Buffer.from('late')]);
  await until('the late message', async () => text(await subs[1]!.receive()) === 'late');
  await subs[1]!.close();
  expect(text(await xpub.receive())).toBe('\x00');
});

test('a subscriber that asks and cancels without end does not fill an XPUB that nobody receives from', async () => {
  const xpub = open('XPUB', { receiveHighWaterMark: 10 });
  const xsub = open('XSUB');
  xsub.connect(await xpub.bind(ANY));
  // What is cancelled before it is connected is never sent.
  await until('the subscriber to be there', () => xpub.peers().length + xsub.peers().length === 2);
  for (let i = 0; i < 50; i += 1) {
    xsub.subscribe('t');
    xsub.unsubscribe('t');
  }
  const heard: string[] = [];
  for (let i = 0; i < 100; i += 1) heard.push(text(await xpub.receive()));
  expect(heard).toEqual(Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? '\x01t' : '\x00t')));
});

test('what a receiver throws is logged, and the connection goes on', async () => {
  const lines: string[] = [];
  const seen: string[] = [];
  const log = createLog(
    (level, event, { error }) => void (level === 'error' && lines.push(`${event} ${String(error)}`)),
  );
  const onMessage = (message: { parts: readonly Buffer[] }): void => {
    seen.push(text(message));
    if (seen.length === 1) throw new OperatingError('not-found', 'nobody there');
  };
  const pull = open('PULL', { log, onMessage });
  const push = open('PUSH');
  push.connect(await pull.bind(ANY));
  for (const body of ['1', '2']) await push.send([Buffer.from(body)]);
  await until('both to arrive', () => seen.length === 2);
  expect(lines).toEqual(['zmtp.receiver-failed nobody there']);
});

test('a REQ that lost its answer unseen gets that of its next question, and questions that queue up are refused', async () => {
  const lost: string[] = [];
  const req = open('REQ', { events: { disconnected: ({ address }) => lost.push(address) } });
  let rep = open('REP');
  const address = await rep.bind(ANY);
  req.connect(address);
  await req.send([Buffer.from('1')]);
  await rep.receive();
  await rep.close();
  await until('the loss to be seen', () => lost.length === 1);
  rep = open('REP');
  await rep.bind(address);
  await req.send([Buffer.from('2')]);
  await rep.receive();
  await rep.send([Buffer.from('answer')]);
  expect(text(await req.receive())).toBe('answer');

  const early = open('REQ', { immediate: true });
  const sends = ['a', 'b'].map((body) => early.send([Buffer.from(body)]));
  early.connect(address);
  await sends[0];
  await expect(sends[1]).rejects.toThrow('the answer to the last question was not received yet');
  expect(text(await rep.receive())).toBe('a');
});

test('a peer that is closed as it connects is gone for good', async () => {
  const gone: string[] = [];
  const router = open('ROUTER', {
    events: { connected: (peer) => peer.close(), disconnected: (peer) => gone.push(peer.socketType) },
  });
  open('DEALER', { reconnect: false }).connect(await router.bind(ANY));
  await until('it to be gone', () => gone.length > 0);
  expect([gone, router.peers()]).toEqual([['DEALER'], []]);
});

test('silent peers, slow strangers and too many of them are turned away, with the reason logged', async () => {
  const reasons: LogFields[] = [];
  const log = createLog((_level, event, fields) => reasons.push({ event, ...fields }));
  const timing = { heartbeatIntervalMs: 100, heartbeatTimeoutMs: 200, handshakeTimeoutMs: 700, peersMax: 2 };
  const router = open('ROUTER', { log, ...timing });
  const port = portOf(await router.bind(ANY));
  const raw = (): net.Socket => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    closing.push(() => socket.destroy());
    return socket;
  };
  const silent = raw();
  silent.write(hello('DEALER'));
  await until('the silent one to be a peer', () => router.peers().length === 1);
  const slow = raw();
  slow.write(Buffer.of(0xff));
  const drip = setInterval(() => slow.write(Buffer.of(0)), 150);
  closing.push(() => clearInterval(drip));
  await until(
    'the slow one to be let in',
    () => raw().destroyed || reasons.some(({ event }) => event === 'zmtp.refused'),
  );
  await until('the silent one to be given up', () => reasons.some(({ reason }) => /silent for/.test(String(reason))));
  await until('the slow one to be given up', () =>
    reasons.some(({ reason }) => reason === 'no handshake within 700 ms'),
  );
  expect(router.peers()).toHaveLength(0);
});

test('of connections that do not finish their handshake only the latest are kept, and a peer may be allowed more', async () => {
  const reasons: LogFields[] = [];
  const log = createLog((_level, event, fields) => reasons.push({ event, ...fields }));
  const router = open('ROUTER', { log, handshakesMax: 5, messageBytesMax: 10 });
  const address = await router.bind(ANY);
  const friend = open('DEALER');
  friend.connect(address);
  await friend.send([Buffer.alloc(10)]);
  const { peer } = await router.receive();
  const strangers = Array.from({ length: 20 }, () => {
    const socket = net.connect(portOf(address), '127.0.0.1').on('error', () => undefined);
    closing.push(() => socket.destroy());
    return socket.resume();
  });
  await until('the others are ended', () => strangers.filter(({ destroyed }) => destroyed).length === 15);
  expect(reasons.filter(({ reason }) => reason === '5 others begin a handshake')).toHaveLength(15);

  // A peer whose handshake is done is not among them.
  peer.allowMessageBytes(20);
  await friend.send([Buffer.alloc(20)]);
  expect((await router.receive()).parts[1]).toHaveLength(20);
  await friend.send([Buffer.alloc(21)]);
  await until('the peer is ended', () =>
    reasons.some(({ reason }) => /a frame of 21 bytes, above 20/.test(String(reason))),
  );
});

test('a peer that answers heartbeats stays', async () => {
  const lost: unknown[] = [];
  const events = { disconnected: (_peer: unknown, reason: unknown) => lost.push(reason) };
  const clock = createFakeClock();
  const a = open('PAIR', { heartbeatIntervalMs: 20, heartbeatTimeoutMs: 1_000, events, clock });
  const b = open('PAIR', { heartbeatIntervalMs: 0, clock });
  a.connect(await b.bind(ANY));
  // Three times the time-out, in which only its answers to heartbeats speak for `b`.
  for (let i = 0; i < 150; i += 1) {
    await clock.advance(20);
    if (lost.length > 0) break;
    await a.send([Buffer.from('1')]);
    await b.receive();
  }
  expect(lost).toEqual([]);
});

test('1,000 connections that come and go leave nothing', async () => {
  const router = open('ROUTER');
  const address = await router.bind(ANY);
  const handles = (): number =>
    process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP') || name === 'Timeout').length;
  const before = handles();
  for (let i = 0; i < 100; i += 1) {
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        await using dealer = openSocket('DEALER', { lingerMs: 5_000 });
        dealer.connect(address);
        await dealer.send([Buffer.from('x')]);
      }),
    );
  }
  await until('the last to be gone', () => router.peers().length === 0);
  for (let i = 0; i < 1_000; i += 1) await router.receive();
  await until('their handles to be gone', () => handles() <= before);
});

test('what is queued when a socket is closed still goes to a peer that comes in time', async () => {
  const push = open('PUSH', { lingerMs: 30_000 });
  const pull = open('PULL');
  const address = await pull.bind(ANY);
  pull.unbind(address);
  push.connect(address);
  await push.send([Buffer.from('last words')]);
  const closed = push.close();
  await pull.bind(address);
  expect(text(await pull.receive())).toBe('last words');
  await closed;
});

test('a socket is closed after its linger, whoever does not come or does not read; at once without one', async () => {
  const clock = createFakeClock();
  const pull = open('PULL', { receiveHighWaterMark: 1 });
  const address = await pull.bind(ANY);
  const body = Buffer.alloc(1_000_000);
  const fill = async (push: Socket): Promise<void> => {
    push.connect(address);
    await until('nothing more to fit', () => !push.trySend([body]));
  };
  const unread = open('PUSH', { lingerMs: 1_000, sendHighWaterMark: 20, clock });
  await fill(unread);
  const alone = open('PUSH', { lingerMs: 1_000, clock });
  alone.connect('tcp://127.0.0.1:1');
  await alone.send([body]);
  let closedCount = 0;
  const closed = [unread, alone].map((socket) => socket.close().then(() => (closedCount += 1)));
  await clock.advance(999);
  expect(closedCount).toBe(0);
  await clock.advance(1);
  await Promise.all(closed);

  const hasty = open('PUSH', { lingerMs: 0, sendHighWaterMark: 20, clock });
  await fill(hasty);
  await hasty.close();
});

test('what a closed socket is asked is refused, and closing twice is closing once', async () => {
  const pull = openSocket('PULL');
  const address = await pull.bind(ANY);
  const waiting = pull.receive();
  const loop = (async () => {
    for await (const _ of pull) continue;
  })();
  const closed = pull.close();
  expect(pull.close()).toBe(closed);
  await expect(waiting).rejects.toMatchObject({ code: 'unavailable' });
  await closed;
  await loop;
  await expect(pull.bind(address)).rejects.toMatchObject({ code: 'unavailable' });
  const other = open('PULL');
  expect(await other.bind(address)).toBe(address);
  await expect(open('PULL').bind(address)).rejects.toThrow(`cannot listen on ${address}`);
  expect(() => other.trySend([Buffer.from('x')])).toThrow('PULL does not send');
  await expect(open('PUSH').receive()).rejects.toThrow('PUSH does not receive');
});

/** What a socket of mechanism NULL sends first, as bytes. */
function hello(type: SocketType): Buffer {
  const metadata = encodeMetadata({ 'Socket-Type': Buffer.from(type) });
  return Buffer.concat([encodeGreeting('NULL', false), encodeFrame(FLAG.command, encodeCommand('READY', metadata))]);
}

function connectRaw(address: string): net.Socket {
  const socket = net.connect(portOf(address), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume();
  closing.push(() => socket.destroy());
  return socket;
}

/** All that came so far. */
function readText(socket: net.Socket): () => string {
  let received = '';
  socket.on('data', (chunk) => (received += chunk.toString('latin1')));
  return () => received;
}
