// The judge is `dig` of BIND, which warns of whatever it finds odd in an answer: its warnings fail these tests too.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { seededRandom, silentLog, systemClock as clock } from '@plumb/base';
import { findProgram, hasRequirement, until } from '@plumb/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DnsDoor, openDnsDoor } from '../../src/doors/dns/open-dns-door.ts';
import { createTestDictionary, testInstance, testSnapshot } from './dns-world.ts';

const run = promisify(execFile);
const stack = new AsyncDisposableStack();
let door: DnsDoor;

const WEB = [
  testInstance('web', 'web-1', { address: '10.0.0.1', port: 8_001 }),
  testInstance('web', 'web-2', { address: 'fd00::2', port: 8_002 }),
  testInstance('web', 'Web 3', { address: 'db.example.com', port: 8_003 }),
];
const MANY = Array.from({ length: 100 }, (_, i) => testInstance('many', `many-${i}`, { address: `10.1.0.${i}` }));

beforeAll(async () => {
  const dictionary = createTestDictionary(testSnapshot(['web', 'many', 'idle'], [...WEB, ...MANY], 17));
  door = await openDnsDoor({
    registry: dictionary.registry,
    port: 0,
    clock,
    random: seededRandom(1),
    log: silentLog,
  });
  stack.use(door);
  if (findProgram('dig') !== undefined)
    await until('the dictionary', async () => (await dig('plumb', 'SOA')).includes('status: NOERROR'));
});
afterAll(() => stack.disposeAsync());

/** What dig prints, without its warnings, of which there must be none. */
async function dig(...words: string[]): Promise<string> {
  const { stdout, stderr } = await run(findProgram('dig') ?? 'dig', ['@127.0.0.1', '-p', String(door.port), ...words]);
  expect(stderr).toBe('');
  // It asks for recursion unless it is told not to, and says that this server offers none.
  const text = stdout.replaceAll(/;; WARNING: recursion requested but not available\n/g, '');
  expect(text).not.toMatch(/warning|malformed|bad |extra|mismatch/i);
  return text;
}

/** The records alone, with single spaces. */
async function records(...words: string[]): Promise<string[]> {
  const text = await dig('+noall', '+answer', ...words);
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(';'))
    .map((line) => line.replaceAll(/\s+/g, ' '))
    .toSorted();
}

const flags = (text: string): string => /flags: [^;]*/.exec(text)?.[0] ?? '';
const status = (text: string): string => /status: (\w+)/.exec(text)?.[1] ?? '';

if (hasRequirement('dig', 'install it with "apt-get install bind9-dnsutils"')) {
  test('dig reads A, AAAA, SRV, TXT, SOA and NS, over UDP and over TCP', async () => {
    for (const transport of ['+notcp', '+tcp']) {
      expect(await records(transport, 'web.service.plumb', 'A')).toEqual(['web.service.plumb. 1 IN A 10.0.0.1']);
      expect(await records(transport, 'web-2.web.service.plumb', 'AAAA')).toEqual([
        'web-2.web.service.plumb. 1 IN AAAA fd00::2',
      ]);
      expect(await records(transport, '_web._tcp.service.plumb', 'SRV')).toEqual([
        '_web._tcp.service.plumb. 1 IN SRV 0 1 8001 web-1.web.service.plumb.',
        '_web._tcp.service.plumb. 1 IN SRV 0 1 8002 web-2.web.service.plumb.',
        '_web._tcp.service.plumb. 1 IN SRV 0 1 8003 db.example.com.',
      ]);
      expect(await records(transport, 'web-1.web.service.plumb', 'TXT')).toEqual([
        'web-1.web.service.plumb. 1 IN TXT "id=web-1" "application=shop" "release=r1" "host=laptop"',
      ]);
      expect(await records(transport, 'plumb', 'SOA')).toEqual([
        'plumb. 1 IN SOA ns.plumb. hostmaster.plumb. 17 60 10 3600 0',
      ]);
      expect(await records(transport, 'plumb', 'NS')).toEqual(['plumb. 1 IN NS ns.plumb.']);
    }
  });

  test('dig finds the addresses of SRV beside them', async () => {
    const additional = (await dig('+noall', '+additional', 'web.service.plumb', 'SRV')).replaceAll(/[ \t]+/g, ' ');
    expect(
      additional
        .split('\n')
        .filter((line) => line.includes(' IN '))
        .toSorted(),
    ).toEqual(['web-1.web.service.plumb. 1 IN A 10.0.0.1', 'web-2.web.service.plumb. 1 IN AAAA fd00::2']);
  });

  test('dig tells a name error from no data, both with the SOA, and who may not be asked', async () => {
    const check = async (expected: string, ...words: string[]): Promise<string> => {
      const text = await dig(...words);
      expect([words, status(text)]).toEqual([words, expected]);
      return text;
    };
    for (const [expected, name] of [
      ['NXDOMAIN', 'none.service.plumb'],
      ['NOERROR', 'idle.service.plumb'],
      ['NOERROR', 'service.plumb'],
    ] as const) {
      const text = await check(expected, name, 'A');
      expect(flags(text)).toBe('flags: qr aa rd');
      expect(text.replaceAll(/\s+/g, ' ')).toContain('plumb. 0 IN SOA ns.plumb. hostmaster.plumb. 17 60 10 3600 0');
      expect(text).toContain('ANSWER: 0, AUTHORITY: 1');
    }
    expect(flags(await check('REFUSED', 'example.com', 'A'))).toBe('flags: qr rd');
    await check('REFUSED', '.', 'NS');
    await check('REFUSED', 'version.bind', 'CH', 'TXT');
    await check('NOTIMP', '+opcode=notify', 'plumb', 'SOA');
    expect(flags(await check('NOERROR', '+norecurse', '+cdflag', 'plumb', 'SOA'))).toBe('flags: qr aa cd');
    expect(await dig('plumb', 'AXFR')).toContain('Transfer failed');
  });

  test('dig speaks EDNS: sizes, unknown options, a later version, DO', async () => {
    const text = await dig(
      '+dnssec',
      '+nsid',
      '+subnet=10.0.0.0/8',
      '+ednsopt=65001:abcd',
      '+padding=64',
      'web.service.plumb',
    );
    expect(status(text)).toBe('NOERROR');
    expect(text).toContain('; EDNS: version: 0, flags: do; udp: 1232');
    expect(status(await dig('+edns=1', '+noednsnegotiation', 'web.service.plumb'))).toBe('BADVERS');
    expect(await dig('+edns=1', 'web.service.plumb')).toContain('status: NOERROR');
    expect(await dig('+noedns', 'web.service.plumb')).not.toContain('EDNS');
  });

  test('dig asks again over TCP what was cut, and gets it in one piece where it has room', async () => {
    const check = async (isCut: boolean, ...words: string[]): Promise<void> => {
      const text = await dig('+ignore', 'many.service.plumb', 'A', ...words);
      expect([words, / tc[ ;]/.test(`${flags(text)};`)]).toEqual([words, isCut]);
      expect(Number(/MSG SIZE {2}rcvd: (\d+)/.exec(text)?.[1])).toBeLessThanOrEqual(
        Number(/\d+/.exec(words[0] ?? '')?.[0] ?? 512),
      );
    };
    await check(true, '+noedns');
    await check(true, '+bufsize=512');
    await check(true, '+bufsize=1232');
    await check(false, '+bufsize=4096');
    const again = await dig('+bufsize=512', 'many.service.plumb', 'A');
    expect(again).toContain(';; Truncated, retrying in TCP mode.');
    expect(again).toContain('ANSWER: 100');
  });

  test('dig keeps a connection open for several questions', async () => {
    const text = await dig(
      '+tcp',
      '+keepopen',
      '+noall',
      '+answer',
      'web-1.web.service.plumb',
      'A',
      'web.service.plumb',
      'A',
      'plumb',
      'NS',
    );
    expect(text.split('\n').filter((line) => line.includes('IN'))).toHaveLength(3);
  });
}
