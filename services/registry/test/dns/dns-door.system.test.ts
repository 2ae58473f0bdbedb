// The door with real sockets: what a client by UDP and by TCP meets. The resolver of Node.js (c-ares) is a judge that needs
// nothing installed; `dig` and haproxy judge in tests of their own.
import { OperatingError, seededRandom, silentLog, systemClock as clock } from '@plumb/base';
import { createFakeClock, type FakeClock, until } from '@plumb/testing';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { CONNECTIONS_MAX, IDLE_MS } from '../../src/doors/dns/dns-listeners.ts';
import { type DnsDoor, type DnsFact, openDnsDoor } from '../../src/doors/dns/open-dns-door.ts';
import { framed, openTcpClient, openUdpClient, type TcpClient } from './dns-client.ts';
import { decodeMessage, encodeQuery } from './dns-message.ts';
import { createTestDictionary, type TestDictionary, testChange, testInstance, testSnapshot } from './dns-world.ts';

const WEB = [1, 2, 3].map((n) => testInstance('web', `web-${n}`, { address: `10.0.0.${n}`, port: 8_000 + n }));
let open = new AsyncDisposableStack();
afterEach(async () => {
  await open.disposeAsync();
  open = new AsyncDisposableStack();
});

type World = { readonly door: DnsDoor; readonly dictionary: TestDictionary; readonly facts: DnsFact[] };

async function openWorld(instances = WEB, ownClock: Pick<FakeClock, 'now'> & typeof clock = clock): Promise<World> {
  const dictionary = createTestDictionary(testSnapshot(['web', 'idle'], instances));
  const facts: DnsFact[] = [];
  const door = await openDnsDoor({
    registry: dictionary.registry,
    port: 0,
    observe: (fact) => facts.push(fact),
    clock: ownClock,
    random: seededRandom(1),
    log: silentLog,
  });
  open.use(door);
  await using client = await openUdpClient(door.port);
  let id = 60_000;
  await until(
    'the dictionary',
    async () => (await client.ask({ name: 'plumb', type: 'SOA', id: (id += 1) })).rcode === 0,
  );
  facts.length = 0;
  return { door, dictionary, facts };
}

const udp = async ({ port }: DnsDoor): Promise<Awaited<ReturnType<typeof openUdpClient>>> =>
  open.use(await openUdpClient(port));
const tcp = async ({ port }: DnsDoor): Promise<TcpClient> => open.use(await openTcpClient(port));

test('the resolver of Node.js finds services, instances and ports, and is told what is not there', async () => {
  const { door } = await openWorld();
  const resolver = new Resolver({ timeout: 5_000, tries: 2 });
  resolver.setServers([`127.0.0.1:${door.port}`]);
  expect((await resolver.resolve4('web.service.plumb')).toSorted()).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3']);
  expect(await resolver.resolve4('web-2.web.service.plumb', { ttl: true })).toEqual([{ address: '10.0.0.2', ttl: 1 }]);
  const srv = await resolver.resolveSrv('_web._tcp.service.plumb');
  expect(srv.map(({ name, port }) => `${name}:${port}`).toSorted()).toEqual([
    'web-1.web.service.plumb:8001',
    'web-2.web.service.plumb:8002',
    'web-3.web.service.plumb:8003',
  ]);
  expect(await resolver.resolveTxt('web-1.web.service.plumb')).toEqual([
    ['id=web-1', 'application=shop', 'release=r1', 'host=laptop'],
  ]);
  expect(await resolver.resolveSoa('plumb')).toMatchObject({ nsname: 'ns.plumb', serial: 1, minttl: 0 });
  await expect(resolver.resolve4('none.service.plumb')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  await expect(resolver.resolve4('idle.service.plumb')).rejects.toMatchObject({ code: 'ENODATA' });
  await expect(resolver.resolve4('example.com')).rejects.toMatchObject({ code: 'EREFUSED' });
});

test('what does not fit into a datagram is asked again over TCP, by Node.js too', async () => {
  const many = Array.from({ length: 300 }, (_, i) =>
    testInstance('web', `web-${i}`, { address: `10.0.${i >> 8}.${i & 0xff}` }),
  );
  const { door, facts } = await openWorld(many);
  const resolver = new Resolver({ timeout: 5_000, tries: 2 });
  resolver.setServers([`127.0.0.1:${door.port}`]);
  expect(new Set(await resolver.resolve4('web.service.plumb')).size).toBe(300);
  expect(facts).toEqual([
    { transport: 'udp', type: 'A', rcode: 'NOERROR', isTruncated: true, service: 'web' },
    { transport: 'tcp', type: 'A', rcode: 'NOERROR', isTruncated: false, service: 'web' },
  ]);
});

test('a change of the dictionary is in the next answer', async () => {
  const { door, dictionary } = await openWorld();
  const client = await udp(door);
  dictionary.tell(testChange(2, { gone: ['web-1'], puts: [testInstance('web', 'web-4', { address: '10.0.0.4' })] }));
  let id = 0;
  const addresses = await until('the change', async () => {
    const { answers } = await client.ask({ name: 'web.service.plumb', id: (id += 1) });
    const found = answers.map(({ data }) => data).toSorted();
    return found.includes('10.0.0.4') && found;
  });
  expect(addresses).toEqual(['10.0.0.2', '10.0.0.3', '10.0.0.4']);
});

test('thousands of queries at a time, of many clients over UDP and TCP, are all answered, each with its own', async () => {
  const { door, facts } = await openWorld();
  const clients = await Promise.all([
    ...Array.from({ length: 10 }, () => udp(door)),
    ...Array.from({ length: 10 }, () => tcp(door)),
  ]);
  const [each, atATime] = [200, 20]; // More at a time would be more than the kernel keeps for a socket over UDP.
  for (let id = 1; id <= each; id += 1) {
    for (const client of clients) client.send(encodeQuery({ name: `web-${(id % 3) + 1}.web.service.plumb`, id }));
    await until('some answers', () => clients.every(({ answers }) => answers.length > id - atATime), { periodMs: 1 });
  }
  await until('all answers', () => clients.every(({ answers }) => answers.length === each));
  for (const { answers } of clients) {
    for (const bytes of answers) {
      const { id, answers: records } = decodeMessage(bytes);
      expect(records[0]?.data).toBe(`10.0.0.${(id % 3) + 1}`);
    }
  }
  expect(facts).toHaveLength(clients.length * each);
});

test('over TCP queries may come in any pieces and without waiting; answers come in their order', async () => {
  const { door } = await openWorld();
  const client = await tcp(door);
  const stream = Buffer.concat(
    Array.from({ length: 50 }, (_, id) => framed(encodeQuery({ name: 'web.service.plumb', id }))),
  );
  const piece = 36; // A byte less than a query is: each border is somewhere else.
  for (let at = 0; at < stream.length; at += piece) {
    client.socket.write(stream.subarray(at, at + piece));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until('all answers', () => client.answers.length === 50);
  expect(client.answers.map((bytes) => bytes.readUInt16BE(0))).toEqual(Array.from({ length: 50 }, (_, id) => id));
  expect(client.answers.map((bytes) => decodeMessage(bytes).answers.length)).toEqual(client.answers.map(() => 3));
  // Who has asked all it wanted closes its half, and is still answered.
  client.socket.end(framed(encodeQuery({ name: 'plumb', type: 'SOA', id: 99 })));
  await until('the end', client.isClosed);
  expect(client.answers.at(-1)?.readUInt16BE(0)).toBe(99);
});

test('a client over TCP that does not take its answers is not read from, and gets them when it does', async () => {
  const many = Array.from({ length: 500 }, (_, i) =>
    testInstance('web', `web-${i}`, { address: `10.0.${i >> 8}.${i & 0xff}` }),
  );
  const { door, facts } = await openWorld(many);
  const client = await tcp(door);
  client.socket.pause();
  // More questions than the buffers of both sockets hold, for answers of 40 kB each.
  const query = framed(encodeQuery({ name: 'web.service.plumb', type: 'SRV' }));
  client.socket.write(Buffer.alloc(24 * 1_048_576, query));
  let before = -1;
  await until(
    'the door to wait',
    () => {
      const isSame = before === facts.length && before > 0;
      before = facts.length;
      return isSame;
    },
    { periodMs: 200 },
  );
  expect(client.socket.writableLength).toBeGreaterThan(0);
  expect(facts.length).toBeLessThan(1_000);
  client.socket.resume();
  const more = facts.length + 500;
  await until('the next answers', () => client.answers.length > more);
});

test('what is no query ends the connection; a longer one than any resolver sends too', async () => {
  const { door } = await openWorld();
  const check = async (bytes: Buffer): Promise<void> => {
    const client = await tcp(door);
    client.socket.write(bytes);
    await until('the end', client.isClosed);
    expect(client.answers).toEqual([]);
  };
  await check(Buffer.of(0, 0));
  await check(framed(Buffer.alloc(11)));
  await check(framed(Buffer.concat([Buffer.of(0, 1, 0x81), Buffer.alloc(20)])));
  await check(Buffer.of(0x10, 0x01, 0, 0));
});

test('a silent connection is closed after a while, one that asks is not, and one too many takes the place of the most silent', async () => {
  const fake = createFakeClock();
  const { door } = await openWorld(WEB, fake);
  const silent = await tcp(door);
  const busy = await tcp(door);
  await busy.ask({ name: 'plumb', type: 'SOA', id: 1 });
  await silent.ask({ name: 'plumb', type: 'SOA', id: 1 });
  await fake.advance(IDLE_MS - 1_000);
  await busy.ask({ name: 'plumb', type: 'SOA', id: 2 });
  // Bytes that are no whole query do not count as asking.
  silent.socket.write(Buffer.of(0));
  await fake.advance(2_000);
  await until('the silent one to be closed', silent.isClosed);
  expect(busy.isClosed()).toBe(false);
  await busy.ask({ name: 'plumb', type: 'SOA', id: 3 });

  const later: TcpClient[] = [];
  for (let i = 0; i < CONNECTIONS_MAX; i += 1) later.push(await tcp(door));
  await until('the most silent one to be closed', busy.isClosed);
  await later.at(-1)?.ask({ name: 'plumb', type: 'SOA', id: 4 });
  expect(later.filter(({ isClosed }) => isClosed())).toEqual([]);
});

test('garbage over UDP is survived, and responses are not answered', async () => {
  const { door, facts } = await openWorld();
  const client = await udp(door);
  for (let i = 0; i < 200; i += 1)
    client.send(Buffer.from(Array.from({ length: i }, (_, at) => (at * 131 + i * 29) & 0xff)));
  const query = encodeQuery({ name: 'web.service.plumb', id: 1 });
  query[2] = 0x81;
  client.send(query);
  await client.ask({ name: 'web.service.plumb', id: 2 });
  expect(client.answers.filter((bytes) => bytes.readUInt16BE(0) === 1)).toEqual([]);
  expect(facts.at(-1)).toEqual({ transport: 'udp', type: 'A', rcode: 'NOERROR', isTruncated: false, service: 'web' });
});

test('who asks for more than any client needs is told to come by TCP, with no more bytes than it sent', async () => {
  const many = Array.from({ length: 80 }, (_, i) => testInstance('web', `web-${i}`, { address: `10.0.0.${i}` }));
  const { door, facts } = await openWorld(many, createFakeClock());
  const client = await udp(door);
  const query = encodeQuery({ name: 'web.service.plumb', type: 'SRV', edns: { size: 8_192 } });
  const full = 1_048_576 / 4_900;
  for (let i = 0; i < full * 1.5; i += 1) {
    client.send(query);
    if (i % 10 === 0) await until('answers', () => facts.length > i - 5, { periodMs: 1 });
  }
  const last = await until('the cut', () => client.answers.find((bytes) => bytes.length <= query.length));
  expect(decodeMessage(last)).toMatchObject({ flags: { tc: true }, rcode: 0, answers: [], additional: [] });
  expect(facts.filter(({ isTruncated }) => !isTruncated).length).toBeLessThan(full * 1.3);
  const other = await udp(door);
  expect((await other.ask({ name: 'web-1.web.service.plumb' })).flags.tc).toBe(false);
  const byTcp = await tcp(door);
  expect((await byTcp.ask({ name: 'web.service.plumb', type: 'SRV' })).answers).toHaveLength(80);
});

test('a port that is taken is said to be; a door that was closed leaves none taken', async () => {
  const { door } = await openWorld();
  const options = {
    registry: createTestDictionary(undefined).registry,
    clock,
    random: seededRandom(1),
    log: silentLog,
  };
  await expect(openDnsDoor({ ...options, port: door.port })).rejects.toThrow(
    new OperatingError(
      'unavailable',
      `DNS port ${door.port} on 127.0.0.1 cannot be opened (is it taken?): choose another with --dns PORT, or 0 for any free one`,
    ),
  );
  const client = await tcp(door);
  await open.disposeAsync();
  if (!client.isClosed()) await once(client.socket, 'close');
  await using again = await openDnsDoor({ ...options, port: door.port });
  expect(again.port).toBe(door.port);
});
