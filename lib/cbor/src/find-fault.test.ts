import { OperatingError } from '@plumb/base';
import { expect, test } from 'vitest';
import { CborEncoder } from './cbor-encoder.ts';
import { decodeCbor } from './decode-cbor.ts';
import { unfitError } from './find-fault.ts';
import { PLAIN_DEPTH_MAX } from './plain-limits.ts';

const encoder = new CborEncoder();

test('what has no plain form is refused by its path and by what it is', () => {
  class Money {
    readonly amount = 1;
  }
  const check = (input: unknown, why: string): void => {
    const encode = (): unknown => encoder.encode({ kind: 'call', input });
    expect(encode).toThrow(OperatingError);
    expect(encode).toThrow(why);
  };
  check({ onDone: () => 1 }, 'input.onDone: CBOR cannot carry a function: use plain data');
  check([1, [Symbol('x')]], 'input[1][0]: CBOR cannot carry a symbol');
  check({ 'two words': /x/ }, 'input["two words"]: CBOR cannot carry a RegExp');
  check({ at: new URL('http://127.0.0.1') }, 'input.at: CBOR cannot carry a URL');
  check({ price: new Money() }, 'input.price: CBOR cannot carry a Money');
  check({ later: Promise.resolve() }, 'input.later: CBOR cannot carry a Promise');
  check(new Map([['k', new Set([new WeakMap()])]]), 'input.get("k").values()[0]: CBOR cannot carry a WeakMap');
  check(new Map([[{ f: isNaN }, 1]]), 'input.keys()[0].f: CBOR cannot carry a function');
  check(new Map([[{}, isNaN]]), 'input.values()[0]: CBOR cannot carry a function');
  check(new DataView(new ArrayBuffer(1)), 'input: CBOR cannot carry a DataView');
  check(new SharedArrayBuffer(1), 'input: CBOR cannot carry a SharedArrayBuffer');
  check({ n: 2n ** 8_192n }, 'input.n: CBOR cannot carry so great a bigint');
  check({ n: -(2n ** 8_193n) }, 'input.n: CBOR cannot carry so great a bigint');
  check(
    { error: new OperatingError('conflict', 'no', { details: { f: isNaN } }) },
    'input.error.details.f: CBOR cannot carry a function',
  );
});

test('a function and an async iterable of any kind are invalid', () => {
  async function* generate(): AsyncGenerator<number> {
    yield 1;
  }
  const check = (input: unknown): void => {
    expect(() => encoder.encode({ input })).toThrow(expect.objectContaining({ code: 'invalid' }));
  };
  check(generate);
  check({ items: generate() });
  check({ items: { [Symbol.asyncIterator]: generate } });
  check({ items: { name: 'with data', [Symbol.asyncIterator]: generate } });
  check([new ReadableStream()]);
  expect(() => encoder.encode({ input: { items: { [Symbol.asyncIterator]: generate } } })).toThrow(
    'input.items: CBOR cannot carry an async iterable',
  );
});

test('a cycle is refused with both of its ends', () => {
  const a: { b: unknown[]; self?: unknown } = { b: [0, 1, 2] };
  a.b.push(a);
  expect(() => encoder.encode({ input: { a } })).toThrow(
    'input.a.b[3] refers back to input.a: CBOR cannot carry a cycle',
  );
  const whole: { whole?: unknown } = {};
  whole.whole = whole;
  expect(() => encoder.encode(whole)).toThrow('whole refers back to the whole value');
  let deep: unknown = 'bottom';
  for (let i = 0; i <= PLAIN_DEPTH_MAX; i += 1) deep = [deep];
  expect(() => encoder.encode(deep)).toThrow(`[0]: CBOR cannot carry values nested more than ${PLAIN_DEPTH_MAX} deep`);
});

test('a fault beside much that is shared is found in no time', () => {
  let shared: unknown = [1];
  for (let i = 0; i < 100; i += 1) shared = [shared, shared];
  expect(unfitError({ shared, fault: isNaN }, 'CBOR').details).toEqual({ path: 'fault' });
});

test('after a refusal the encoder writes as before', () => {
  expect(() => encoder.encode([1, isNaN])).toThrow('a function');
  expect(encoder.encode(1).toString('hex')).toBe('01');
  const throws = {
    get broken(): never {
      throw new TypeError('a getter of the caller');
    },
  };
  expect(() => encoder.encode(throws)).toThrow('a getter of the caller');
  expect(decodeCbor(encoder.encode('ok'))).toBe('ok');
});
