import { until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { openConfigWorld } from '../config-world.ts';

test('a value is set, read, explained and taken back, in common and for one environment', async () => {
  await using world = await openConfigWorld();
  const { run } = world;
  expect(await run('set shop.title', { more: ['Tip jar'] })).toContain('shop.title is now at revision ');
  await run('set shop.title --env production Live');
  await run('set shop.mail.port 25 --region eu');
  expect(await run('get shop.title')).toBe('Tip jar\nexit 0');
  expect(await run('get shop.title --env production')).toBe('Live\nexit 0');
  expect(await run('get shop.title --layer common --env production')).toContain('--layer says all');
  expect(await run('get shop.title --layer env:production')).toBe('Live\nexit 0');
  expect(await run('get shop.mail --env production --region eu')).toContain('shop.mail has no value');
  expect(await run('get shop.mial')).toContain('list what there is with "plumb config list shop"');
  await world.clock.advance(90_000);
  expect(await run('explain shop.title --env production')).toMatchInlineSnapshot(`
    "  LAYER           VALUE    REVISION  CHANGED
      common          Tip jar  1         ada, 1 min 30 s ago  overridden
    → env:production  Live     2         ada, 1 min 30 s ago
    exit 0"
  `);
  expect(await run('list shop --env production --region eu')).toMatchInlineSnapshot(`
    "KEY             VALUE  LAYER           REVISION  CHANGED
    shop.mail.port  25     region:eu       3         ada, 1 min 30 s ago
    shop.title      Live   env:production  2         ada, 1 min 30 s ago
    exit 0"
  `);
  expect(await run('unset shop.title --env production')).toContain('shop.title in env:production is unset');
  expect(await run('get shop.title --env production')).toBe('Tip jar\nexit 0');
  expect(await run('unset shop.title')).toContain('shop.title has no value now');
  expect(await run('history shop.title')).toMatchInlineSnapshot(`
    "REVISION  VALUE    LAYER           CHANGED              COMMENT
    5         (unset)  common          ada, now
    4         (unset)  env:production  ada, now
    2         Live     env:production  ada, 1 min 30 s ago
    1         Tip jar  common          ada, 1 min 30 s ago
    exit 0"
  `);
});

test('numbers, truth and lists are themselves, and text where that is asked for', async () => {
  await using world = await openConfigWorld();
  const check = async (words: string, more: readonly string[], expected: unknown): Promise<void> => {
    await world.run(`set shop.a ${words}`, { more });
    expect((await world.config.get({ application: 'shop', key: 'a' }))?.value).toEqual(expected);
  };
  await check('', ['0.5'], 0.5);
  await check('--text', ['0.5'], '0.5');
  await check('', ['["a", 1]'], ['a', 1]);
  await check('', ['a b'], 'a b');
  await world.write('value.txt', '12\n');
  await check('--file value.txt', [], '12');
  expect(await world.run('set shop.a --file gone.txt')).toContain('(ENOENT): name a file that you may read');
  expect(await world.run('set shop.a 1 --file value.txt')).toContain('not from both');
});

test('somebody who was faster is said, and the change is not made', async () => {
  await using world = await openConfigWorld();
  await world.run('set shop.a 1');
  expect(await world.run('set shop.a 2 --if-revision 0')).toMatchInlineSnapshot(`
    "err: shop.a was not changed: it is at revision 1 since ada changed it
    err: look at what is there, then try again
    exit 1"
  `);
  expect(await world.run('get shop.a')).toBe('1\nexit 0');
});

test('change sets are listed, compared and rolled back after a question', async () => {
  await using world = await openConfigWorld();
  const { run, clock } = world;
  await run('set shop.title A --comment', { more: ['first one'] });
  const first = (await world.config.changeSets({ application: 'shop' }))[0]?.revision ?? 0;
  await clock.advance(60_000);
  await run('set shop.title B', { by: 'bob' });
  await run('set shop.mail.host mail.example --env production', { by: 'bob' });
  const log = await run('log -a shop');
  expect(log.replaceAll(/revision \d+/g, 'revision N')).toMatchInlineSnapshot(`
    "revision N  bob, now
    env:production
      + mail.host  mail.example

    revision N  bob, now
      ~ title  A → B

    revision N  ada, 1 min ago  first one
      + title  A
    exit 0"
  `);
  expect(await run(`diff ${first} -a shop`)).toMatchInlineSnapshot(`
    "common
      ~ title      A → B
    env:production
      + mail.host  mail.example
    exit 0"
  `);
  expect(await run('diff -a shop')).toContain('+ mail.host  mail.example');
  expect(await run(`rollback ${first} -a shop --dry-run`)).toMatchInlineSnapshot(`
    "common
      ~ title      B → A
    env:production
      - mail.host  mail.example
    exit 0"
  `);
  expect(await run(`rollback ${first} -a shop`)).toContain('nobody can be asked here: say --yes');
  expect(await run(`rollback ${first} -a shop`, { answers: ['n'] })).toContain('nothing was changed\nexit 1');
  expect(await run(`rollback ${first} -a shop --keys title`, { answers: ['y'] })).toContain(
    `back at revision ${first}`,
  );
  expect(await run('get shop.title')).toBe('A\nexit 0');
  expect(await run(`rollback ${first} -a shop --yes`)).toContain('exit 0');
  expect(await run(`rollback ${first} -a shop --yes`)).toContain('has the values of revision');
  expect(await run(`diff ${first} -a shop`)).toContain('is the same as at revision');
  expect(await run('rollback x -a shop')).toContain('"x" is no revision');
  expect(await run('diff -a nobody')).toContain('nobody was never changed');
});

test('two environments are compared, of the application of this folder', async () => {
  await using world = await openConfigWorld();
  await world.write('plumb.yaml', 'plumb: 1\nname: shop # ours\n');
  await world.run('set shop.title A');
  await world.run('set shop.title B --env production');
  await world.run('set shop.debug true --env staging');
  expect(await world.run('compare staging production')).toMatchInlineSnapshot(`
    "KEY    STAGING           PRODUCTION
    debug  true env:staging  (none)
    title  A common          B env:production
    exit 0"
  `);
  expect(await world.run('compare staging staging')).toContain('the same in staging and staging');
  expect(await world.run('compare staging prod/eu/x')).toContain('is no place');
  expect(await world.run('log', { directory: '/' })).toContain('of which application?');
  expect(await world.run('log', { directory: '/', env: { PLUMB_APPLICATION: 'shop' } })).toContain('exit 0');
});

test('which layer is meant, and what is none', async () => {
  await using world = await openConfigWorld();
  const check = async (flags: string, expected: string): Promise<void> =>
    expect(await world.run(`set shop.a 1 ${flags}`)).toContain(expected);
  await check('--env production --region eu', 'shop.a in env:production/region:eu is now');
  await check('--region eu', 'shop.a in region:eu is now');
  await check('--release-env live', 'shop.a in release:live is now');
  await check('--layer env:production', 'shop.a in env:production is now');
  await check('--layer production', '"production" is not a layer');
  await check('--env Production', '--env "Production" is no name');
  await check('--env a --layer common', '--layer says all');
  await check('--env a --release-env b', 'for a release environment or for an environment');
});

test('a watch tells values and changes as they are at a place', async () => {
  await using world = await openConfigWorld();
  await world.run('set shop.a 1 --env production');
  const stop = new AbortController();
  const lines: string[] = [];
  const onLine = (line: string): void => void lines.push(line.replace(/^\[\d+\]/, '[N]'));
  const watching = world.run('watch shop --env production', { signal: stop.signal, onLine });
  await until('the values are there', () => lines.length === 1);
  await world.run('set shop.a 2 --env production');
  await world.run('set shop.a 3 --env staging');
  await world.run('unset shop.a --env production');
  await until('both changes are there', () => lines.length === 3);
  stop.abort();
  expect(await watching).toContain('exit 0');
  expect(lines).toEqual(['[N] shop.a = 1', '[N] shop.a = 2', '[N] shop.a (unset)']);
});
