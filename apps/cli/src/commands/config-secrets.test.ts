import { isSealed } from '@plumb/vault';
import fs from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type ConfigWorld, openConfigWorld } from '../config-world.ts';

/** The world, in which ada and bob have keys, and `shop.db.password` is sealed for whoever has one by then. */
async function openSecretWorld(): Promise<ConfigWorld> {
  const world = await openConfigWorld();
  await world.run('keys create');
  await world.run('set shop.db.password --secret', { input: 'hunter2\n' });
  return world;
}

test('a key is made for its owner only, shown without its secret half, and never made twice', async () => {
  await using world = await openConfigWorld();
  const made = await world.run('keys create --application shop --env production');
  expect(made).toMatch(/^age1[a-z0-9]+\nerr: its key is in .*age\.key: keep a copy/);
  expect(made).toContain('what is sealed from now on is sealed for ada too\nexit 0');
  const file = path.join(world.directory, 'ada', '.config', 'plumb', 'age.key');
  expect((await fs.stat(file)).mode & 0o777).toBe(0o600);
  const shown = await world.run('keys show');
  expect(shown).toContain('as ada, of shop in production');
  expect(shown).not.toContain('AGE-SECRET-KEY');
  expect(await world.run('keys create')).toContain('there is a key in');
  expect(await world.run('recipients')).toMatch(/ada +age1[a-z0-9]{12}… +shop +production +ada, now/);
  expect(await world.run('keys show', { by: 'bob' })).toContain('you have no key to open secrets with: make one');
});

test('a secret is piped in or asked for, sealed before it leaves, and opened with the key of a reader', async () => {
  await using world = await openConfigWorld();
  const nobody = await world.run('set shop.db.password --secret', { input: 'hunter2' });
  expect(nobody).toMatch(
    /nobody could open a secret of shop in common: .*"plumb config keys create" for yourself\nexit 1/s,
  );
  await world.run('keys create');
  expect(await world.run('set shop.db.password hunter2 --secret')).toContain('seen by other accounts');
  expect(await world.run('set shop.db.password --secret', { input: '\n' })).toContain('the secret is empty');
  expect(await world.run('set shop.db.password --secret', { answers: ['12345'] })).toContain(
    'asked: shop.db.password (not shown):',
  );
  expect(await world.run('get shop.db.password --reveal')).toBe('12345\nexit 0');
  await world.write('key.pem', '-----BEGIN\nx\n-----END\n');
  await world.run('set shop.db.password --secret --file key.pem');
  expect(await world.run('get shop.db.password --reveal')).toBe('-----BEGIN\nx\n-----END\nexit 0');

  const stored = await world.config.get({ application: 'shop', key: 'db.password' });
  expect(isSealed(stored?.value)).toBe(true);
  const everything = [
    'get shop.db.password',
    'list shop',
    'history shop.db.password',
    'log -a shop',
    'explain shop.db.password',
  ];
  for (const words of everything) {
    const printed = await world.run(words);
    expect(printed).toContain('[secret]');
    expect(printed).not.toContain('BEGIN');
  }
  expect(await world.run('get shop.db.password', { by: 'bob' })).toContain('[secret, not for you]');
  await world.run('keys create', { by: 'bob' });
  expect(await world.run('get shop.db.password --reveal', { by: 'bob' })).toContain('is a secret that is not for you');
});

test('who came later is let in by a rekey, who went is left out, and only what is wrong is touched', async () => {
  await using world = await openSecretWorld();
  await world.run('set shop.db.token --secret --env production', { input: 'abc' });
  await world.run('set shop.title Tip');
  await world.run('keys create', { by: 'bob' });
  expect(await world.run('who-can-read shop')).toMatchInlineSnapshot(`
    "KEY          LAYER           CAN READ  SHOULD BUT CANNOT  CAN BUT SHOULD NOT
    db.password  common          ada       bob
    db.token     env:production  ada       bob
    err: "plumb config rekey" seals them again for those who should
    exit 0"
  `);
  expect(await world.run('rekey shop', { by: 'bob' })).toMatchInlineSnapshot(`
    "err: ✖ shop.db.password in common: it is not sealed for you: one of its readers has to do it
    err: ✖ shop.db.token in env:production: it is not sealed for you: one of its readers has to do it
    exit 1"
  `);
  expect(await world.run('rekey --env production')).toBe('1 secret is sealed again\nexit 0');
  expect(await world.run('rekey shop')).toBe(
    '1 secret is sealed again\n1 secret is already sealed for the right readers\nexit 0',
  );
  expect(await world.run('get shop.db.password --reveal', { by: 'bob' })).toBe('hunter2\nexit 0');

  const [recipient = ''] = (await world.run('keys show')).split('\n');
  expect(await world.run(`recipients remove ${recipient}`, { by: 'bob' })).toContain('change those that matter');
  expect(await world.run(`recipients remove ${recipient}`, { by: 'bob' })).toContain('was not registered');
  expect(await world.run('rekey', { by: 'bob' })).toContain('2 secrets are sealed again');
  expect(await world.run('get shop.db.password --reveal')).toContain('not for you');
  expect(await world.run(`recipients add ${recipient} --owner ada --env production`, { by: 'bob' })).toContain(
    'exit 0',
  );
  expect(await world.run('who-can-read shop.db.token')).toMatch(/db\.token +env:production +bob +ada/);
  expect(await world.run('recipients add AGE-SECRET-KEY-1ABC --owner ada')).not.toContain('1ABC');
  expect(await world.run('rekey nothing', { by: 'bob' })).toContain('there are no secrets there');
});

test('a value that changed while it was opened is left alone', async () => {
  await using world = await openSecretWorld();
  await world.run('keys create', { by: 'bob' });
  // Between the list and the storing somebody is faster.
  const [first] = await world.config.list({ application: 'shop', layer: 'common' });
  await world.run('set shop.db.password --secret', { input: 'newer', by: 'bob' });
  const { rekey } = await import('../rekey.ts');
  const file = path.join(world.directory, 'ada', '.config', 'plumb', 'age.key');
  const identity = (await fs.readFile(file, 'utf8')).split('\n').find((line) => line.startsWith('AGE-')) ?? '';
  const outcomes = await Array.fromAsync(rekey(world.config, first === undefined ? [] : [first], [identity]));
  expect(outcomes).toMatchObject([{ kind: 'failed', reason: 'somebody changed it meanwhile: do it again' }]);
  expect(await world.run('get shop.db.password --reveal')).toBe('newer\nexit 0');
});
