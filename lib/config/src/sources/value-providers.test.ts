import fs from 'node:fs/promises';
import path from 'node:path';
import { openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';
import { createSeed } from '../../test/seed.ts';
import { openSources } from '../../test/source-world.ts';
import type { SourceContext } from '../config-source.ts';
import type { ConfigObject } from '../config-values.ts';
import type { ConfigValue } from '../feed.ts';
import { fileProvider } from './file-provider.ts';
import { fileSource } from './file-source.ts';
import { type ProviderRequest, type ValueProvider, withProviders } from './value-providers.ts';

function createEcho(): ValueProvider & {
  answer: (request: ProviderRequest) => ConfigValue | undefined;
  asked: ConfigObject[];
} {
  const echo = {
    asked: [] as ConfigObject[],
    answer: ({ path: at }: ProviderRequest): ConfigValue | undefined => `of ${at}`,
    everyMs: 3_000,
    async load(request: ProviderRequest): Promise<ConfigValue | undefined> {
      echo.asked.push(request.options);
      return echo.answer(request);
    },
  };
  return echo;
}

const mark = (name: string, options: ConfigObject = {}): ConfigObject => ({ '.provider': name, ...options });

test('a mark is cut out, and what the provider says stands in its place', async () => {
  const echo = createEcho();
  const seed = createSeed('file', { db: { password: mark('echo', { path: 'x', more: { n: 1 } }), port: 1 } });
  using world = await openSources(withProviders([seed], { echo }));
  expect(world.view.get()).toEqual({ db: { password: 'of db.password', port: 1 } });
  expect(echo.asked).toEqual([{ path: 'x', more: { n: 1 } }]);
  expect(world.view.explain('db.password').statements).toMatchObject([{ source: 'provider echo', isInForce: true }]);
});

test('files are merged before marks are looked for: one names the provider, another its options', async () => {
  const echo = createEcho();
  const common = createSeed('common', { a: mark('echo', { path: 'common' }), b: mark('echo') });
  const live = createSeed('live', { 'a.path': 'live', b: 'plain' });
  using world = await openSources(withProviders([common, live], { echo }));
  expect(world.view.get()).toEqual({ a: 'of a', b: 'plain' });
  expect(echo.asked).toEqual([{ path: 'live' }]);
});

test('the files may come in any order', async () => {
  const echo = createEcho();
  const late = createSeed('common', { a: mark('echo', { path: 'common' }), b: 1 });
  const source = {
    name: 'common',
    async open(context: SourceContext) {
      await new Promise((resolve) => setImmediate(resolve));
      await late.open(context);
    },
  };
  using world = await openSources(withProviders([source, createSeed('live', { 'a.path': 'live' })], { echo }));
  expect(world.view.get()).toEqual({ a: 'of a', b: 1 });
  expect(echo.asked).toEqual([{ path: 'live' }]);
});

test('marks follow the files: other options ask again, and a mark that goes takes its values along', async () => {
  const echo = createEcho();
  const seed = createSeed('file', { a: mark('echo', { n: 1 }) });
  using world = await openSources(withProviders([seed], { echo }));
  const heard: unknown[] = [];
  world.view.subscribe('a', (value) => heard.push(value));
  echo.answer = ({ options }) => `with ${JSON.stringify(options)}`;
  await seed.say({ a: mark('echo', { n: 2 }) });
  await world.clock.advance(0);
  await seed.say({ b: 1 });
  await world.clock.advance(0);
  expect(heard).toEqual(['with {"n":2}', undefined]);
  expect(world.view.get()).toEqual({ b: 1 });
  const { length } = echo.asked;
  await world.clock.advance(60_000);
  expect(echo.asked).toHaveLength(length);
});

test('what a provider leaves out at a refresh is gone', async () => {
  const echo = createEcho();
  echo.answer = () => ({ user: 'u', password: 'p' });
  using world = await openSources(withProviders([createSeed('file', { db: mark('echo') })], { echo }));
  expect(world.view.get('db')).toEqual({ user: 'u', password: 'p' });
  echo.answer = () => ({ user: 'u' });
  await world.clock.advance(3_500);
  expect(world.view.get('db')).toEqual({ user: 'u' });
  echo.answer = () => undefined;
  await world.clock.advance(3_500);
  expect(world.view.exists('db')).toBe(false);
});

test('trouble of any of them is told, and their last values stay', async () => {
  const echo = createEcho();
  const seed = createSeed('file', { a: mark('echo'), b: mark('ecko'), c: mark('vault') });
  using world = await openSources(withProviders([seed], { echo }));
  expect(world.view.get()).toEqual({ a: 'of a' });
  expect(world.logged).toEqual([
    'config.source-trouble there is no provider "ecko" for "b"; did you mean "echo"?; there is no provider "vault" for "c"; there are: echo',
  ]);
  await seed.say({ a: mark('echo') });
  await world.clock.advance(0);
  expect(world.logged.at(-1)).toBe('config.source-recovered');
  echo.answer = () => {
    throw new Error('no route');
  };
  await world.clock.advance(30_000);
  expect(world.logged.at(-1)).toBe('config.source-trouble provider echo for "a": no route');
  expect(world.view.get('a')).toBe('of a');
});

test('the file provider gives text, YAML and JSON below its root, and nothing outside of it', async () => {
  await using directory = await openTemporaryDirectory();
  const at = (name: string): string => path.join(directory.path, name);
  await fs.mkdir(at('secrets'));
  await fs.writeFile(at('secrets/password'), 'p w\n');
  await fs.writeFile(at('secrets/users.yaml'), 'ann: {age: 7}\n');
  await fs.writeFile(at('secrets/bad.json'), '{"a": ');
  await fs.writeFile(at('outside'), 'no');
  await fs.symlink(at('outside'), at('secrets/link'));
  await fs.writeFile(
    at('app.yaml'),
    [
      'password: { .provider: file, path: password }',
      'users: { .provider: file, path: users.yaml, format: yaml, encoding: utf8 }',
      'bad: { .provider: file, path: bad.json, format: json }',
      'absent: { .provider: file, path: absent }',
      'up: { .provider: file, path: ../outside }',
      'link: { .provider: file, path: link }',
      'odd: { .provider: file, path: users.yaml, format: xml }',
    ].join('\n'),
  );
  using world = await openSources(withProviders([fileSource(at('app.yaml'))], { file: fileProvider(at('secrets')) }));
  expect(world.view.get()).toEqual({ password: 'p w\n', users: { ann: { age: 7 } } });
  expect(world.view.originOf('users.ann.age')).toMatchObject({ source: 'provider file', line: 2 });
  const [told = ''] = world.logged;
  for (const reason of [
    'for "bad": ' + `${await fs.realpath(at('secrets'))}/bad.json:1:7: the file ends where a value must stand`,
    `for "absent": ${at('secrets/absent')} is not there`,
    'for "up": "../outside" leads out of',
    'for "link": "link" leads out of',
    'for "odd": format must be raw, yaml or json',
  ]) {
    expect(told).toContain(reason);
  }
});
