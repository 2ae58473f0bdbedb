import { OperatingError } from '@plumb/base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeCborSequence } from './decode-cbor.ts';
import { CborEncoder } from './cbor-encoder.ts';

const encoder = new CborEncoder();
const key = fc.string().filter((text) => text !== '__proto__');
const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      fc.integer(),
      fc.double(),
      fc.bigInt(),
      fc.string({ unit: 'binary' }),
      fc.boolean(),
      fc.constantFrom(null, undefined),
      fc.date({ noInvalidDate: true, min: new Date('1900-01-01'), max: new Date('2200-01-01') }),
      fc.uint8Array(),
    ),
    fc.array(tie('value')),
    fc.dictionary(key, tie('value'), { noNullPrototype: true }),
    fc.array(fc.tuple(tie('value'), tie('value'))).map((pairs) => new Map(pairs)),
    fc.array(tie('value')).map((items) => new Set(items)),
  ),
})).value;

test('any plain value comes back as it was', () => {
  fc.assert(
    fc.property(plain, (value) => {
      expect(decodeCborSequence(encoder.encode(value))).toEqual([value]);
    }),
  );
});

// Goal: no bytes crash the reader. Method: random bytes, and good bytes with some of them changed or cut off.
test('any bytes are read or refused', () => {
  const read = (bytes: Uint8Array): void => {
    try {
      decodeCborSequence(bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(OperatingError);
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), read), { numRuns: 500 });
  const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(plain, fc.array(change, { maxLength: 5 }), fc.nat(), (value, changes, cut) => {
      const bytes = encoder.encode(value);
      for (const [position, byte] of changes) bytes[position % bytes.length] = byte;
      read(bytes.subarray(0, bytes.length - (cut % 3)));
    }),
    { numRuns: 500 },
  );
});
