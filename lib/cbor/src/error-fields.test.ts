import { inspect } from 'node:util';
import { OperatingError } from '@plumb/base';
import { expect, test } from 'vitest';
import { CborEncoder } from './cbor-encoder.ts';
import { decodeCbor } from './decode-cbor.ts';
import { ERROR_CAUSES_MAX } from './error-fields.ts';

const encoder = new CborEncoder();
const copyOf = (error: Error): Error => decodeCbor(encoder.encode(error)) as Error;

test('an operating error comes back with code, message, details and its causes', () => {
  const cause = Object.assign(new TypeError('not a number', { cause: 'given "x"' }), { code: 'EXAMPLE' });
  const details = { revision: 7, since: new Date(0), keys: new Set(['a']) };
  const copy = copyOf(new OperatingError('conflict', 'it is at revision 7', { details, cause }));
  expect(copy).toBeInstanceOf(OperatingError);
  expect(copy).toMatchObject({ name: 'OperatingError', code: 'conflict', message: 'it is at revision 7', details });
  expect(copy.cause).toBeInstanceOf(TypeError);
  expect(copy.cause).toMatchObject({ name: 'TypeError', message: 'not a number', code: 'EXAMPLE', cause: 'given "x"' });
});

test('other errors come back by name, of a class that is everywhere or as Error', () => {
  class ShopError extends Error {
    override readonly name = 'ShopError';
  }
  const copy = copyOf(new ShopError('closed'));
  expect([copy.constructor, copy.name, copy.message]).toEqual([Error, 'ShopError', 'closed']);
  expect(copyOf(new RangeError('far'))).toBeInstanceOf(RangeError);
  const timeout = copyOf(AbortSignal.timeout(0).reason ?? new DOMException('too late', 'TimeoutError'));
  expect([timeout.name, timeout.message]).toEqual(['TimeoutError', 'too late']);
});

test('no stack crosses, neither of where it was made nor of where it is read', () => {
  const bytes = encoder.encode(new Error('secret places'));
  expect(String(bytes)).not.toContain('.ts');
  expect(inspect(decodeCbor(bytes))).not.toContain('.ts');
  expect(new Error('here').stack).toContain('error-fields.test.ts');
});

test('causes cross to a bound, and those that are no errors stay behind', () => {
  const chain = Array.from({ length: 20 }).reduce<Error>((cause, _, i) => new Error(String(i), { cause }), new Error());
  let depth = 0;
  for (let error = copyOf(chain); error.cause !== undefined; error = error.cause as Error) depth += 1;
  expect(depth).toBe(ERROR_CAUSES_MAX);
  const cyclic = new Error('a');
  cyclic.cause = new Error('b', { cause: cyclic });
  expect(copyOf(cyclic).message).toBe('a');
  expect(copyOf(new Error('wrapped', { cause: { socket: isNaN } })).cause).toBeUndefined();
});

test('an error that another language wrote may lack what we write', () => {
  const read = (hex: string): unknown => decodeCbor(Buffer.from(hex, 'hex'));
  expect(read('da63740203 a0'.replace(' ', ''))).toEqual(new Error(''));
  expect(read('da63740203a121626869')).toEqual(new Error('hi'));
  const polluting = read('da63740203a220695f5f70726f746f5f5f656572726f72a1656361757365a0') as Error;
  expect([polluting.constructor, polluting.name]).toEqual([Error, '__proto__']);
});
