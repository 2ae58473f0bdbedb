import { createLog, silentLog } from '@plumb/base';
import { createFakeClock, openTemporaryDirectory } from '@plumb/testing';
import { encryptFile } from '@plumb/vault/node';
import { generateIdentity, recipientOf } from '@plumb/vault';
import fs from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { ConfigValue } from './feed.ts';
import { LocalCopy, type LocalCopyOptions } from './local-copy.ts';

async function openWorld(given: Partial<LocalCopyOptions> = {}) {
  const directory = await openTemporaryDirectory();
  const clock = createFakeClock();
  const identity = await generateIdentity();
  const options: LocalCopyOptions = {
    file: path.join(directory.path, 'shop', 'web.copy'),
    application: 'shop',
    coordinates: { environment: 'live', region: 'eu' },
    identities: [identity],
    clock,
    log: silentLog,
    ...given,
  };
  return {
    clock,
    options,
    copy: new LocalCopy(options),
    as: (other: Partial<LocalCopyOptions>) => new LocalCopy({ ...options, ...other }),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

const values = new Map<string, ConfigValue>([
  ['title', 'Größe'],
  ['mail.password', { $sealed: 'YQ==', to: ['age1x'] }],
]);

test('what is kept comes back as it was sent, and nobody else can read the file', async () => {
  await using world = await openWorld();
  const { copy, options, clock } = world;
  expect(await copy.read()).toBeUndefined();
  copy.save(() => ({ revision: 7, values }));
  await copy.close();
  expect(await world.as({}).read()).toEqual({ revision: 7, values, savedAt: clock.now() });
  const { mode } = await fs.stat(options.file);
  expect(mode & 0o777).toBe(0o600);
  const bytes = await fs.readFile(options.file, 'latin1');
  expect(bytes).toMatch(/^age-encryption\.org/);
  for (const text of ['title', 'shop', 'YQ==']) expect(bytes).not.toContain(text);
});

test('changes that come fast are kept together, and what is not to be kept is not', async () => {
  await using world = await openWorld();
  const { copy, options, clock } = world;
  let revision = 1;
  const save = (): void => copy.save(() => (revision === 13 ? undefined : { revision, values }));
  save();
  await expect
    .poll(() =>
      fs.stat(options.file).then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  for (revision = 2; revision < 10; revision += 1) save();
  await clock.advance(999);
  expect((await world.as({}).read())?.revision).toBe(1);
  await clock.advance(1);
  await expect.poll(async () => (await world.as({}).read())?.revision).toBe(10);
  revision = 13;
  save();
  await copy.close();
  expect((await world.as({}).read())?.revision).toBe(10);
});

test('a copy of somebody else, of another place, torn or not a copy is refused with the file and the reason', async () => {
  await using world = await openWorld();
  const { options, copy } = world;
  copy.save(() => ({ revision: 7, values }));
  await copy.close();
  const check = (other: LocalCopy, message: string): Promise<void> => expect(other.read()).rejects.toThrow(message);
  const of = `${options.file} is a copy of the configuration of shop (live, region eu), not of`;
  await check(world.as({ application: 'bank' }), `${of} bank (live, region eu)`);
  await check(world.as({ coordinates: { environment: 'live' } }), `${of} shop (live)`);
  await check(world.as({ identities: [await generateIdentity()] }), `${options.file} was not decrypted`);
  const whole = await fs.readFile(options.file);
  for (const size of [0, 10, whole.length - 1]) {
    await fs.writeFile(options.file, whole.subarray(0, size));
    await check(world.as({}), `${options.file} was not decrypted`);
  }
  const recipients = [await recipientOf(options.identities[0] ?? '')];
  for (const text of ['{"v":2}', 'not JSON: hunter2', '[]', '{"v":1,"application":"shop","values":[]}']) {
    await encryptFile(options.file, Buffer.from(text), { recipients });
    await check(world.as({}), `${options.file} holds no copy of a configuration of version 1`);
  }
});

test('a disk that refuses is told once, and once that it does not any more', async () => {
  const events: string[] = [];
  await using world = await openWorld({ log: createLog((_level, event) => events.push(event)) });
  const { copy, options, clock } = world;
  const folder = path.dirname(options.file);
  await fs.writeFile(folder, 'in the way');
  for (let i = 0; i < 3; i += 1) {
    copy.save(() => ({ revision: i, values }));
    await expect.poll(async () => (await clock.advance(1_000), events)).toEqual(['config.copy-failed']);
  }
  await fs.rm(folder);
  copy.save(() => ({ revision: 4, values }));
  await copy.close();
  expect(events).toEqual(['config.copy-failed', 'config.copy-saved']);
});
