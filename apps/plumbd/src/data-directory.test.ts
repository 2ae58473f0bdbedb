import { openTemporaryDirectory } from '@plumb/testing';
import fs from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { isRunning, openDataDirectory, readDoors, readProcessStart, writeDoors } from './data-directory.ts';

const doors = { pid: process.pid, processStart: '', startedAt: 0, http: 'http://localhost:7700', rpc: [], rpcKey: '' };

test('those that open one directory at the same moment get the same secrets, readable by their owner only', async () => {
  await using temporary = await openTemporaryDirectory();
  const directory = path.join(temporary.path, 'data');
  const opened = await Promise.all(Array.from({ length: 8 }, () => openDataDirectory(directory)));
  expect(new Set(opened.map(({ operatorKey }) => operatorKey)).size).toBe(1);
  expect(new Set(opened.map(({ owner }) => owner)).size).toBe(1);
  expect(new Set(opened.map(({ keys }) => keys.publicKey)).size).toBe(1);
  expect(await openDataDirectory(directory)).toEqual(opened[0]);
  expect(await fs.readFile(path.join(directory, 'key'), 'utf8')).toBe(`${opened[0]?.operatorKey}\n`);
  expect(await fs.readFile(path.join(directory, 'curve'), 'utf8')).toBe(`${opened[0]?.keys.secretKey}\n`);
  for (const name of ['key', 'curve'])
    expect((await fs.stat(path.join(directory, name))).mode & 0o777, name).toBe(0o600);
  expect((await fs.stat(directory)).mode & 0o777).toBe(0o700);
  expect((await fs.readdir(directory)).sort()).toEqual(['chains', 'curve', 'key', 'kv', 'logs', 'metrics', 'owner']);
});

test('an empty key, which a power loss may leave, is replaced', async () => {
  await using directory = await openTemporaryDirectory();
  await fs.writeFile(path.join(directory.path, 'key'), '');
  const { operatorKey } = await openDataDirectory(directory.path);
  expect(operatorKey).toMatch(/^[0-9a-z]{32}$/);
  expect((await openDataDirectory(directory.path)).operatorKey).toBe(operatorKey);
});

test('a key that others can read, or that is damaged, is refused with what to do', async () => {
  await using directory = await openTemporaryDirectory();
  const { keys } = await openDataDirectory(directory.path);
  const file = path.join(directory.path, 'curve');
  for (const name of ['curve', 'key']) {
    const secret = path.join(directory.path, name);
    await fs.chmod(secret, 0o640);
    await expect(openDataDirectory(directory.path)).rejects.toMatchObject({
      code: 'denied',
      message: `other accounts can read ${secret} (mode 640): "chmod 600 ${secret}" if nobody has read it, or remove it to get another`,
    });
    await fs.chmod(secret, 0o600);
  }
  await fs.writeFile(file, `${keys.secretKey.slice(1)}\n`);
  const damaged = await openDataDirectory(directory.path).catch((error: unknown) => error);
  expect(damaged).toMatchObject({ code: 'invalid', message: expect.stringContaining('does not hold a secret key') });
  expect(String(damaged)).not.toContain(keys.secretKey.slice(1, 9));
  // Without the file there is another key: that is how it is rotated.
  await fs.rm(file);
  expect((await openDataDirectory(directory.path)).keys.publicKey).not.toBe(keys.publicKey);
});

test('a directory is taken while its plumbd lives, and not by another process that got its id', async () => {
  await using directory = await openTemporaryDirectory();
  const processStart = await readProcessStart(process.pid);
  await writeDoors(directory.path, { ...doors, processStart });
  await expect(openDataDirectory(directory.path)).rejects.toMatchObject({ code: 'already-exists' });
  await writeDoors(directory.path, { ...doors, processStart: `${processStart}1` });
  await openDataDirectory(directory.path);
  expect(await isRunning({ ...doors, pid: 2 ** 22 + 1, processStart: '' })).toBe(false);
});

test.each(['', '{', 'null', '{"pid":"1"}', '[]'])('doors that hold %j are none', async (text) => {
  await using directory = await openTemporaryDirectory();
  await fs.writeFile(path.join(directory.path, 'plumbd.json'), text);
  expect(await readDoors(directory.path)).toBeUndefined();
});
