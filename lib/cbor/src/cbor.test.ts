import { expect, test } from 'vitest';
import { decodeCbor, decodeCborSequence } from './decode-cbor.ts';
import { CborDecoder } from './cbor-decoder.ts';
import { CborEncoder } from './cbor-encoder.ts';
import { PLAIN_DEPTH_MAX } from './plain-limits.ts';

const encoder = new CborEncoder();
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

test('every value comes back as it was', () => {
  const check = (...values: unknown[]): void => {
    for (const value of values) expect(decodeCbor(encoder.encode(value))).toEqual(value);
  };
  check(null, undefined, true, [], {}, [undefined, 1], { a: { b: [{ c: null }] } });
  check(0, -0, -0.5, 2 ** 53, 1e300, Number.NaN, -Infinity, 12n, -(2n ** 200n), 2n ** 64n);
  check('', 'zażółć 🙂 \u0000', 'x'.repeat(70_000), new Uint8Array([0, 255, 7]), new Uint8Array(100_000).fill(3));
  check(new Date(1_760_000_000_123), new Set([1, 'two', null]), new Map([[2, new Map([[new Date(0), 'b']])]]));
});

test('it writes and reads the examples of RFC 8949, appendix A', () => {
  const check = (bytes: string, value: unknown): void => {
    expect(decodeCbor(hex(bytes))).toEqual(value);
    expect(encoder.encode(value).toString('hex')).toBe(bytes);
  };
  check('00', 0);
  check('17', 23);
  check('1818', 24);
  check('1903e8', 1_000);
  check('1a000f4240', 1_000_000);
  check('1b000000e8d4a51000', 1_000_000_000_000);
  check('c249010000000000000000', 18_446_744_073_709_551_616n);
  check('c349010000000000000000', -18_446_744_073_709_551_617n);
  check('20', -1);
  check('3903e7', -1_000);
  check('fb3ff199999999999a', 1.1);
  check('f6', null);
  check('f7', undefined);
  check('c11a514b67b0', new Date('2013-03-21T20:04:00Z'));
  check('4401020304', new Uint8Array([1, 2, 3, 4]));
  check('62225c', '"\\');
  check('62c3bc', 'ü');
  check('64f0908591', '𐅑');
  check('8301820203820405', [1, [2, 3], [4, 5]]);
  check('a26161016162820203', { a: 1, b: [2, 3] });
});

test('it reads what other languages write: half floats, indefinite lengths, dates as text, 64-bit integers', () => {
  const check = (bytes: string, value: unknown): void => expect(decodeCbor(hex(bytes))).toEqual(value);
  check('f93c00', 1);
  check('f97bff', 65_504);
  check('f90001', 5.960464477539063e-8);
  check('f9fc00', -Infinity);
  check('fa47c35000', 100_000);
  check('1bffffffffffffffff', 18_446_744_073_709_551_615n);
  check('3bffffffffffffffff', -18_446_744_073_709_551_616n);
  check('c074323031332d30332d32315432303a30343a30305a', new Date('2013-03-21T20:04:00Z'));
  check('5f42010243030405ff', new Uint8Array([1, 2, 3, 4, 5]));
  check('7f657374726561646d696e67ff', 'streaming');
  check('9f018202039f0405ffff', [1, [2, 3], [4, 5]]);
  check('bf6346756ef563416d7421ff', { Fun: true, Amt: -2 });
  check('d9d9f700', 0);
});

test('bytes of an enemy are refused before anything is made of them', () => {
  const check = (bytes: string, why: string): void => expect(() => decodeCbor(hex(bytes))).toThrow(why);
  check('', 'exactly one value');
  check('0000', 'exactly one value');
  check('1a0000', 'ends too early');
  check('9affffffff', 'ends too early'); // A list of four milliards.
  check('9b001fffffffffffff', 'ends too early');
  check('9b0020000000000000', 'length is out of range');
  check('baffffffff00', 'ends too early');
  check('5b7fffffffffffffff', 'length is out of range');
  check('ff', 'break where a value');
  check('82ff', 'ends too early');
  check('8200ff', 'break where a value');
  check('a1ff00', 'break where a value');
  check('a100', 'ends too early');
  check('a1f600', 'keys of an object');
  check('5f6161ff', 'something else');
  check('1c', 'length is not known');
  check('f8ff', 'simple value');
  check('c1 6161', 'date must be a number');
  check('c2 f6', 'big integer must be bytes');
  check(`c2 590800 ${'ff'.repeat(2_048)}`, 'more than 1024 bytes');
  check('d9010201', 'set must hold a list');
  check('d9010301', 'map must hold pairs');
  check('d81b83 66526567457870 6161 6167', 'tag 27'); // "Make this object": code by another name.
  check('d823 62612b', 'tag 35'); // A regular expression: one of them can keep a processor busy for ever.
  check('d845 43000000', 'ends within a number');
  check('d845 820001', 'typed array must be bytes');
  check('da63740203 80', 'error must hold fields');
  check('81'.repeat(PLAIN_DEPTH_MAX + 1), 'nest more than');
  check('9f'.repeat(100_000), 'nest more than');
  check('d9d9f7'.repeat(100_000), 'nest more than');
  check('da63740203a1656572726f72'.repeat(100_000), 'nest more than');
  check('c1'.repeat(100_000), 'date must be a number');
});

test('a key that would change the prototype is left out', () => {
  const object = decodeCbor(hex(`a2 69 ${Buffer.from('__proto__').toString('hex')} a1616101 616201`)) as object;
  expect(object).toEqual({ b: 1 });
  expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
});

test('what nests as deep as it may, in any way, is read as it was written', () => {
  const check = (wrap: (value: unknown) => unknown, levels: number): void => {
    const nested = (depth: number): unknown => (depth === 0 ? 'innermost' : wrap(nested(depth - 1)));
    expect(decodeCbor(encoder.encode(nested(PLAIN_DEPTH_MAX / levels)))).toEqual(nested(PLAIN_DEPTH_MAX / levels));
    expect(() => encoder.encode(nested(PLAIN_DEPTH_MAX / levels + 1))).toThrow(`more than ${PLAIN_DEPTH_MAX} deep`);
  };
  check((value) => [value], 1);
  check((value) => ({ value }), 1);
  check((value) => new Set([value]), 1);
  check((value) => new Map([['key', value]]), 1);
  check((value) => new Map([[value, 'value']]), 1);
  check((value) => [{ value }], 2);
});

test('a list of numbers in the other byte order is read', () => {
  const check = (bytes: string, value: unknown): void => expect(decodeCbor(hex(bytes))).toStrictEqual(value);
  check('d840 42 0102', Uint8Array.of(1, 2));
  check('d841 44 0001ffff', Uint16Array.of(1, 65_535));
  check('d842 48 00000001ffffffff', Uint32Array.of(1, 4_294_967_295));
  check('d84d 44 feff0300', Int16Array.of(-2, 3));
  check('d843 48 0000000000000001', BigUint64Array.of(1n));
  check('d850 42 3e00', Float16Array.of(1.5));
  check('d851 44 3fc00000', Float32Array.of(1.5));
  check('d852 48 3ff199999999999a', Float64Array.of(1.1));
  check('d852 5f 44 3ff19999 44 9999999a ff', Float64Array.of(1.1));
});

test('lists of numbers of all sizes, with anything between them, are read as they are, and no further than the bytes', () => {
  const numbers = [
    0,
    23,
    24,
    255,
    256,
    65_535,
    65_536,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53 - 1,
    1.5,
    -0,
    -1,
    -300,
    Number.NaN,
  ];
  const lists = [numbers, [...numbers, null, ...numbers, 'text', [1], ...numbers], ['text', ...numbers, ...numbers]];
  for (const list of lists) {
    const long = [...list, ...list, ...list];
    const bytes = encoder.encode(long);
    expect(decodeCbor(bytes)).toEqual(long);
    for (let cut = 3; cut < bytes.length; cut += 1)
      expect(() => decodeCbor(bytes.subarray(0, cut))).toThrow('too early');
  }
});

test('a view of a part of a buffer is written as that part, and comes back as a buffer of its own', () => {
  const numbers = Float64Array.from({ length: 8 }, (_, i) => i).subarray(2, 4);
  const copy = decodeCbor(encoder.encode(numbers)) as Float64Array;
  expect(copy).toStrictEqual(Float64Array.of(2, 3));
  expect(copy.buffer.byteLength).toBe(16);
  expect(decodeCbor(encoder.encode(new Uint8Array([1, 2, 3]).buffer))).toStrictEqual(Uint8Array.of(1, 2, 3));
  expect(decodeCbor(encoder.encode(Buffer.from([1, 2])))).toStrictEqual(Uint8Array.of(1, 2));
});

test('what is shared within a value is copied', () => {
  const shared = { list: [1] };
  const [a, b] = decodeCbor(encoder.encode([shared, shared])) as (typeof shared)[];
  expect([a, b]).toEqual([shared, shared]);
  expect(a).not.toBe(b);
});

test('fields that somebody added to the prototype of all objects are not written', () => {
  Object.defineProperty(Object.prototype, 'polluted', { value: 1, enumerable: true, configurable: true });
  let written: Buffer;
  try {
    written = encoder.encode({ a: 1 });
  } finally {
    delete (Object.prototype as { polluted?: unknown }).polluted;
  }
  expect(written.toString('hex')).toBe('a1616101');
  const inherits: unknown = Object.create(Object.assign(Object.create(null), { inherited: 1 }));
  expect(encoder.encode(Object.assign(inherits as object, { a: 1 })).toString('hex')).toBe('a1616101');
});

test('bytes that were returned stay what they are while more is encoded', () => {
  const values = Array.from({ length: 200 }, (_, i) => ({ i, text: 'ü'.repeat(i * i) }));
  const all = values.map((value) => encoder.encode(value));
  expect(all.map((bytes) => decodeCbor(bytes))).toEqual(values);
  const large = new Uint8Array(300_000).fill(7);
  expect(decodeCbor(encoder.encode([large, values]))).toEqual([large, values]);
  expect(() => encoder.encode(new Uint8Array(70_000_000))).toThrow('at most 67108864 can be written');
});

test('a sequence holds any number of values', () => {
  const values = [1, 'two', { three: 3 }];
  const bytes = Buffer.concat(values.map((value) => encoder.encode(value)));
  expect(decodeCborSequence(bytes)).toEqual(values);
  expect(decodeCborSequence(new Uint8Array())).toEqual([]);
});

test('a large byte string is a view where that is asked for and keeps little else; all others are copies', () => {
  const decoder = new CborDecoder({ viewBytesMin: 1_000 });
  const bytesOf = (encoded: Buffer): Uint8Array => (decoder.decode(encoded) as { bytes: Uint8Array }).bytes;
  const own = (value: unknown): Buffer => {
    const encoded = encoder.encode(value);
    return Buffer.from(new Uint8Array(encoded).buffer);
  };
  const large = own({ before: 1, bytes: Buffer.alloc(1_000, 7), after: 2 });
  const view = bytesOf(large);
  expect(view).toEqual(new Uint8Array(1_000).fill(7));
  expect(view.buffer).toBe(large.buffer);
  expect(view.constructor).toBe(Uint8Array);
  expect(bytesOf(own({ bytes: Buffer.alloc(999, 7) })).buffer.byteLength).toBe(999);
  expect(bytesOf(own({ bytes: Buffer.alloc(1_000), more: Buffer.alloc(1_000) })).buffer.byteLength).toBe(1_000);
  // A small part of a large piece of memory.
  const piece = Buffer.concat([large, Buffer.alloc(2_000)]);
  expect(bytesOf(piece.subarray(0, large.length)).buffer.byteLength).toBe(1_000);
  // What has a tag is aligned, so it is a copy; so is everything else for whoever does not ask.
  const numbers = decoder.decode(own(new Float64Array(1_000).fill(0.5))) as Float64Array;
  expect([numbers.byteOffset, numbers[999]]).toEqual([0, 0.5]);
  expect((new CborDecoder().decode(large) as { bytes: Uint8Array }).bytes.buffer.byteLength).toBe(1_000);
  // It is still refused where the bytes end too early.
  expect(() => decoder.decode(large.subarray(0, 900))).toThrow('it ends too early');
});
