// Goal: whatever arrives, the handler returns: an answer that a strict reader understands, or nothing. It never throws, its
// answer is within what the client can take, and the question comes back byte by byte.
import { type Log, seededRandom, silentLog } from '@plumb/base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeMessage, encodeQuery, TYPES } from '../../../test/dns/dns-message.ts';
import { testInstance, testSnapshot } from '../../../test/dns/dns-world.ts';
import { createDnsHandler, type DnsPeer } from './dns-handler.ts';
import { DnsView } from './dns-view.ts';

const RUNS = 3_000;
const UDP: DnsPeer = { transport: 'udp', isAllowed: true, datagramBytesMax: 8_192 };

const failures: unknown[] = [];
const log: Log = { ...silentLog, error: (event, fields) => failures.push([event, fields]) };
const view = new DnsView();
view.apply(
  testSnapshot(
    ['web', 'idle'],
    Array.from({ length: 60 }, (_, i) =>
      testInstance('web', i % 9 === 0 ? `Web ${i}` : `web-${i}`, {
        address: i % 5 === 0 ? 'far.example' : `10.0.0.${i}`,
      }),
    ),
  ),
);
const handler = createDnsHandler({
  source: view,
  serverAddress: Uint8Array.of(127, 0, 0, 1),
  random: seededRandom(1),
  log,
});

function check(bytes: Buffer, peer: DnsPeer): void {
  const kept = Buffer.from(bytes);
  const reply = handler(bytes, peer);
  expect(bytes.equals(kept)).toBe(true);
  expect(failures).toEqual([]);
  const isQuery = bytes.length >= 12 && ((bytes[2] ?? 0) & 0x80) === 0;
  expect(reply !== undefined).toBe(isQuery);
  if (reply === undefined) return;
  const message = decodeMessage(reply.bytes);
  expect(message.flags).toMatchObject({ qr: true, ra: false, ad: false });
  expect(message.id).toBe(bytes.readUInt16BE(0));
  if (peer.transport === 'udp') expect(reply.bytes.length).toBeLessThanOrEqual(8_192);
  if (peer.transport === 'udp' && message.edns === undefined) expect(reply.bytes.length).toBeLessThanOrEqual(512);
  if (message.question === '') return;
  let end = 12;
  while (bytes[end] !== 0) end += 1 + (bytes[end] ?? 0);
  expect(reply.bytes.subarray(12, end + 5).equals(bytes.subarray(12, end + 5))).toBe(true);
}

const label = fc.oneof(
  fc.constantFrom('web', 'WEB', '_web', '_tcp', 'service', 'plumb', 'ns', 'idle', 'web-1', 'web-0--05cf9f7b87'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).map((text) => text.replaceAll('.', '-').slice(0, 63)),
);
const name = fc
  .tuple(fc.array(label, { maxLength: 4 }), fc.constantFrom('.service.plumb', '.plumb', '', '.com'))
  .map(([labels, end]) => `${labels.join('.')}${end}`.replace(/^\./, ''))
  .filter((text) => text.length < 250 && text.length > 0);
const edns = fc.option(
  fc.record({
    size: fc.nat(65_535),
    version: fc.constantFrom(0, 0, 0, 1, 255),
    flags: fc.nat(65_535),
    options: fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
  }),
  { nil: undefined },
);
const query = fc.record({
  name,
  type: fc.oneof(fc.constantFrom(...Object.values(TYPES)), fc.nat(65_535)),
  id: fc.nat(65_535),
  flags: fc.oneof(fc.constant(0x0100), fc.nat(65_535)),
  edns,
});
const encoded = query.map(({ edns: given, ...rest }) =>
  encodeQuery(given === undefined ? rest : { ...rest, edns: given }),
);
const peer = fc.constantFrom<DnsPeer>(UDP, { ...UDP, transport: 'tcp' }, { ...UDP, isAllowed: false });

test('any query is answered as it may be', () => {
  fc.assert(fc.property(encoded, peer, check), { numRuns: RUNS });
});

test('torn and damaged queries are answered or left, and nothing throws', () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 });
  fc.assert(
    fc.property(
      encoded,
      damage,
      fc.nat(),
      fc.uint8Array({ maxLength: 12 }),
      peer,
      (bytes, changes, cut, tail, from) => {
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        check(Buffer.concat([bytes.subarray(0, cut % (bytes.length + 1)), tail]), from);
        check(Buffer.concat([bytes, tail]), from);
      },
    ),
    { numRuns: RUNS },
  );
});

test('random bytes behind any header are answered or left', () => {
  const header = fc.tuple(
    fc.nat(65_535),
    fc.constantFrom(0, 0x0100, 0x8000, 0x2000),
    fc.nat(3),
    fc.nat(3),
    fc.nat(3),
    fc.nat(65_535),
  );
  fc.assert(
    fc.property(header, fc.uint8Array({ maxLength: 600 }), peer, (words, rest, from) => {
      const bytes = Buffer.alloc(12);
      for (const [i, word] of words.entries()) bytes.writeUInt16BE(word, 2 * i);
      check(Buffer.concat([bytes, rest]), from);
    }),
    { numRuns: RUNS },
  );
});
