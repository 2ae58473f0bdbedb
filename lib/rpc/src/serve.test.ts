import { expect, test } from 'vitest';
import { generateKeyPair, serve, type ServeOptions } from './node.ts';

const keys = generateKeyPair();
const callers = { [generateKeyPair().publicKey]: 'alice' };

test('what would be open to strangers, or to nobody, is refused with what to give', async () => {
  const check = async (
    options: Partial<ServeOptions> & { readonly methods?: object },
    message: string,
  ): Promise<void> => {
    await expect(serve({ name: 'math', methods: { add: () => 3 }, ...options })).rejects.toMatchObject({
      code: 'invalid',
      message,
    });
  };
  await check(
    { callers },
    'math cannot be served at tcp://127.0.0.1:0 without keys: make a pair with generateKeyPair() and keep it',
  );
  await check(
    { tokens: { secret: 'alice' } },
    'math cannot be served at tcp://127.0.0.1:0 without keys: make a pair with generateKeyPair() and keep it',
  );
  await check({ keys }, 'math would let nobody in: say who may call it, with callers: { [publicKey]: NAME }');
  await check(
    { at: 'ipc:///tmp/x.sock' },
    'math would let nobody in: say who may call it, with tokens: { [secret]: NAME }',
  );
  await check(
    { at: 'ipc:///tmp/x.sock', callers },
    'the callers of math cannot prove their keys: give the server keys as well',
  );
  await check(
    { keys: { ...keys, publicKey: generateKeyPair().publicKey }, callers },
    'the public key for math is not that of its secret key: use a pair of generateKeyPair()',
  );
  await check(
    { keys, callers: { alice: 'alice' } },
    'a name in "callers" has 5 characters: a public key has 40 characters of Z85: is it the whole line?',
  );
  await check({ keys, callers, name: 'a.b' }, '"a.b" is not a name for a service: use letters, digits and dashes');
  class Adder {
    add = (): number => 3;
    sum(): number {
      return 3;
    }
  }
  const inherited = Object.create(new Adder()) as object;
  await check(
    { keys, callers, methods: inherited },
    'math has nothing to call: only functions that an object has itself are methods, not those of its class',
  );
  await check({ keys, callers, at: [] }, 'math is served nowhere: give an address in "at"');
  await check(
    { keys, callers, at: 'http://127.0.0.1' },
    '"http://127.0.0.1" is not an address: write tcp://127.0.0.1:7701 or ipc:///path/to.sock',
  );
});
