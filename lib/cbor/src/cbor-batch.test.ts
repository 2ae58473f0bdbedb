import { expect, test } from 'vitest';
import { CborBatch } from './cbor-batch.ts';
import { CborEncoder } from './cbor-encoder.ts';
import { decodeCborSequence } from './decode-cbor.ts';

const head = Buffer.from('M');
const read = (batch: Buffer): unknown[] => {
  expect(batch.subarray(0, head.length)).toEqual(head);
  return decodeCborSequence(batch.subarray(head.length));
};

test('a batch holds what was added since the one before, behind its head', () => {
  const batch = new CborBatch({ head, sizeBytesMax: 1_000 });
  expect(batch.sizeBytes).toBe(0);
  expect(batch.add('one') + batch.add({ two: 2 })).toBe(batch.sizeBytes);
  const first = batch.take();
  batch.add(3);
  expect([read(first), read(batch.take()), read(batch.take())]).toEqual([['one', { two: 2 }], [3], []]);
});

test('what was taken stays as it is while the next are written, whatever their sizes', () => {
  const batch = new CborBatch({ head, sizeBytesMax: 1_000_000 });
  const values = Array.from({ length: 300 }, (_, i) => 'x'.repeat((i * 7_919) % 40_000));
  const taken = values.map((value) => {
    batch.add(value);
    batch.add('end');
    return batch.take();
  });
  expect(taken.map(read)).toEqual(values.map((value) => [value, 'end']));
});

test('a value that is refused or taken out again leaves no trace', () => {
  const batch = new CborBatch({ head, sizeBytesMax: 100_000 });
  batch.add('kept');
  expect(() => batch.add(['begun', isNaN])).toThrow('[1]: CBOR cannot carry a function');
  expect(() => batch.add(new Uint8Array(200_000))).toThrow('at most 100000 can be written');
  batch.removeLast(batch.add('regretted'));
  expect(read(batch.take())).toEqual(['kept']);
});

test('a value that is encoded already is added as a field', () => {
  const batch = new CborBatch({ head, sizeBytesMax: 1_000 });
  const encoded = new CborEncoder().encode([1, { two: 2 }]);
  const wide = Object.fromEntries(Array.from({ length: 23 }, (_, i) => [`key${i}`, i]));
  batch.addWith({ id: 7 }, 'value', encoded);
  batch.addWith({}, 'value', encoded);
  batch.addWith(wide, 'value', encoded);
  expect(() => batch.addWith({ id: isNaN }, 'value', encoded)).toThrow('id: CBOR cannot carry a function');
  const value = [1, { two: 2 }];
  expect(read(batch.take())).toEqual([{ id: 7, value }, { value }, { ...wide, value }]);
});

test('what was given back is written over, and nothing else is', () => {
  const batch = new CborBatch({ head: Buffer.of(1), sizeBytesMax: 10_000_000 });
  const take = (fill: number, sizeBytes: number): Buffer => {
    batch.add({ bytes: Buffer.alloc(sizeBytes, fill), after: 'x'.repeat(100) });
    return batch.take();
  };
  const valueOf = (taken: Buffer): unknown => decodeCborSequence(taken.subarray(1))[0];
  const expected = (fill: number, sizeBytes: number): unknown => ({
    bytes: new Uint8Array(sizeBytes).fill(fill),
    after: 'x'.repeat(100),
  });
  const [first, second] = [take(1, 500_000), take(2, 500_000)];
  batch.reuse(first);
  const [third, fourth] = [take(3, 500_000), take(4, 500_000)];
  expect(third.buffer).toBe(first.buffer);
  expect([second, third, fourth].map(valueOf)).toEqual([2, 3, 4].map((fill) => expected(fill, 500_000)));
  // Neither too small a buffer, nor one of which a small batch would keep most for nothing.
  batch.reuse(second);
  expect(valueOf(take(5, 900_000))).toEqual(expected(5, 900_000));
  batch.reuse(third);
  expect(take(6, 100_000).buffer.byteLength).toBeLessThan(150_000);
  // Small ones share a buffer, which stays as it is.
  const small = take(7, 100);
  batch.reuse(small);
  for (let i = 0; i < 100; i += 1) take(8, 1_000);
  expect(valueOf(small)).toEqual(expected(7, 100));
});
