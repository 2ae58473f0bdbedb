import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteReader, ByteWriter } from './bytes.ts';
import { decodePostings, encodePostings } from './postings.ts';

function roundTrip(
  list: readonly number[],
  countMax: number,
): { readonly found: number[]; readonly sizeBytes: number } {
  const out = new ByteWriter();
  encodePostings(list, out);
  return { found: [...decodePostings(new ByteReader(out.view()), countMax)], sizeBytes: out.size };
}

test('a list of series comes back as it was, dense or sparse', () => {
  const sparse = fc.uniqueArray(fc.nat(2 ** 32 - 2), { maxLength: 300 });
  const dense = fc.uniqueArray(fc.nat(400), { maxLength: 300 });
  fc.assert(
    fc.property(fc.oneof(sparse, dense), (numbers) => {
      const list = numbers.toSorted((a, b) => a - b);
      expect(roundTrip(list, 2 ** 32 - 1).found).toEqual(list);
    }),
  );
});

test('neighbours take a few bytes, however many they are', () => {
  const list = Array.from({ length: 100_000 }, (_, i) => i + 1_000);
  expect(roundTrip(list, 200_000).sizeBytes).toBeLessThan(10);
});

test('bytes that name a series that is not there are refused', () => {
  expect(() => roundTrip([1, 2, 50], 50)).toThrow(RangeError);
  expect(() => roundTrip([0, 1, 2, 3, 4], 4)).toThrow(RangeError);
});
