import { systemClock } from '@plumb/base';
import { createFakeClock, openTemporaryDirectory } from '@plumb/testing';
import fs from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { generateIdentity, recipientOf } from './identity.ts';
import {
  createIdentityFile,
  ensureIdentityFile,
  personalIdentityPath,
  readIdentityFile,
  readProcessIdentities,
} from './identity-file.ts';

const clock = systemClock;

test('an identity is kept in a file that only its owner can read, as age-keygen writes it', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'deep', 'er', 'age.key');
  const fakeClock = createFakeClock();
  const recipient = await createIdentityFile(file, { clock: fakeClock });

  expect((await fs.stat(file)).mode & 0o777).toBe(0o600);
  expect((await fs.stat(path.dirname(file))).mode & 0o777).toBe(0o700);
  const lines = (await fs.readFile(file, 'utf8')).split('\n');
  expect(lines[0]).toBe(`# created: ${new Date(fakeClock.now()).toISOString()}`);
  expect(lines[1]).toBe(`# public key: ${recipient}`);
  const [identity = '', ...others] = await readIdentityFile(file);
  expect(others).toEqual([]);
  expect(lines.slice(2)).toEqual([identity, '']);
  expect(await recipientOf(identity)).toBe(recipient);
  expect(await fs.readdir(path.dirname(file))).toEqual(['age.key']);
});

test('a file that is there is never replaced', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'age.key');
  await fs.writeFile(file, 'mine');
  await expect(createIdentityFile(file, { clock })).rejects.toMatchObject({ code: 'already-exists' });
  expect(await fs.readFile(file, 'utf8')).toBe('mine');
  expect(await fs.readdir(directory.path)).toEqual(['age.key']);
});

test('processes that ensure a file at the same time end with the same key', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'age.key');
  const keys = await Promise.all(Array.from({ length: 8 }, () => ensureIdentityFile(file, { clock })));
  expect(new Set(keys.flat()).size).toBe(1);
  expect(await readIdentityFile(file)).toEqual(keys[0]);
  expect(await fs.readdir(directory.path)).toEqual(['age.key']);
});

test('a file that others may read or write is refused', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'age.key');
  await createIdentityFile(file, { clock });
  const check = async (mode: number): Promise<void> => {
    await fs.chmod(file, mode);
    const shown = `0${mode.toString(8)}`;
    for (const read of [() => readIdentityFile(file), () => ensureIdentityFile(file, { clock })]) {
      await expect(read()).rejects.toMatchObject({
        code: 'denied',
        message: `others may read ${file} (mode ${shown}): run "chmod 600 ${file}", and replace the key if others may have read it`,
      });
    }
  };
  await check(0o640);
  await check(0o604);
  await check(0o620);
  await fs.chmod(file, 0o400);
  expect(await readIdentityFile(file)).toHaveLength(1);
});

test('a file with a fault is refused with its line, and no error tells what is in it', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'age.key');
  const identity = await generateIdentity();
  const check = async (text: string, says: string): Promise<void> => {
    await fs.writeFile(file, text, { mode: 0o600 });
    const error: unknown = await readIdentityFile(file).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'invalid', message: expect.stringContaining(says) });
    expect(String(error)).not.toContain(identity.slice(20, 30));
  };
  await check(`# a comment\n\n${identity.slice(0, -2)}\n`, `${file}:3: a secret key of age has a character missing`);
  await check(`${identity}\nhunter2\n`, `${file}:2: this is not a secret key of age`);
  await check(`${await recipientOf(identity)}\n`, `${file}:1: age1`);
  await check('# nothing\n', `there is no key in ${file}`);
  await check('age-encryption.org/v1\n-> scrypt', 'is itself encrypted');
  await check('#'.repeat(300_000), '300000 bytes');
  await expect(readIdentityFile(`${file}x`)).rejects.toMatchObject({ code: 'not-found' });
});

test('a process takes its identities from its environment', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'age.key');
  await createIdentityFile(file, { clock });
  const [filed = ''] = await readIdentityFile(file);
  const own = await generateIdentity();
  expect(await readProcessIdentities({})).toEqual([]);
  expect(await readProcessIdentities({ PLUMB_AGE_KEY: own })).toEqual([own]);
  expect(await readProcessIdentities({ PLUMB_AGE_KEY: own, PLUMB_AGE_KEY_FILE: file })).toEqual([own, filed]);
  expect(await readProcessIdentities({ PLUMB_AGE_KEY: filed, PLUMB_AGE_KEY_FILE: file })).toEqual([filed]);
  await expect(readProcessIdentities({ PLUMB_AGE_KEY: 'hunter2' })).rejects.toThrow(
    'PLUMB_AGE_KEY: this is not a secret key of age: it starts with AGE-SECRET-KEY-1',
  );
});

test('a person has one place for a key', () => {
  expect(personalIdentityPath({ HOME: '/people/anna' })).toBe('/people/anna/.config/plumb/age.key');
  expect(personalIdentityPath({ HOME: '/people/anna', XDG_CONFIG_HOME: '/etc/anna' })).toBe('/etc/anna/plumb/age.key');
  expect(personalIdentityPath({ HOME: '/people/anna', XDG_CONFIG_HOME: 'relative' })).toBe(
    '/people/anna/.config/plumb/age.key',
  );
  expect(() => personalIdentityPath({})).toThrow('HOME is not set');
});
