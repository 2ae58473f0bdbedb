// Tests of both codecs. The judge of the wire is protobufjs.
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { fromJson, JsonError, toJson } from './json-codec.ts';
import { enumeration, field, message, type Received, repeated } from './message-type.ts';
import { decodeMessage, encodeMessage, sizeOfMessage } from './wire-codec.ts';
import { WireError } from './wire-reader.ts';

const color = enumeration('RED', 'GREEN', 'BLUE');
const inner = message({ some_text: field(1, 'string'), flag: field(2, 'bool') });
const outer = message({
  raw: field(1, 'bytes'),
  count: field(2, 'int64'),
  ID: field(3, 'id64'),
  big: field(4, 'uint64'),
  color: field(5, color),
  colors: repeated(6, color),
  inner: field(7, inner),
  list: repeated(8, inner),
  blobs: repeated(9, 'bytes'),
  far_away: field(300, 'int64'),
});

const { root } = protobuf.parse(
  `syntax = "proto3"; enum Color { RED = 0; GREEN = 1; BLUE = 2; }
   message Inner { string some_text = 1; bool flag = 2; }
   message Outer { bytes raw = 1; int64 count = 2; int64 ID = 3; uint64 big = 4; Color color = 5;
     repeated Color colors = 6; Inner inner = 7; repeated Inner list = 8; repeated bytes blobs = 9; int64 far_away = 300; }`,
  { keepCase: true },
);
const judge = root.lookupType('Outer');

const innerValue = fc.record({ some_text: fc.string({ unit: 'grapheme' }), flag: fc.boolean() });
const bytes = fc.uint8Array({ maxLength: 200 });
const anyColor = fc.constantFrom('RED' as const, 'GREEN' as const, 'BLUE' as const);
const anyOuter: fc.Arbitrary<Received<typeof outer>> = fc.record({
  raw: bytes,
  count: fc.oneof(fc.maxSafeInteger(), fc.integer()),
  ID: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  big: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  color: anyColor,
  colors: fc.array(anyColor),
  inner: fc.option(innerValue, { nil: undefined }),
  list: fc.array(innerValue),
  blobs: fc.array(bytes),
  far_away: fc.maxSafeInteger(),
});

test('what is written is what protobufjs reads, and what it writes is read', () => {
  fc.assert(
    fc.property(anyOuter, (value) => {
      const encoded = encodeMessage(outer, value);
      expect(sizeOfMessage(outer, value)).toBe(encoded.byteLength);
      const read = judge.decode(encoded);
      expect(judge.toObject(read, { longs: String, enums: String, bytes: String })).toEqual(toJson(outer, value));
      expect(plain(decodeMessage(outer, judge.encode(read).finish()))).toEqual(plain(value));
    }),
  );
});

test('JSON is read as it was written, and by either casing of names', () => {
  fc.assert(
    fc.property(anyOuter, (value) => {
      const json: unknown = JSON.parse(JSON.stringify(toJson(outer, value)));
      expect(plain(fromJson(outer, json))).toEqual(plain(value));
    }),
  );
  expect(fromJson(outer, { farAway: 7, color: 2, inner: { someText: 'x' }, ID: '-1', count: null })).toMatchObject({
    far_away: 7,
    color: 'BLUE',
    inner: { some_text: 'x', flag: false },
    ID: -1n,
    count: 0,
  });
});

test('bytes that are no message are refused, never taken for one of another length', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
      try {
        decodeMessage(outer, noise);
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    }),
  );
  const whole = encodeMessage(outer, { raw: Buffer.from('abc'), inner: { some_text: 'abc' } });
  for (const cut of [1, 2, 3, 4, 6, 8, 11]) {
    expect(() => decodeMessage(outer, whole.subarray(0, cut))).toThrow(WireError);
  }
});

test('unknown fields of every wire type are skipped', () => {
  const unknown = Buffer.from([0x50, 0x01, 0x59, 1, 2, 3, 4, 5, 6, 7, 8, 0x62, 2, 9, 9, 0x6d, 1, 2, 3, 4]);
  const known = encodeMessage(outer, { count: 7 });
  expect(decodeMessage(outer, Buffer.concat([unknown, known]))).toMatchObject({ count: 7 });
});

test('JSON that is not the message is refused with its place', () => {
  const check = (value: unknown, text: string): void => {
    expect(() => fromJson(outer, value)).toThrow(JsonError);
    expect(() => fromJson(outer, value)).toThrow(text);
  };
  check([], 'the body is [], not an object');
  check({ inner: { sometext: 1 } }, 'unknown field "inner.sometext"');
  check({ inner: 1 }, '"inner" is 1, not an object');
  check({ list: [{}, { flag: 'yes' }] }, '"list[1].flag" is "yes", not true or false');
  check({ raw: 'a b' }, '"raw" is "a b", not bytes in base64');
  check({ count: 1.5 }, '"count" is 1.5, not a whole number');
  check({ colors: 'RED' }, '"colors" is "RED", not a list');
  check({ color: 'PINK' }, 'not one of RED, GREEN, BLUE');
});

/** Byte arrays of every kind are one kind. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
}
