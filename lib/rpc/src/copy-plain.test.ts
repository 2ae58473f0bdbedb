import { OperatingError } from '@plumb/base';
import { CborEncoder, decodeCbor } from '@plumb/cbor';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { copyPlain } from './copy-plain.ts';

const encoder = new CborEncoder();

class Money {
  readonly amount = 1;
}

async function* generate(): AsyncGenerator<number> {
  yield 1;
}

const leaf = fc.oneof(
  fc.anything({ withBigInt: true, withMap: true, withSet: true, withTypedArray: true }),
  fc.date({ min: new Date('-010000-01-01'), max: new Date('+010000-01-01') }),
  fc.constantFrom<unknown>(undefined, -0, new ArrayBuffer(3), Buffer.from('ab'), new URL('http://127.0.0.1'), /x/),
  fc.constantFrom<unknown>(Symbol('x'), isNaN, new Money(), generate(), { [Symbol.asyncIterator]: generate }),
  fc.constantFrom<unknown>(new DataView(new ArrayBuffer(1)), Promise.resolve(), new String('boxed'), 2n ** 9_000n),
  fc
    .tuple(fc.string(), fc.anything({ withNullPrototype: true }))
    .map(([text, any]) => new OperatingError('conflict', text, { details: { any }, cause: new TypeError(text) })),
);

// Goal: a value arrives the same in process and over a socket. Method: whatever it is, the copy is what CBOR makes of it,
// or both refuse it with the same path.
test('a copy is what would have crossed a socket, and what would not is refused alike', () => {
  const outcomeOf = (carry: (value: unknown) => unknown, value: unknown): unknown => {
    try {
      return { value: carry(value) };
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      return { code: error.code, details: error.details, message: error.message.replace(/CBOR|RPC/g, 'it') };
    }
  };
  fc.assert(
    fc.property(fc.oneof(leaf, fc.array(leaf, { maxLength: 3 }), fc.dictionary(fc.string(), leaf)), (value) => {
      const crossed = outcomeOf((plain) => decodeCbor(encoder.encode(plain)), value);
      expect(outcomeOf(copyPlain, value)).toStrictEqual(crossed);
    }),
    { numRuns: 500 },
  );
});

test('nothing of a copy is shared', () => {
  const value = {
    list: [1],
    bytes: Uint8Array.of(1),
    at: new Date(0),
    map: new Map([['k', [1]]]),
    floats: Float32Array.of(1),
  };
  const copy = copyPlain(value);
  expect(copy).toStrictEqual(value);
  value.list.push(2);
  value.bytes[0] = 9;
  value.at.setTime(1);
  value.map.get('k')?.push(2);
  value.floats[0] = 9;
  expect(copy).toStrictEqual({
    list: [1],
    bytes: Uint8Array.of(1),
    at: new Date(0),
    map: new Map([['k', [1]]]),
    floats: Float32Array.of(1),
  });
});
