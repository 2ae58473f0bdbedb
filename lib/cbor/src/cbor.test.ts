import { expect, test } from 'vitest';
import { decodeCbor, decodeCborSequence } from './decode-cbor.ts';
import { CBOR_DEPTH_MAX, CborEncoder } from './cbor-encoder.ts';

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
  check('ff', 'break outside');
  check('82ff', 'ends too early');
  check('8200ff', 'break inside');
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
  check('81'.repeat(CBOR_DEPTH_MAX + 1), 'nest more than');
  check('9f'.repeat(100_000), 'nest more than');
  check('c1'.repeat(100_000), 'nest more than');
});

test('a key that would change the prototype is left out', () => {
  const object = decodeCbor(hex(`a2 69 ${Buffer.from('__proto__').toString('hex')} a1616101 616201`)) as object;
  expect(object).toEqual({ b: 1 });
  expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
});

test('what has no plain form is refused by name', () => {
  const cycle: unknown[] = [];
  cycle.push(cycle);
  const check = (value: unknown, why: string): void => expect(() => encoder.encode(value)).toThrow(why);
  check(() => 1, 'a function');
  check({ deep: [Symbol('x')] }, 'a symbol');
  check(new TypeError('x'), 'TypeError');
  check(/x/, 'RegExp');
  check(Promise.resolve(), 'Promise');
  check(new Float64Array(2), 'bytes that are not a Uint8Array');
  check(cycle, 'or a cycle');
  expect(encoder.encode(1).toString('hex')).toBe('01');
});

test('a sequence holds any number of values', () => {
  const values = [1, 'two', { three: 3 }];
  const bytes = Buffer.concat(values.map((value) => encoder.encode(value)));
  expect(decodeCborSequence(bytes)).toEqual(values);
  expect(decodeCborSequence(new Uint8Array())).toEqual([]);
});
