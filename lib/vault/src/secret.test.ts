import { OperatingError } from '@plumb/base';
import { CborEncoder } from '@plumb/cbor';
import util from 'node:util';
import { expect, test } from 'vitest';
import { Secret } from './secret.ts';

test('a secret is opened at the first reveal, once', async () => {
  let opened = 0;
  const secret = new Secret(async () => {
    opened += 1;
    return 'hunter2';
  });
  expect(opened).toBe(0);
  expect(await Promise.all([secret.reveal(), secret.reveal()])).toEqual(['hunter2', 'hunter2']);
  expect(await secret.reveal()).toBe('hunter2');
  expect(opened).toBe(1);
});

test('a secret that could not be opened is tried again at the next reveal', async () => {
  let tries = 0;
  const secret = new Secret(async () => {
    tries += 1;
    if (tries === 1) throw new OperatingError('unavailable', 'no key yet');
    return 7;
  });
  await expect(secret.reveal()).rejects.toThrow('no key yet');
  expect(await secret.reveal()).toBe(7);
});

test('what is made of a secret is a secret, made when it is revealed', async () => {
  const port = Secret.of('80').map(Number);
  expect(port.toString()).toBe('[secret]');
  expect(await port.reveal()).toBe(80);
});

test('nothing that prints values prints a secret, revealed or not', async () => {
  const secret = Secret.of('hunter2');
  /** As careless code uses it: the checker of types would stop it. */
  const text = secret as unknown as string;
  const check = (): void => {
    const nested = {
      list: [secret],
      map: new Map([['a', secret]]),
      set: new Set([secret]),
      error: new Error(`${text}`),
    };
    const texts = [
      String(text),
      `${text}`,
      text + '',
      JSON.stringify(secret),
      JSON.stringify(nested),
      util.inspect(secret),
      util.inspect(nested, { depth: Infinity, showHidden: true, getters: true }),
      util.inspect(secret, { customInspect: false, showHidden: true, depth: Infinity }),
      util.format('%s %o %O %j %d', secret, secret, secret, secret, secret),
      Object.prototype.toString.call(secret),
      util.inspect(Object.entries(secret)),
      util.inspect(Object.getOwnPropertyDescriptors(secret), { showHidden: true }),
      util.inspect(Object.assign({}, secret)),
      String(new Error('failed', { cause: secret })),
      util.inspect(new OperatingError('invalid', `bad ${text}`, { details: { secret }, cause: secret })),
      JSON.stringify(new OperatingError('invalid', 'bad', { details: { secret } })),
    ];
    for (const text of texts) expect(text).not.toContain('hunter2');
    expect(texts.slice(0, 6)).toEqual([
      '[secret]',
      '[secret]',
      '[secret]',
      '"[secret]"',
      expect.anything(),
      '[secret]',
    ]);
  };
  check();
  await secret.reveal();
  check();
});

test('what copies values refuses a secret', async () => {
  const secret = Secret.of('hunter2');
  await secret.reveal();
  expect(() => structuredClone({ a: [secret] })).toThrow(/could not be cloned/);
  expect(() => new CborEncoder().encode({ a: { b: [0, secret] } })).toThrow(
    'a.b[1]: CBOR cannot carry a Secret: use plain data',
  );
});

test('two secrets never compare as equal by what can be seen of them', () => {
  expect(util.isDeepStrictEqual(Secret.of('a'), Secret.of('b'))).toBe(false);
});
