import { until } from '@plumb/testing';
import fs from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openConfigWorld } from '../config-world.ts';

test('a template is filled, a file with a secret is for its owner, and an error leaves the old file', async () => {
  await using world = await openConfigWorld();
  const { run, write, read, directory } = world;
  await run('keys create');
  await run('set shop.title Tip');
  await run('set shop.title Live --env production');
  await write('t.liquid', 'title = {{ title }}\n');
  expect(await run('render t.liquid app.conf -a shop')).toBe('app.conf is written\nexit 0');
  expect(await run('render t.liquid app.conf -a shop')).toBe('app.conf is up to date\nexit 0');
  expect(await run('render t.liquid app.conf -a shop --env production')).toContain('is written');
  expect(await read('app.conf')).toBe('title = Live\n');

  await run('set shop.db.password --secret', { input: 'hunter2' });
  await write('s.liquid', 'password = {{ db.password }}\n');
  const rendered = await run('render s.liquid secret.conf -a shop');
  expect(rendered).toBe('secret.conf is written, with 1 secret and so for its owner only\nexit 0');
  expect(await read('secret.conf')).toBe('password = hunter2\n');
  expect((await fs.stat(path.join(directory, 'secret.conf'))).mode & 0o777).toBe(0o600);
  expect(await run('render s.liquid other.conf -a shop', { by: 'bob' })).toContain('s.liquid:1:');

  await write('t.liquid', 'a\n{{ tilte }}\n');
  expect(await run('render t.liquid app.conf -a shop')).toBe(
    'err: ✖ t.liquid:2:4: "tilte" is not configured: did you mean "title"?\nexit 1',
  );
  expect(await read('app.conf')).toBe('title = Live\n');
  expect(await run('render gone.liquid app.conf -a shop')).toContain('cannot read the template');
  expect(await run('who-reads shop.title')).toContain('shop/file');
  expect(await run('who-reads shop.db.password')).toContain('secret.conf');
});

test('a program is told once for each new file, and not for an old one', async () => {
  await using world = await openConfigWorld();
  await world.run('set shop.title Tip');
  await world.write('t.liquid', '{{ title }}');
  const render = (more: readonly string[]): Promise<string> => world.run('render t.liquid app.conf -a shop', { more });
  expect(await render(['--reload', 'cat app.conf >> seen'])).toContain('exit 0');
  expect(await render(['--reload', 'cat app.conf >> seen'])).toContain('up to date');
  expect(await world.read('seen')).toBe('Tip');
  await world.run('set shop.title Top');
  expect(await render(['--reload', 'echo broken >&2; exit 3'])).toMatch(
    /app\.conf is written\nerr: ✖ "echo .*" failed with 3: broken\nexit 1/,
  );
  await world.write('pid', 'nonsense');
  await world.run('set shop.title Tap');
  expect(await render(['--signal', 'HUP', '--pid-file', 'pid'])).toContain('holds no process id');
  expect(await render(['--signal', 'HUP'])).toContain('--signal and --pid-file belong together');
  expect(await render(['--signal', 'NO', '--pid-file', 'pid'])).toContain('there is no signal "NO"');
  expect(await render(['--signal', 'HUP', '--pid-file', 'pid', '--reload', 'x'])).toContain('not by both');
});

test('with --watch the file follows every change set, and a reload that fails is tried again', async () => {
  await using world = await openConfigWorld();
  const { run, write, read } = world;
  await run('set shop.title 1');
  await run('set shop.size 1');
  await write('t.liquid', '{{ title }} {{ size }}');
  await write('fail', '');
  const stop = new AbortController();
  const lines: string[] = [];
  const retried = Promise.withResolvers<void>();
  const watching = run('render t.liquid app.conf -a shop --watch', {
    more: ['--reload', 'test ! -e fail && cat app.conf >> seen && echo >> seen'],
    signal: stop.signal,
    onLine: (line) => lines.push(line),
    async sleep() {
      await fs.rm(path.join(world.directory, 'fail'), { force: true });
      retried.resolve();
    },
  });
  await retried.promise;
  await until('the first reload', () => lines.includes('err: ✓ reloaded'));
  expect(lines[0]).toMatch(/app\.conf is written$/);
  expect(lines[1]).toMatch(/^err: ✖ reload failed: .* failed with 1; again in \d+ ms$/);

  // One change set of two values is one file and one reload.
  const changes = [
    { key: 'title', value: 2 },
    { key: 'size', value: 2 },
  ];
  await world.config.change({ application: 'shop', changes });
  await until('the second reload', () => lines.filter((line) => line === 'err: ✓ reloaded').length === 2);
  await run('set shop.other 1');
  await until('the same file is told as such', () => lines.at(-1)?.endsWith('app.conf is up to date') === true);
  await run('unset shop.size');
  await until('the fault is said', () => lines.some((line) => line.includes('"size" is not configured')));
  expect(lines.at(-1)).toContain('; the old file stays');
  expect(await read('app.conf')).toBe('2 2');
  await write('t.liquid', '{{ title }}');
  await run('set shop.title 3');
  await until('the third reload', () => lines.filter((line) => line === 'err: ✓ reloaded').length === 3);
  stop.abort();
  expect(await watching).toContain('exit 0');
  expect(await read('seen')).toBe('1 1\n2 2\n3\n');
});
