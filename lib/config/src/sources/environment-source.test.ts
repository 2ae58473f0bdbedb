import { expect, test } from 'vitest';
import { openSources } from '../../test/source-world.ts';
import { fileSource } from './file-source.ts';
import { environmentSource } from './environment-source.ts';

test('variables with the prefix are values with their names as origins', async () => {
  const environment = {
    TIPJAR_MAIL__SMTP_HOST: 'mx',
    TIPJAR_PORT: '80',
    TIPJAR_HOSTS__0: 'a',
    PATH: '/bin',
    TIPJAR: 'x',
  };
  using world = await openSources([environmentSource({ prefix: 'TIPJAR_' })], environment);
  expect(world.view.get()).toEqual({ mail: { smtpHost: 'mx' }, port: 80, hosts: ['a'] });
  expect(world.view.originOf('port')).toEqual({ source: 'environment variables', variable: 'TIPJAR_PORT' });
  expect(world.view.explain('port').statements[0]?.why).toBe('nobody else speaks of it');
});

test('a variable that goes through another is an error with both names, and without their values', async () => {
  const check = async (environment: Record<string, string>, message: string): Promise<void> => {
    const source = environmentSource({ prefix: 'APP_' });
    await expect(openSources([source], environment)).rejects.toMatchObject({ code: 'invalid', message });
  };
  const advice = 'take one of the two away';
  await check(
    { APP_DB: 'hunter2', APP_DB__HOST: 'x' },
    `environment variable APP_DB__HOST goes through APP_DB, which is a value: ${advice}`,
  );
  await check(
    { APP_DB__HOST: 'x', APP_DB: 'hunter2' },
    `environment variable APP_DB is a value, but there is APP_DB__HOST: ${advice}`,
  );
  await check(
    { APP_DB_HOST: 'x', APP_dbHost: 'y' },
    `environment variable APP_dbHost has the same path as APP_DB_HOST: ${advice}`,
  );
  expect(() => environmentSource({ prefix: '' })).toThrow('environment variables need a prefix');
});

test('a variable over a file wins, whatever the file has there', async () => {
  const sources = [fileSource('no-such-file.yaml'), environmentSource({ prefix: 'APP_', nameCase: 'kebab' })];
  using world = await openSources(sources, { APP_MIN_TIP: '2' });
  expect(world.view.get('min-tip')).toBe(2);
});
