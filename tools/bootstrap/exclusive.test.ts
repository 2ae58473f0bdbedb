import { spawnSync } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';
import { withExclusive } from './exclusive.mjs';

test('one at a time works, the others wait for it and say for whom', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'locks/install.lock');
  const events: string[] = [];
  const finish = Promise.withResolvers<void>();
  const first = withExclusive(file, async () => {
    events.push('first starts');
    await finish.promise;
    events.push('first ends');
  });
  const second = withExclusive(
    file,
    async () => void events.push('second starts'),
    (pid) => {
      events.push(`second waits for ${pid}`);
      finish.resolve();
    },
  );
  await Promise.all([first, second]);
  expect(events).toEqual(['first starts', `second waits for ${process.pid}`, 'first ends', 'second starts']);
  expect(await fs.readdir(path.dirname(file))).toEqual([]);
});

test.each([
  ['that is gone', () => String(spawnSync('true').pid)],
  ['whose pid another has by now', () => `${process.pid} 1`],
  ['that a power loss left torn', () => 'x'],
])('the lock of a process %s is taken over, and nothing is left of it', async (_name, owner) => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'install.lock');
  await fs.writeFile(file, owner());
  expect(await withExclusive(file, async () => 'done')).toBe('done');
  expect(await fs.readdir(directory.path)).toEqual([]);
});

test('the lock is let go when the work fails', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'install.lock');
  const failing = withExclusive(file, () => Promise.reject(new Error('disk full')));
  await expect(failing).rejects.toThrow('disk full');
  expect(await withExclusive(file, async () => 'done')).toBe('done');
});
