import { ERROR_CODES, type ErrorCode, OperatingError } from '@plumb/base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeCborSequence } from './decode-cbor.ts';
import { CborDecoder } from './cbor-decoder.ts';
import { CborEncoder } from './cbor-encoder.ts';

const encoder = new CborEncoder();
/** Kept from one value to the next, as a connection keeps it. */
const decoder = new CborDecoder();
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
      fc.uint8ClampedArray(),
      fc.int8Array(),
      fc.int16Array(),
      fc.uint16Array(),
      fc.int32Array(),
      fc.uint32Array(),
      fc.float32Array(),
      fc.float64Array(),
      fc.bigInt64Array(),
      fc.bigUint64Array(),
    ),
    fc.array(tie('value')),
    fc.dictionary(key, tie('value'), { noNullPrototype: true }),
    fc.array(fc.tuple(tie('value'), tie('value'))).map((pairs) => new Map(pairs)),
    fc.array(tie('value')).map((items) => new Set(items)),
    fc
      .record({
        code: fc.constantFrom(...(Object.keys(ERROR_CODES) as ErrorCode[])),
        message: fc.string(),
        details: fc.option(fc.dictionary(key, tie('value'), { noNullPrototype: true }), { nil: undefined }),
        cause: fc.option(
          fc.oneof(
            fc.string(),
            fc.string().map((text) => new RangeError(text)),
          ),
          { nil: undefined },
        ),
      })
      .map(({ code, message, ...more }) => new OperatingError(code, message, more)),
  ),
})).value;

test('any plain value comes back as it was', () => {
  fc.assert(
    fc.property(plain, (value) => {
      const bytes = encoder.encode(value);
      expect(decodeCborSequence(bytes)).toEqual([value]);
      expect(decoder.decodeSequence(bytes)).toEqual([value]);
    }),
  );
});

// Goal: no bytes crash the reader. Method: random bytes, and good bytes with some of them changed or cut off.
test('any bytes are read or refused', () => {
  const read = (bytes: Uint8Array): void => {
    try {
      decoder.decodeSequence(bytes);
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

// Goal: the path of a fault is found wherever it lies. Method: a fault put at a random place of a random value.
test('a value with a fault in it is refused with its path', () => {
  const step = fc.oneof(fc.nat({ max: 3 }), fc.constantFrom('a', 'b'));
  fc.assert(
    fc.property(plain, fc.array(step, { maxLength: 6 }), (value, path) => {
      const wrap = (inner: unknown, at: string | number): unknown =>
        typeof at === 'number' ? [...Array.from({ length: at }, () => value), inner] : { other: value, [at]: inner };
      const faulty = path.reduceRight(wrap, () => 'a function' as unknown);
      const text = path.map((at, i) => (typeof at === 'number' ? `[${at}]` : i === 0 ? at : `.${at}`)).join('');
      const error = caught(() => encoder.encode(faulty));
      expect(error).toMatchObject({ code: 'invalid', details: { path: text } });
      expect(encoder.encode(value)).toEqual(encoder.encode(value));
    }),
  );
});

function caught(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}
