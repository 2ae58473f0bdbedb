import fs from 'node:fs/promises';
import path from 'node:path';
import { openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';
import { ensureNodeStarts } from './debian.mjs';

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
