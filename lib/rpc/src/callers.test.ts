import { expect, test } from 'vitest';
import { findCaller, identifyBy } from './callers.ts';

const key = 'a'.repeat(40);

test('a name stands for a caller who may call everything, a caller for its scopes', async () => {
  const exact = { id: 'bob', scopes: ['math:read'] };
  expect(await identifyBy({ [key]: 'alice' })(key, '')).toEqual({ id: 'alice', scopes: ['*'] });
  expect(await identifyBy({ [key]: exact })(key, '')).toBe(exact);
  expect(await findCaller({ secret: 'alice' }, 'secret')).toEqual({ id: 'alice', scopes: ['*'] });
});

test('nobody is known by what every object has, by an empty token, or where nobody is named', async () => {
  expect(await findCaller({ secret: 'alice' }, 'constructor')).toBeUndefined();
  expect(await findCaller({ '': 'alice' }, '')).toBeUndefined();
  expect(await findCaller(async () => ({ id: 'all', scopes: [] }), '')).toBeUndefined();
  expect(await findCaller(undefined, 'secret')).toBeUndefined();
  expect(await identifyBy(undefined)(key, '')).toBeUndefined();
  expect(await identifyBy({})('toString', '')).toBeUndefined();
});

test('a record is read at each connection', async () => {
  const callers: Record<string, string> = {};
  const identify = identifyBy(callers);
  callers[key] = 'alice';
  expect(await identify(key, '')).toMatchObject({ id: 'alice' });
  delete callers[key];
  expect(await identify(key, '')).toBeUndefined();
});

test('a function learns the key and where it comes from', async () => {
  const identify = identifyBy(async (publicKey, address) => ({ id: `${publicKey} of ${address}`, scopes: [] }));
  expect(await identify('k', 'tcp://127.0.0.1:1')).toMatchObject({ id: 'k of tcp://127.0.0.1:1' });
});
