import { readSops } from '@plumb/vault/sops';
import fs from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type ConfigWorld, openConfigWorld } from '../config-world.ts';

const identityOf = async (world: ConfigWorld, person: string): Promise<string> => {
  const text = await fs.readFile(path.join(world.directory, person, '.config', 'plumb', 'age.key'), 'utf8');
  return text.split('\n').find((line) => line.startsWith('AGE-')) ?? '';
};

test('a file is applied to a layer as one change set, and again without effect', async () => {
  await using world = await openConfigWorld();
  const { run, write } = world;
  await run('set shop.old 1 --env production');
  await write('production.yaml', 'title: Tip jar\nmail:\n  host: mail.example\n  ports: [25, 587]\n');
  expect(await run('apply production.yaml -a shop --env production --dry-run')).toMatchInlineSnapshot(`
    "env:production
      + title       Tip jar
      + mail.host   mail.example
      + mail.ports  [25,587]
    exit 0"
  `);
  expect(await run('get shop.title --env production')).toContain('has no value');
  expect(await run('apply production.yaml -a shop --env production')).toContain(
    '3 values of shop in env:production changed at revision',
  );
  expect(await world.config.changeSets({ application: 'shop' })).toHaveLength(2);
  expect(await run('apply production.yaml -a shop --env production')).toContain(
    'these values in env:production already',
  );
  expect(await run('apply production.yaml -a shop --env production --prune')).toContain('- old');
  expect(await run('get shop.old --env production')).toContain('has no value');
  expect(await run('apply - --format json -a shop', { input: '{"a": {"b": 1}}' })).toContain(
    '1 value of shop in common',
  );
  expect(await run('apply - -a shop', { input: '{}' })).toContain('does not tell its format');
});

test('a file with a fault changes nothing, and each fault has its place', async () => {
  await using world = await openConfigWorld();
  await world.write('app.toml', 'max_size = 1\n[mail]\nhost = "x"\n"a b" = 2\n');
  expect(await world.run('apply app.toml -a shop')).toMatchInlineSnapshot(`
    "err: ✖ app.toml has 2 faults, and nothing of it was used
    err:   app.toml:1:1: "max_size" is no key, which is letters, digits and inner hyphens, with dots between: write max-size, or have all names made so with --kebab
    err:   app.toml:4:1: "mail.a b" is no key, which is letters, digits and inner hyphens, with dots between: write mail.a-b, or have all names made so with --kebab
    exit 1"
  `);
  await world.run('set shop.mail mailserver');
  await world.write('app.json', '{\n  "title": "A",\n  "mail": { "host": "x" }\n}\n');
  expect(await world.run('apply app.json -a shop')).toMatch(
    /err: {3}app\.json:3:13: mail\.host \(common\): .*\nexit 1/,
  );
  expect(await world.run('get shop.title')).toContain('has no value');
  await world.write('app.yaml', 'a: [1\nb: 2\n');
  expect(await world.run('apply app.yaml -a shop')).toContain('app.yaml:2:');
  expect(await world.run('apply gone.yaml -a shop')).toContain('(ENOENT)');
});

test('variables are imported, the secrets among them sealed, and the same file again changes nothing', async () => {
  await using world = await openConfigWorld();
  const { run } = world;
  await run('keys create');
  await world.write('.env', 'SHOP_DB__PASSWORD=hunter2\nSHOP_DB__PORT=5432\nSHOP_VERSION=1.10\nPATH=/bin\n');
  const words = 'import dotenv .env --prefix SHOP_ --secret db.password -a shop';
  expect(await run(`${words} --dry-run`)).toMatchInlineSnapshot(`
    "  + db.password  [secret]
      + db.port      5432
      + version      "1.10"
    exit 0"
  `);
  const imported = await run(words);
  expect(imported).toContain('3 values of shop in common are in force at revision');
  expect(imported).not.toContain('hunter2');
  expect(await run('get shop.db.password --reveal')).toBe('hunter2\nexit 0');
  expect(await run('get shop.version')).toBe('1.10\nexit 0');
  expect(await run(words)).toContain('shop has all 3 values in common already');
  await run('set shop.db.port 1');
  expect(await run(words)).toContain('1 value of shop in common is in force');
  expect(await run('import xml a.xml -a shop')).toContain(
    '"xml" is no format: use yaml, json, toml, dotenv, consul or sops',
  );
});

test('more than a change set holds is imported in several', async () => {
  await using world = await openConfigWorld();
  const values = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k${i}`, i]));
  await world.write('many.json', JSON.stringify(values));
  expect(await world.run('apply many.json -a shop')).toContain('300 values would change, over 250 at once');
  expect(await world.run('import json many.json -a shop')).toMatch(
    /300 values of shop in common are .*, in 2 change sets\nexit 0/,
  );
  expect(await world.config.list({ application: 'shop' })).toHaveLength(300);
});

test('Consul is asked directly, with a token that no output has', async () => {
  await using world = await openConfigWorld();
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    asked.push(`${request.url} ${String(request.headers['x-consul-token'])}`);
    if (request.headers['x-consul-token'] !== 's3cret') response.writeHead(403).end();
    else if (request.url?.startsWith('/v1/kv/none') === true) response.writeHead(404).end();
    else {
      const value = Buffer.from('5432').toString('base64');
      response.end(JSON.stringify([{ Key: 'shop/db/port', Flags: 0, Value: value, LockIndex: 0 }]));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await using _closing = { [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) };
  const from = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = { CONSUL_HTTP_TOKEN: 's3cret' };
  const words = `import consul --from ${from} -a shop`;
  expect(await world.run(`${words} --prefix shop/`, { env })).toContain('1 value of shop in common is in force');
  expect(asked).toEqual(['/v1/kv/shop/?recurse=true s3cret']);
  expect(await world.run('get shop.db.port')).toBe('5432\nexit 0');
  expect(await world.run(`${words} --prefix none/`, { env })).toContain('has all 0 values');
  expect(await world.run(words, { env: {} })).toContain('put a token that may read the keys in $CONSUL_HTTP_TOKEN');
  expect(await world.run('import consul --from ftp://x -a shop')).toContain('"ftp://x" is no address of Consul');
  expect(await world.run(`import yaml --from ${from} -a shop`)).toContain('--from asks a Consul server');
});

test('secrets stay sealed in an export, are left out where they cannot be, and are opened only when that is asked for', async () => {
  await using world = await openConfigWorld();
  const { run } = world;
  await run('keys create');
  await run('set shop.db.password --secret', { input: 'hunter2' });
  await run('set shop.db.port 5432');
  await run('set shop.zip --text 007');
  expect(await run('export yaml -a shop')).toMatch(
    /^db:\n {2}password:\n {4}\$sealed: [\w+/=]+\n {4}to:\n {6}- age1\w+\n {2}port: 5432\n/,
  );
  expect(await run('export dotenv -a shop --prefix SHOP_')).toBe(
    'SHOP_DB__PORT=5432\nSHOP_ZIP=007\nerr: ! secrets are left out, --reveal writes them: db.password\nexit 0',
  );
  expect(await run('export dotenv -a shop --reveal')).toBe('DB__PASSWORD=hunter2\nDB__PORT=5432\nZIP=007\nexit 0');
  expect(await run('export json -a shop --reveal --out secrets.json')).toContain('which only you can read');
  expect((await fs.stat(path.join(world.directory, 'secrets.json'))).mode & 0o777).toBe(0o600);
  expect(JSON.parse(await world.read('secrets.json'))).toEqual({ db: { password: 'hunter2', port: 5432 }, zip: '007' });
  expect(await run('export json -a shop --reveal --out secrets.json')).toContain('a file of their own only');
  expect(await run('export json -a shop --reveal', { by: 'bob' })).toContain('you have no key');

  // Sealed values are bound to their place, and go back to where they were.
  await world.write('back.yaml', (await run('export yaml -a shop')).replace(/exit 0$/, ''));
  await run('unset shop.db.password');
  expect(await run('import yaml back.yaml -a shop')).toContain('1 value of shop');
  expect(await run('get shop.db.password --reveal')).toBe('hunter2\nexit 0');
});

test('a file of SOPS is taken over and written again, and its secrets are secrets on both sides', async () => {
  await using world = await openConfigWorld();
  const { run } = world;
  await run('keys create');
  await run('set shop.db.password --secret', { input: 'hunter2' });
  await run('set shop.db.port 5432');
  expect(await run('export sops -a shop --out secrets.yaml')).toContain('written to secrets.yaml');
  const text = await world.read('secrets.yaml');
  expect(text).not.toContain('hunter2');
  expect(text).toContain('port: 5432');
  const identities = [await identityOf(world, 'ada')];
  const opened = await readSops(text, { format: 'yaml', identities });
  expect(opened.values).toEqual({ db: { password: 'hunter2', port: 5432 } });

  expect(await run('import sops secrets.yaml -a blog')).toContain('2 values of blog in common are in force');
  expect(await run('get blog.db.password')).toContain('[secret]');
  expect(await run('get blog.db.password --reveal')).toBe('hunter2\nexit 0');
  expect(await run('get blog.db.port')).toBe('5432\nexit 0');
  expect(await run('import sops secrets.yaml -a blog')).toContain('has all 2 values in common already');
  await world.write('bad.yaml', text.replace('5432', '5433'));
  expect(await run('import sops bad.yaml -a blog')).toContain('exit 1');
  expect(await run('import sops secrets.yaml -a blog', { by: 'bob' })).toContain('you have no key');
});
