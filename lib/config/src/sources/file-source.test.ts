import fs from 'node:fs/promises';
import path from 'node:path';
import { openTemporaryDirectory, type TemporaryDirectory, until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { formatOrigin } from '../config-source.ts';
import { c5Sources, directorySource, fileSource } from './file-source.ts';
import { openSources, type SourceWorld } from '../../test/source-world.ts';
import { POLL_MS, SETTLE_MS } from './watch-directory.ts';

async function write(directory: TemporaryDirectory, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(directory.path, name);
    await fs.mkdir(path.dirname(file), { recursive: true });
    await fs.writeFile(file, text);
  }
}

/** Waits, moving time on: what the system does not tell is seen at a look. */
async function untilSeen(world: SourceWorld, what: string, check: () => boolean): Promise<void> {
  await until(what, async () => {
    await world.clock.advance(POLL_MS);
    return check();
  });
}

test('a file is read with places, and followed', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'app.yaml');
  await write(directory, { 'app.yaml': 'title: A\nmail:\n  port: 25\n' });
  using world = await openSources([fileSource(file)]);
  const { view } = world;
  expect(view.get()).toEqual({ title: 'A', mail: { port: 25 } });
  expect(view.originOf('mail.port')).toEqual({ source: file, file, line: 3, column: 3 });
  const heard: unknown[] = [];
  view.subscribe('', (value) => heard.push(value));
  await write(directory, { 'app.yaml': '# moved\ntitle: B\nadded: true\n' });
  await untilSeen(world, 'the new content', () => view.get('title') === 'B');
  expect(heard).toEqual([{ title: 'B', added: true }]);
  expect(view.originOf('title')?.line).toBe(2);
});

test('a file that is replaced in one step, as editors and Kubernetes do it, is seen', async () => {
  await using directory = await openTemporaryDirectory();
  await write(directory, { 'one/app.json': '{"n": 1}', 'two/app.json': '{"n": 2}', 'next.json': '{"n": 3}' });
  const at = (name: string): string => path.join(directory.path, name);
  // As a mounted ConfigMap: app.json -> ..data/app.json, ..data -> one.
  await fs.symlink('one', at('..data'));
  await fs.symlink('..data/app.json', at('app.json'));
  using world = await openSources([fileSource(at('app.json'))]);
  expect(world.view.get('n')).toBe(1);
  await fs.symlink('two', at('..tmp'));
  await fs.rename(at('..tmp'), at('..data'));
  await untilSeen(world, 'the other directory', () => world.view.get('n') === 2);
  await fs.rename(at('next.json'), at('app.json'));
  await untilSeen(world, 'the other file', () => world.view.get('n') === 3);
  expect(world.logged).toEqual([]);
});

test('what the system tells is seen at once, without a look', async () => {
  await using directory = await openTemporaryDirectory();
  await write(directory, { 'app.yaml': 'a: 1\n', 'next.yaml': 'a: 2\n' });
  using world = await openSources([fileSource(path.join(directory.path, 'app.yaml'))]);
  await fs.rename(path.join(directory.path, 'next.yaml'), path.join(directory.path, 'app.yaml'));
  let passedMs = 0;
  await until('the other file', async () => {
    // Time stands still before the first look is due.
    if (passedMs < POLL_MS - SETTLE_MS) passedMs += SETTLE_MS / 10;
    await world.clock.advance(passedMs < POLL_MS - SETTLE_MS ? SETTLE_MS / 10 : 0);
    return world.view.get('a') === 2;
  });
  expect(passedMs).toBeLessThan(POLL_MS);
});

test('a file that is being written is not read before it stands still', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'app.yaml');
  await write(directory, { 'app.yaml': 'a: 1\nb: 1\n' });
  using world = await openSources([fileSource(file)]);
  const heard: unknown[] = [];
  world.view.subscribe('', (value) => heard.push(value));
  // Each step is a good file by itself.
  for (const text of ['', 'a: 2\n', 'a: 2\nb: 2\n']) {
    await fs.writeFile(file, text);
    await world.clock.advance(SETTLE_MS - 1);
  }
  await untilSeen(world, 'all of it', () => world.view.get('b') === 2);
  expect(heard).toEqual([{ a: 2, b: 2 }]);
});

test('a malformed file is told once with its place, its last values stay, and its mending is told', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'app.yaml');
  await write(directory, { 'app.yaml': 'a: 1\nb: 2\n' });
  using world = await openSources([fileSource(file)]);
  await write(directory, { 'app.yaml': 'a: 9\nb: [\n' });
  await untilSeen(world, 'a warning', () => world.logged.length > 0);
  await world.clock.advance(10 * POLL_MS);
  expect(world.logged).toEqual([
    expect.stringMatching(/^config.source-trouble .*app\.yaml:3:1: not YAML: .*; its last values stay$/),
  ]);
  expect(world.view.get()).toEqual({ a: 1, b: 2 });
  expect(world.runner.status).toMatchObject([{ state: 'stale' }]);
  await write(directory, { 'app.yaml': 'a: 9\na: 8\n' });
  await untilSeen(world, 'another warning', () => world.logged.length > 1);
  expect(world.logged[1]).toContain('app.yaml:2:1: the name "a" stands here twice');
  await write(directory, { 'app.yaml': 'a: 3\n' });
  await untilSeen(world, 'the mended file', () => world.logged.length > 2);
  expect(world.logged[2]).toBe('config.source-recovered');
  expect(world.view.get()).toEqual({ a: 3 });
});

test('a file that goes keeps its last values until it is back', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'app.json');
  await write(directory, { 'app.json': '{"a": 1}' });
  using world = await openSources([fileSource(file)]);
  await fs.rm(file);
  await untilSeen(world, 'a warning', () => world.logged.length > 0);
  expect(world.logged).toEqual([expect.stringContaining('app.json is gone: its last values stay until it is back')]);
  expect(world.view.get('a')).toBe(1);
  await write(directory, { 'app.json': '{"a": 2}' });
  await untilSeen(world, 'its return', () => world.view.get('a') === 2);
  await untilSeen(world, 'that it is told', () => world.logged.at(-1) === 'config.source-recovered');
});

test('a file, and its directory, may come later', async () => {
  await using directory = await openTemporaryDirectory();
  using world = await openSources([fileSource(path.join(directory.path, 'later/app.toml'))]);
  expect([world.view.get(), world.logged]).toEqual([{}, []]);
  await write(directory, { 'later/app.toml': 'a = 1\n' });
  await untilSeen(world, 'the file', () => world.view.get('a') === 1);
});

test('what is required must be there and good at the start', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'app.json');
  const open = (): Promise<SourceWorld> => openSources([fileSource(file, { isRequired: true })]);
  await expect(open()).rejects.toMatchObject({ code: 'invalid', message: expect.stringContaining('it is required') });
  await write(directory, { 'app.json': '{' });
  await expect(open()).rejects.toThrow('app.json:1:2: a name in quotes must stand here; nothing of it is used');
  await write(directory, { 'app.json': '{"a": 1}' });
  using world = await open();
  expect(world.view.get('a')).toBe(1);
});

test('what cannot be read is said in words', async () => {
  await using directory = await openTemporaryDirectory();
  const check = async (name: string, content: string | Uint8Array, reason: string): Promise<void> => {
    const file = path.join(directory.path, name);
    await fs.writeFile(file, content);
    using world = await openSources([fileSource(file)]);
    expect(world.logged).toEqual([expect.stringContaining(`${file} cannot be read: ${reason}`)]);
  };
  await check('large.yaml', `# ${'x'.repeat(1_024 * 1_024)}`, 'it has more than 1.0 MiB');
  await check('latin.yaml', new Uint8Array([0x61, 0x3a, 0x20, 0xe9]), 'it is not UTF-8');
  expect(() => fileSource('app.ini')).toThrow('the format of "app.ini" is not known by its name');
});

test('a directory is its files in order of name, which come and go; a bad one stays as it was', async () => {
  await using directory = await openTemporaryDirectory();
  await write(directory, {
    '10-base.yaml': 'title: base\nmail: {host: a, port: 25}\n',
    '20-more.json': '{"mail": {"host": "b"}}',
    '.hidden.yaml': 'hidden: true\n',
    'notes.txt': 'no: configuration\n',
    'sub.yaml/x': '',
  });
  using world = await openSources([directorySource(directory.path)]);
  const { view } = world;
  expect(view.get()).toEqual({ title: 'base', mail: { host: 'b', port: 25 } });
  const file = (name: string): string => path.join(directory.path, name);
  expect(view.explain('mail.host').statements.map(({ value, isInForce, why }) => [value, isInForce, why])).toEqual([
    ['a', false, `${file('20-more.json')}:1:11 comes later`],
    ['b', true, expect.anything()],
  ]);
  await write(directory, { '20-more.json': '{"mail": ', '30-last.toml': 'title = "last"\n' });
  await untilSeen(world, 'the added file', () => view.get('title') === 'last');
  expect(view.get('mail.host')).toBe('b');
  expect(world.logged).toEqual([expect.stringContaining('20-more.json:1:10: the file ends where a value must stand')]);
  await fs.rm(file('20-more.json'));
  await untilSeen(world, 'that it went', () => view.get('mail.host') === 'a');
  await fs.rm(directory.path, { recursive: true });
  await untilSeen(world, 'a warning', () => world.logged.some((line) => line.includes('it is not there')));
  expect(view.get('mail.host')).toBe('a');
});

test('the files of a reader are read in the order of C5Store', async () => {
  await using directory = await openTemporaryDirectory();
  await write(directory, {
    'common.yaml': 'a: common\nb: common\nc: common\nd: common\ne: common\n',
    'production.json': '{"b": "release", "c": "release", "d": "release", "e": "release"}',
    'live.toml': 'c = "environment"\nd = "environment"\ne = "environment"\n',
    'eu.yml': 'd: region\ne: region\n',
    'live-eu.yaml': 'e: both\n',
    'us.yaml': 'e: elsewhere\n',
  });
  const coordinates = { environment: 'live', releaseEnvironment: 'production', region: 'eu' };
  using world = await openSources(c5Sources(directory.path, coordinates));
  expect(world.view.get()).toEqual({ a: 'common', b: 'release', c: 'environment', d: 'region', e: 'both' });
  expect(world.view.explain('e').statements.map(({ origin }) => path.basename(formatOrigin(origin)))).toEqual([
    'common.yaml:5:1',
    'production.json:1:50',
    'live.toml:3:1',
    'eu.yml:2:1',
    'live-eu.yaml:1:1',
  ]);
  expect(c5Sources('config', { environment: 'live', releaseEnvironment: 'live' }).map(({ name }) => name)).toEqual([
    'config/common',
    'config/live',
  ]);
});

test('two files of one layer are refused with both names', async () => {
  await using directory = await openTemporaryDirectory();
  await write(directory, { 'common.yaml': 'a: 1\n', 'common.json': '{"a": 2}' });
  using world = await openSources(c5Sources(directory.path, {}));
  expect(world.view.get()).toEqual({});
  expect(world.logged).toEqual([
    expect.stringMatching(/common\.yaml and .*common\.json are there, and one of them counts/),
  ]);
  await fs.rm(path.join(directory.path, 'common.json'));
  await untilSeen(world, 'the other', () => world.view.get('a') === 1);
});

test('nothing is read any more when it is closed', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'app.json');
  await write(directory, { 'app.json': '{"a": 1}' });
  const world = await openSources([fileSource(file)]);
  world[Symbol.dispose]();
  await write(directory, { 'app.json': '{"a": 2}' });
  await world.clock.advance(3 * POLL_MS);
  expect(world.view.get('a')).toBe(1);
});
