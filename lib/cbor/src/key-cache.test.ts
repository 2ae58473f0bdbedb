import { expect, test } from 'vitest';
import { CborDecoder } from './cbor-decoder.ts';
import { CborEncoder } from './cbor-encoder.ts';

const encoder = new CborEncoder();

test('more keys than are remembered, of any length and script, are read as they are', () => {
  const decoder = new CborDecoder();
  const objectOf = (salt: number): Record<string, number> =>
    Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`${'ключ'.repeat(i % 5)}${i * salt}`, i]));
  for (const salt of [1, 7, 1]) expect(decoder.decode(encoder.encode(objectOf(salt)))).toEqual(objectOf(salt));
});

test('keys that begin alike are told apart, in whatever order they come', () => {
  const decoder = new CborDecoder();
  const objects = [
    { ab: 1, abc: 2 },
    { abc: 1, ab: 2 },
    { ab: 1, abd: 2 },
    { '': 1, a: 2 },
    { a: { ab: 1 }, abc: 2 },
  ];
  for (let round = 0; round < 3; round += 1) {
    for (const object of objects)
      expect(Object.entries(decoder.decode(encoder.encode(object)) as object)).toEqual(Object.entries(object));
  }
});

test('after bytes that were refused the next are read as if nothing had been', () => {
  const decoder = new CborDecoder();
  const bytes = encoder.encode({ a: [{ b: 1 }], c: 2 });
  for (let cut = 1; cut < bytes.length; cut += 1) {
    expect(() => decoder.decode(bytes.subarray(0, cut))).toThrow('ends too early');
    expect(decoder.decode(bytes)).toEqual({ a: [{ b: 1 }], c: 2 });
  }
});
