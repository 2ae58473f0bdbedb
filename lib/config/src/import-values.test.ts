import { expect, test } from 'vitest';
import type { ConfigValue } from './feed.ts';
import { type ImportFormat, importValues, type ImportOptions } from './import-values.ts';

/** Values by key, or the faults with their places. */
async function read(format: ImportFormat, text: string, options: Omit<ImportOptions, 'format'> = {}): Promise<unknown> {
  const imported = await importValues(text, { format, ...options });
  if (imported.kind === 'values')
    return Object.fromEntries([...imported.values].map(([key, { value }]) => [key, value]));
  return imported.faults.map(({ line, column, name, reason }) =>
    [line, column, name, reason].filter(Boolean).join(' '),
  );
}

const consul = (values: Readonly<Record<string, string>>): string =>
  JSON.stringify(
    Object.entries(values).map(([key, value]) => ({ key, flags: 0, value: Buffer.from(value).toString('base64') })),
  );

test('trees of YAML, JSON and TOML are keys with dots, sealed values stay whole', async () => {
  const expected = { title: 'Tip jar', 'mail.port': 25, 'mail.hosts': ['a', 'b'] };
  expect(await read('yaml', 'title: Tip jar\nmail: { port: 25, hosts: [a, b] }\n')).toEqual(expected);
  expect(await read('json', '{"title": "Tip jar", "mail": {"port": 25, "hosts": ["a", "b"]}}')).toEqual(expected);
  expect(await read('toml', 'title = "Tip jar"\n[mail]\nport = 25\nhosts = ["a", "b"]\n')).toEqual(expected);
  const sealed: ConfigValue = { $sealed: 'AAAA', to: ['age1x'] };
  expect(await read('yaml', 'db: { password: { $sealed: AAAA, to: [age1x] } }')).toEqual({ 'db.password': sealed });
  expect(await read('yaml', 'other: 1\nshop: { a: { b: 2 } }', { prefix: 'shop' })).toEqual({ 'a.b': 2 });
});

test('what cannot be a key is a fault with its place and its remedy', async () => {
  expect(await read('yaml', 'mail:\n  max_size: 5\n  Host Name: x\n')).toEqual([
    '2 3 "mail.max_size" is no key, which is letters, digits and inner hyphens, with dots between: write mail.max-size, or have all names made so with --kebab',
    '3 3 "mail.Host Name" is no key, which is letters, digits and inner hyphens, with dots between: write mail.host-name, or have all names made so with --kebab',
  ]);
  expect(await read('yaml', 'mail: { max_size: 5, "Host Name": x }', { isKebab: true })).toEqual({
    'mail.max-size': 5,
    'mail.host-name': 'x',
  });
  expect(await read('json', '{"maxSize": 1, "max_size": 2}', { isKebab: true })).toEqual([
    '1 16 max_size and another name are both the key max-size: rename one',
  ]);
  expect(await read('toml', '"a/b" = 1\n')).toEqual([
    '1 1 "a/b" is no key: a key is letters, digits and inner hyphens, with dots between',
  ]);
  expect(await read('json', '{"a": 1,}')).toEqual([expect.stringMatching(/^1 9 /)]);
});

test('variables lose their shouting, and only what is exactly a number is one', async () => {
  const text = 'SHOP_DB__MAX_SIZE=10\nSHOP_VERSION=1.10\nSHOP_ZIP=007\nSHOP_ON=true\nexport SHOP_NAME="5"\nOTHER=1\n';
  expect(await read('dotenv', text, { prefix: 'SHOP_' })).toEqual({
    'db.max-size': 10,
    version: '1.10',
    zip: '007',
    on: true,
    name: '5',
  });
  expect(await read('dotenv', 'A=1\n', { isText: true })).toEqual({ a: '1' });
  expect(await read('dotenv', 'HOSTS__0=a\nHOSTS__1=b\n')).toEqual({ hosts: ['a', 'b'] });
  expect(await read('dotenv', 'A=1\nrubbish\n')).toEqual([expect.stringMatching(/^2 1 /)]);
});

test('an export of Consul, and an answer of its API', async () => {
  const text = consul({
    'shop/': '',
    'shop/db/port': '5432',
    'shop/name': 'Tip jar',
    'shop/hosts': '["a"]',
    'x/y': '1',
  });
  expect(await read('consul', text, { prefix: 'shop/' })).toEqual({ 'db.port': 5432, name: 'Tip jar', hosts: ['a'] });
  expect(await read('consul', text, { prefix: 'shop', isText: true })).toMatchObject({ 'db.port': '5432' });
  const answer = JSON.stringify([{ LockIndex: 0, Key: 'a/b', Flags: 0, Value: null, CreateIndex: 1 }]);
  expect(await read('consul', answer)).toEqual({ 'a.b': '' });
  expect(await read('consul', JSON.stringify([{ key: 'a/b', flags: 0, value: '/w==' }]))).toEqual([
    'a/b a/b holds bytes that are no text: leave it out',
  ]);
  for (const bad of ['{', '{}', '[{"name": 1}]', 'null']) {
    expect(await read('consul', bad)).toEqual([expect.stringContaining('not what "consul kv export" writes')]);
  }
});
