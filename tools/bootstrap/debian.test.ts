import { spawnSync } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';
import { ensureNodeStarts, forbidServers } from './debian.mjs';

test('a Node that starts is fine; one that does not is named with what it said and what it needs', async () => {
  await using directory = await openTemporaryDirectory();
  const write = async (script: string): Promise<string> => {
    const file = path.join(directory.path, `node-${script.length}`);
    await fs.writeFile(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return file;
  };
  await ensureNodeStarts(await write('echo v26.10.0'));
  await expect(ensureNodeStarts(await write('echo "GLIBC_2.28 not found" >&2; exit 1'))).rejects.toThrow(
    'the pinned Node.js cannot be started: GLIBC_2.28 not found\nit needs glibc 2.28 or newer',
  );
  await expect(ensureNodeStarts(path.join(directory.path, 'absent'))).rejects.toThrow('ENOENT');
});

test('packages start no servers while they are installed, and a policy of the machine stays', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'policy-rc.d');
  const release = forbidServers(file);
  expect(spawnSync(file).status).toBe(101);
  // As after an installation that was killed.
  forbidServers(file)();
  await expect(fs.access(file)).rejects.toThrow('ENOENT');
  release();

  await fs.writeFile(file, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  forbidServers(file)();
  expect(await fs.readFile(file, 'utf8')).toContain('exit 0');
});
