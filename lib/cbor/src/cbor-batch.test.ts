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
