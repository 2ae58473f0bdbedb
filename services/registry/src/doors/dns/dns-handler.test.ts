import { type Random, seededRandom, silentLog } from '@plumb/base';
import { expect, test } from 'vitest';
import { decodeMessage, encodeName, encodeQuery, type Message, type Query } from '../../../test/dns/dns-message.ts';
import { testInstance, testSnapshot } from '../../../test/dns/dns-world.ts';
import type { Instance } from '../../index.ts';
import { createDnsHandler, type DnsHandler, type DnsPeer } from './dns-handler.ts';
import { DnsView } from './dns-view.ts';

const UDP: DnsPeer = { transport: 'udp', isAllowed: true, datagramBytesMax: 8_192 };
const TCP: DnsPeer = { ...UDP, transport: 'tcp' };
const [NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, BADVERS] = [0, 1, 2, 3, 4, 5, 16];

const WEB = [
  testInstance('web', 'web-1', { address: '10.0.0.1', port: 8_001 }),
  testInstance('web', 'web-2', { address: '10.0.0.2', port: 8_002 }),
  testInstance('web', 'web-3', { address: 'fd00::3', port: 8_003 }),
  testInstance('web', 'web-4', { address: '10.0.0.4', health: { state: 'unready', sinceAt: 1 } }),
];

function createHandler(instances: readonly Instance[] = WEB, random: Random = seededRandom(1)): DnsHandler {
  const view = new DnsView();
  view.apply(testSnapshot(['web', 'idle'], instances, 42));
  return createDnsHandler({ source: view, serverAddress: Uint8Array.of(127, 0, 0, 1), random, log: silentLog });
}

function ask(query: Query, { handler = createHandler(), peer = UDP } = {}): Message {
  const reply = handler(encodeQuery(query), peer);
  if (reply === undefined) throw new Error('no answer');
  return decodeMessage(reply.bytes);
}

const sorted = (message: Message): string[] => message.answers.map(({ data }) => data).toSorted();

test('a service has the addresses of its ready instances, each once, for a second', () => {
  const shared = testInstance('web', 'web-5', { address: '10.0.0.1', port: 8_005 });
  const message = ask({ name: 'web.service.plumb' }, { handler: createHandler([...WEB, shared]) });
  expect(sorted(message)).toEqual(['10.0.0.1', '10.0.0.2']);
  expect(message.answers[0]).toMatchObject({ name: 'web.service.plumb.', type: 'A', ttl: 1 });
  expect(message.flags).toEqual({
    qr: true,
    opcode: 0,
    aa: true,
    tc: false,
    rd: true,
    ra: false,
    ad: false,
    cd: false,
  });
  expect(message.id).toBe(7);
  expect(sorted(ask({ name: 'web.service.plumb', type: 'AAAA' }))).toEqual([`fd00${'0'.repeat(27)}3`]);
});

test('SRV names each instance with its port, and brings the addresses; the form of RFC 2782 says the same', () => {
  for (const name of ['web.service.plumb', '_web._tcp.service.plumb']) {
    const message = ask({ name, type: 'SRV' });
    expect(sorted(message)).toEqual([
      '0 1 8001 web-1.web.service.plumb.',
      '0 1 8002 web-2.web.service.plumb.',
      '0 1 8003 web-3.web.service.plumb.',
    ]);
    expect(message.additional.map(({ name, type, data }) => `${name} ${type} ${data}`).toSorted()).toEqual([
      'web-1.web.service.plumb. A 10.0.0.1',
      'web-2.web.service.plumb. A 10.0.0.2',
      `web-3.web.service.plumb. AAAA fd00${'0'.repeat(27)}3`,
    ]);
  }
  expect(ask({ name: '_web._tcp.service.plumb', type: 'A' }).answers).toEqual([]);
});

test('an instance has a name of its own, and TXT says what it is called', () => {
  expect(sorted(ask({ name: 'web-2.web.service.plumb' }))).toEqual(['10.0.0.2']);
  expect(sorted(ask({ name: 'web-2.web.service.plumb', type: 'SRV' }))).toEqual(['0 1 8002 web-2.web.service.plumb.']);
  expect(sorted(ask({ name: 'web-2.web.service.plumb', type: 'TXT' }))).toEqual([
    'id=web-2 application=shop release=r1 host=laptop',
  ]);
  expect(ask({ name: 'web.service.plumb', type: 'TXT' }).answers).toHaveLength(3);
});

test('an instance whose address is the name of a host is named by it; localhost is this machine', () => {
  const handler = createHandler([
    testInstance('web', 'web-1', { address: 'db.example.com', port: 5_432 }),
    testInstance('web', 'web-2', { address: 'localhost' }),
    testInstance('web', 'web-3', { address: '0.0.0.0' }),
  ]);
  const message = ask({ name: 'web.service.plumb', type: 'SRV' }, { handler });
  expect(sorted(message)).toEqual(['0 1 4000 web-2.web.service.plumb.', '0 1 5432 db.example.com.']);
  expect(message.additional).toHaveLength(1);
  expect(sorted(ask({ name: 'web.service.plumb' }, { handler }))).toEqual(['127.0.0.1']);
});

test('a name that is not there is a name error, one without such records has no data; both carry the SOA', () => {
  const check = (name: string, type: Query['type'], rcode: number): void => {
    const message = ask({ name, type: type ?? 'A' });
    expect([name, message.rcode]).toEqual([name, rcode]);
    expect(message.answers).toEqual([]);
    expect(message.authority).toEqual([
      expect.objectContaining({
        name: 'plumb.',
        type: 'SOA',
        ttl: 0,
        data: 'ns.plumb. hostmaster.plumb. 42 60 10 3600 0',
      }),
    ]);
    expect(message.flags.aa).toBe(true);
  };
  check('idle.service.plumb', 'A', NOERROR); // Declared, and nobody is there.
  check('web.service.plumb', 'NS', NOERROR);
  check('web.service.plumb', 99, NOERROR);
  check('service.plumb', 'A', NOERROR); // A name because there are names below it.
  check('_tcp.service.plumb', 'SRV', NOERROR);
  check('plumb', 'A', NOERROR);
  check('ns.plumb', 'AAAA', NOERROR);
  check('other.service.plumb', 'A', NXDOMAIN);
  check('web-4.web.service.plumb', 'A', NXDOMAIN); // Not ready.
  check('web-9.web.service.plumb', 'A', NXDOMAIN);
  check('a.web-1.web.service.plumb', 'A', NXDOMAIN);
  check('_other._tcp.service.plumb', 'SRV', NXDOMAIN);
  check('web._tcp.service.plumb', 'SRV', NXDOMAIN);
  check('xweb._tcp.service.plumb', 'SRV', NXDOMAIN);
  check('_web._udp.service.plumb', 'SRV', NXDOMAIN);
  check('a.ns.plumb', 'A', NXDOMAIN);
  check('nothing.plumb', 'A', NXDOMAIN);
});

test('the zone has its SOA, and a name server with an address', () => {
  expect(sorted(ask({ name: 'plumb', type: 'SOA' }))).toEqual(['ns.plumb. hostmaster.plumb. 42 60 10 3600 0']);
  const message = ask({ name: 'plumb', type: 'NS' });
  expect(sorted(message)).toEqual(['ns.plumb.']);
  expect(message.additional).toMatchObject([{ name: 'ns.plumb.', type: 'A', data: '127.0.0.1' }]);
  expect(sorted(ask({ name: 'ns.plumb' }))).toEqual(['127.0.0.1']);
});

test('other zones, other classes and the whole zone are refused; ANY is answered with as little as RFC 8482 lets', () => {
  for (const query of [
    { name: 'example.com' },
    { name: '.' },
    { name: 'service.plumb.example' },
    { name: 'web.service.plumb', class: 3 },
    { name: 'plumb', type: 'AXFR' as const },
  ])
    expect(ask(query)).toMatchObject({ rcode: REFUSED, answers: [], authority: [], flags: { aa: false } });
  expect(ask({ name: 'plumb', type: 250 }).rcode).toBe(NOTIMP);
  expect(ask({ name: 'plumb', type: 'OPT' }).rcode).toBe(FORMERR);
  expect(ask({ name: 'web.service.plumb', type: 'ANY' }).answers).toMatchObject([{ type: 'HINFO', data: 'RFC8482 ' }]);
});

test('names are the same in any case, and the question comes back as it was asked', () => {
  const message = ask({ name: 'wEb-1.WEB.Service.PLUMB' });
  expect(sorted(message)).toEqual(['10.0.0.1']);
  expect(message.question).toBe('wEb-1.WEB.Service.PLUMB. A');
  expect(message.answers[0]?.name).toBe('wEb-1.WEB.Service.PLUMB.');
});

test('what cannot be read is a format error, another operation is not implemented, a response is not answered', () => {
  const handler = createHandler();
  const query = encodeQuery({ name: 'web.service.plumb', edns: {} });
  const check = (what: string, change: (bytes: Buffer) => Buffer, expected: number | undefined): void => {
    const reply = handler(change(Buffer.from(query)), UDP);
    expect([what, reply && decodeMessage(reply.bytes).rcode]).toEqual([what, expected]);
  };
  const set =
    (at: number, ...values: number[]) =>
    (bytes: Buffer) => (bytes.set(values, at), bytes);
  check('as it is', (bytes) => bytes, NOERROR);
  check('shorter than a header', (bytes) => bytes.subarray(0, 11), undefined);
  check('a response', set(2, 0x81), undefined);
  check('a response of another operation', set(2, 0xa0), undefined);
  check('a notify', set(2, 0x20), NOTIMP);
  check('no question', set(4, 0, 0), FORMERR);
  check('two questions', set(4, 0, 2), FORMERR);
  check('the question cut off', (bytes) => bytes.subarray(0, 20), FORMERR);
  check('a pointer to itself', set(12, 0xc0, 12), FORMERR);
  check('a label of 64', set(12, 64), FORMERR);
  check('a record that is not there', set(10, 0, 2), FORMERR);
  check('bytes behind the end', (bytes) => Buffer.concat([bytes, Buffer.of(0)]), FORMERR);
  check('OPT among the answers', (bytes) => set(6, 0, 1)(set(10, 0, 0)(bytes)), FORMERR);
  check('two OPTs', (bytes) => set(10, 0, 2)(Buffer.concat([bytes, bytes.subarray(-11)])), FORMERR);
  check(
    'OPT of a name',
    (bytes) => Buffer.concat([bytes.subarray(0, -11), encodeName('a'), bytes.subarray(-10)]),
    FORMERR,
  );
  check(
    'an option longer than its record',
    (bytes) => Buffer.concat([bytes.subarray(0, -2), Buffer.of(0, 4, 0, 10, 0, 9)]),
    FORMERR,
  );
  const long = encodeQuery({ name: `${'a'.repeat(63)}.`.repeat(3) + 'b'.repeat(61) });
  expect(decodeMessage(handler(long, UDP)?.bytes ?? long).rcode).toBe(REFUSED); // 255 bytes: the longest name.
  const longer = encodeQuery({ name: `${'a'.repeat(63)}.`.repeat(3) + 'b'.repeat(62) });
  expect(decodeMessage(handler(longer, UDP)?.bytes ?? long).rcode).toBe(FORMERR);
});

test('EDNS is answered where it was asked: options ignored, DO repeated, later versions told ours', () => {
  expect(ask({ name: 'web.service.plumb' }).edns).toBeUndefined();
  const options = Buffer.concat([Buffer.of(0, 10, 0, 8), Buffer.alloc(8, 1), Buffer.of(0xff, 0xf0, 0, 0)]);
  const message = ask({ name: 'web.service.plumb', edns: { flags: 0x8000, options } });
  expect(message).toMatchObject({ rcode: NOERROR, edns: { size: 1_232, version: 0, flags: 0x8000 } });
  expect(ask({ name: 'web.service.plumb', edns: { version: 1 } })).toMatchObject({
    rcode: BADVERS,
    answers: [],
    edns: { version: 0 },
  });
  expect(ask({ name: 'web.service.plumb', flags: 0x0010 }).flags).toMatchObject({ rd: false, cd: true });
});

test('what does not fit into a datagram is cut with TC set, addresses that only save a question are left out without', () => {
  const many = Array.from({ length: 40 }, (_, i) => testInstance('orders', `web-${i}`, { address: `10.0.1.${i}` }));
  const handler = createHandler(many);
  const sizeOf = (query: Query, peer = UDP): [number, Message] => {
    const bytes = handler(encodeQuery(query), peer)?.bytes ?? Buffer.alloc(0);
    return [bytes.length, decodeMessage(bytes)];
  };
  const name = 'orders.service.plumb';
  const check = (query: Query, sizeMax: number, expected: { tc: boolean; answers: number }, peer = UDP): void => {
    const [size, message] = sizeOf(query, peer);
    expect(size).toBeLessThanOrEqual(sizeMax);
    expect({ tc: message.flags.tc, answers: message.answers.length }).toEqual(expected);
    if (message.flags.tc) expect(message.additional).toEqual([]);
  };
  check({ name }, 512, { tc: true, answers: 29 });
  check({ name, edns: { size: 100 } }, 512, { tc: true, answers: 28 }); // Less than 512 is 512; OPT takes its part.
  check({ name, edns: { size: 1_232 } }, 1_232, { tc: false, answers: 40 });
  check({ name, type: 'SRV', edns: { size: 1_232 } }, 1_232, { tc: true, answers: 25 });
  check({ name, type: 'SRV', edns: { size: 65_535 } }, 8_192, { tc: false, answers: 40 });
  check({ name, type: 'SRV', edns: { size: 2_000 } }, 2_000, { tc: false, answers: 40 });
  expect(sizeOf({ name, type: 'SRV', edns: { size: 2_000 } })[1].additional.length).toBeLessThan(40);
  check({ name, type: 'SRV' }, 65_535, { tc: false, answers: 40 }, TCP);
  check({ name: 'no.such.plumb' }, 31, { tc: true, answers: 0 }, { ...UDP, datagramBytesMax: 0 }); // The question alone.
});

test('of thousands of instances an answer has some, other ones each time, and fits into a message of TCP', () => {
  const many = Array.from({ length: 3_000 }, (_, i) =>
    testInstance('web', `web-${i}-${'x'.repeat(40)}`, { address: `10.0.${i >> 8}.${i & 0xff}` }),
  );
  const handler = createHandler(many);
  const seen = new Set<string>();
  for (let i = 0; i < 40; i += 1) {
    const message = ask({ name: 'web.service.plumb', type: 'SRV' }, { handler, peer: TCP });
    expect(message.answers).toHaveLength(512);
    expect(message.flags.tc).toBe(false);
    for (const { data } of message.answers) seen.add(data);
  }
  expect(seen.size).toBeGreaterThan(2_900);
});

test('answers are shuffled, and the same seed shuffles alike', () => {
  const firsts = (seed: number): (string | undefined)[] => {
    const handler = createHandler(WEB, seededRandom(seed));
    return Array.from(
      { length: 200 },
      () => ask({ name: 'web.service.plumb', type: 'SRV' }, { handler }).answers[0]?.data,
    );
  };
  const counts = Object.values(Object.groupBy(firsts(1), (data) => data ?? '')).map((group) => group?.length ?? 0);
  expect(counts).toHaveLength(3);
  expect(Math.min(...counts)).toBeGreaterThan(40);
  expect(firsts(2)).toEqual(firsts(2));
  expect(firsts(2)).not.toEqual(firsts(3));
});

test('strangers are refused whatever they ask, and nothing is answered before the dictionary is known', () => {
  const stranger = { ...UDP, isAllowed: false };
  for (const name of ['web.service.plumb', 'no.plumb'])
    expect(ask({ name }, { peer: stranger })).toMatchObject({ rcode: REFUSED, answers: [] });
  const source = new DnsView();
  const zone = { source, serverAddress: Uint8Array.of(127, 0, 0, 1), random: seededRandom(1), log: silentLog };
  expect(ask({ name: 'web.service.plumb' }, { handler: createDnsHandler(zone) }).rcode).toBe(SERVFAIL);
  const failing = {
    service: () => undefined,
    revision: (): number => {
      throw new Error('a bug');
    },
  };
  expect(ask({ name: 'web.service.plumb' }, { handler: createDnsHandler({ ...zone, source: failing }) }).rcode).toBe(
    SERVFAIL,
  );
});
