import { OperatingError } from '@plumb/base';
import { expect, test } from 'vitest';
import * as v from 'valibot';
import { connectInProcess, describeService, shareable, SharedValue, unchecked } from './index.ts';
import { fitsSchema } from './fits-schema.ts';

const item = v.object({ n: v.pipe(v.number(), v.minValue(1)) });
const contract = {
  strict: { input: v.object({}), output: item },
  lax: { input: v.object({}), output: unchecked(item) },
  shared: { input: v.object({}), output: shareable(item), stream: true },
} as const;

test('what need not be checked again is described all the same, and let through', async () => {
  const value = new SharedValue({ n: 7 }, 10);
  const handlers = {
    strict: () => ({ n: 0 }),
    lax: () => ({ n: 0 }),
    async *shared() {
      yield value;
      yield { n: 8 };
    },
  };
  using client = connectInProcess(contract, handlers, { id: 'ada', scopes: ['*'] });
  await expect(client.strict({})).rejects.toBeInstanceOf(OperatingError);
  expect(await client.lax({})).toEqual({ n: 0 });
  expect(await Array.fromAsync(client.shared({}))).toEqual([{ n: 7 }, { n: 8 }]);
  const [strict, lax, shared] = await describeService('x', contract);
  expect([lax?.output, shared?.output]).toEqual([strict?.output, strict?.output]);
});

test('it costs no look at the value, and what is built on it is checked again', () => {
  const lax = unchecked(v.object({ list: v.array(item) }));
  const value = new Proxy(
    {},
    { ownKeys: () => expect.fail('it was looked at'), get: () => expect.fail('it was read') },
  );
  expect(fitsSchema(lax)(value)).toBe(true);
  const strict = v.pipe(
    lax,
    v.check(({ list }) => list.length > 0),
  );
  expect([fitsSchema(strict)({ list: [{ n: 1 }] }), fitsSchema(strict)({ list: [] })]).toEqual([true, false]);
});
