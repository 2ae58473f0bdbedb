import { expect, test } from 'vitest';
import { ByteReader, ByteWriter } from './bytes.ts';
import { COLUMN_NUMBER_MAX, decodeIntegerColumn, encodeIntegerColumn } from './integer-column.ts';

function encoded(numbers: readonly number[]): Uint8Array {
  const out = new ByteWriter();
  encodeIntegerColumn(Float64Array.from(numbers), numbers.length, out);
  return out.copy();
}

function decoded(bytes: Uint8Array, count: number): number[] {
  const numbers = new Float64Array(count);
  decodeIntegerColumn(new ByteReader(bytes), count, numbers, 0);
  return [...numbers];
}

test('the example of docs/formats/tsdb.md is what is written', () => {
  expect(Buffer.from(encoded([1_000, 1_015, 1_030, 1_045])).toString('hex')).toBe('d00f1e401e000000');
});

test('steady numbers take no bits, whatever their first is', () => {
  const steady = Array.from({ length: 1_000 }, (_, i) => 1_760_000_000_000 + i * 15_000);
  expect(encoded(steady).length).toBeLessThan(48);
  expect(decoded(encoded(steady), 1_000)).toEqual(steady);
});

test('the largest swings that are allowed are exact', () => {
  const swings = Array.from(
    { length: 300 },
    (_, i) => (i % 2 === 0 ? COLUMN_NUMBER_MAX : -COLUMN_NUMBER_MAX) + (i % 7),
  );
  const within = swings.map((number) => Math.max(-COLUMN_NUMBER_MAX, Math.min(COLUMN_NUMBER_MAX, number)));
  expect(decoded(encoded(within), 300)).toEqual(within);
});

test('a column that ends too early is a range error', () => {
  const bytes = encoded(Array.from({ length: 300 }, (_, i) => (i * 7_919) % 1_000));
  expect(() => decoded(bytes.subarray(0, bytes.length - 4), 300)).toThrow(RangeError);
});
