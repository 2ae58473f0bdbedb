import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bitsOf } from './bytes.ts';
import { CHUNK_SAMPLES_MAX, type Columns, decodeChunk, encodeChunk } from './chunk.ts';
import { isStale, setStale } from './stale.ts';

/** Any 64 bits, with those that tend to break codecs made common. */
const anyBits = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(0x7ff0000000000002n, 0x7ff8000000000001n, 0xfff0000000000003n, 1n << 63n, 0x7ff0000000000000n, 1n),
);
const decimal = fc
  .tuple(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.integer({ min: 0, max: 17 }))
  .map(([n, e]) => n / 10 ** e);
const valueBits = fc.oneof(
  { weight: 6, arbitrary: decimal.map(bitsOfNumber) },
  { weight: 1, arbitrary: fc.double().map(bitsOfNumber) },
  { weight: 1, arbitrary: anyBits },
);
const gap = fc.oneof(fc.constant(15_000), fc.integer({ min: 1, max: 60_000 }), fc.integer({ min: 1, max: 2 ** 45 }));
const sample = fc.tuple(gap, valueBits);

function bitsOfNumber(value: number): bigint {
  return new BigUint64Array(Float64Array.of(value).buffer)[0] ?? 0n;
}

function expectRoundTrip(times: Float64Array, values: Float64Array): void {
  const chunk = encodeChunk({ times, values });
  expectSame(decodeChunk(chunk), { times, values });
  // As it lies in a log record: a view of a larger Buffer, at any address.
  const within = Buffer.concat([Buffer.from('odd'), chunk, Buffer.from('end')]).subarray(3, 3 + chunk.length);
  expectSame(decodeChunk(within), { times, values });
}

function expectSame(back: Columns, { times, values }: Columns): void {
  expect(back.times).toEqual(times);
  expect(Buffer.compare(Buffer.from(bitsOf(back.values).buffer), Buffer.from(bitsOf(values).buffer))).toBe(0);
}

test('every run of float64 values and ascending times comes back with the same bits', () => {
  fc.assert(
    fc.property(
      fc.array(sample, { minLength: 1, maxLength: 300 }),
      fc.integer({ min: 0, max: 2 ** 48 }),
      (run, start) => {
        let at = start;
        const times = Float64Array.from(run, ([step]) => {
          if (at + step <= 2 ** 50) at += step;
          return at;
        });
        const values = new Float64Array(BigUint64Array.from(run, ([, bits]) => bits).buffer);
        expectRoundTrip(times, values);
      },
    ),
    { numRuns: 300 },
  );
});

test('runs of one kind of value, as real series are, come back with the same bits', () => {
  const kinds = fc.oneof(
    fc.record({
      scale: fc.constantFrom(1, 10, 1_000, 1e6),
      step: fc.integer({ min: 0, max: 1e6 }),
      start: fc.integer(),
    }),
    fc.record({ scale: fc.constantFrom(3, 7, 1 / 3), step: fc.integer({ min: 0, max: 1e9 }), start: fc.integer() }),
  );
  fc.assert(
    fc.property(
      kinds,
      fc.integer({ min: 1, max: CHUNK_SAMPLES_MAX }),
      fc.boolean(),
      ({ scale, step, start }, count, ends) => {
        const times = Float64Array.from({ length: count }, (_, i) => 1_760_000_000_000 + i * 15_000);
        const values = Float64Array.from({ length: count }, (_, i) => (start + i * step) / scale);
        if (ends) setStale(values, count - 1);
        expectRoundTrip(times, values);
        expect(isStale(decodeChunk(encodeChunk({ times, values })).values, count - 1)).toBe(ends);
      },
    ),
    { numRuns: 100 },
  );
});

test('bytes that are not a chunk are refused with an error, whatever they are', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        decodeChunk(bytes);
      } catch (error) {
        expect(error).toMatchObject({ name: 'OperatingError', code: 'internal' });
      }
    }),
  );
});
