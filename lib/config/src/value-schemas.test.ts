import { expect, expectTypeOf, test } from 'vitest';
import * as v from 'valibot';
import { openSources } from '../test/source-world.ts';
import { environmentSource } from './sources/environment-source.ts';
import { duration, integer, oneOf, port, size, url } from './value-schemas.ts';

async function readOne<T>(text: string, schema: v.GenericSchema<unknown, T>): Promise<T> {
  using world = await openSources([environmentSource({ prefix: 'APP_' })], { APP_VALUE: text });
  return world.view.read('value', schema);
}

test('lengths, sizes, numbers, addresses and words are read as what they mean', async () => {
  expect(await readOne('1h30m', duration())).toBe(5_400_000);
  expect(await readOne('1.5Ki', size())).toBe(1_536);
  expect(await readOne('4096', size())).toBe(4_096);
  expect(await readOne('-7', integer())).toBe(-7);
  expect(await readOne('8080', port())).toBe(8_080);
  expect(await readOne('https://example.com', url({ protocols: ['https'] }))).toBe('https://example.com/');
  const level = await readOne('warn', oneOf('info', 'warn'));
  expectTypeOf(level).toEqualTypeOf<'info' | 'warn'>();
  expect(level).toBe('warn');
});

test('what does not fit is refused with path, reason and place, and without the value', async () => {
  const check = async (text: string, schema: v.GenericSchema<unknown, unknown>, rule: string): Promise<void> => {
    await expect(readOne(text, schema)).rejects.toMatchObject({
      code: 'invalid',
      message: `the configuration "value" cannot be used: it must be ${rule} (environment variable APP_VALUE)`,
    });
  };
  await check('10', duration(), 'a length of time with its unit, like 500ms, 10s or 1h30m');
  await check('soon', duration(), 'a length of time with its unit, like 500ms, 10s or 1h30m');
  await check('-1', size(), 'a size in bytes, like 128Mi, 1.5Gi or 4096');
  await check('1.5', integer({ min: 1 }), 'a whole number from 1');
  await check('0', port(), 'a whole number from 1 to 65535');
  await check('65536', port(), 'a whole number from 1 to 65535');
  await check('ftp://x', url({ protocols: ['http', 'https'] }), 'an absolute URL of http or https');
  await check('/path', url(), 'an absolute URL');
  await check('hunter2', oneOf('info', 'warn'), 'one of info, warn');
});

test('they are parts of larger schemas, and of optional ones', async () => {
  using world = await openSources([environmentSource({ prefix: 'APP_' })], { APP_WEB__PORT: '80', APP_WEB__WAIT: 'x' });
  const schema = v.object({ port: port(), wait: v.optional(duration(), '10s') });
  expect(() => world.view.read('web', schema)).toThrow(
    'the configuration "web.wait" cannot be used: it must be a length of time with its unit, like 500ms, 10s or 1h30m (environment variable APP_WEB__WAIT)',
  );
  expect(world.view.read('web.absent', v.optional(duration(), '10s'))).toBe(10_000);
  expect(() => world.view.read('web.absent', port())).toThrow('it must be a whole number from 1 to 65535');
});
