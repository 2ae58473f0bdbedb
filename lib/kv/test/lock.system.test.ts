import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { silentLog, systemClock } from '@plumb/base';
import { openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';
import { openRocksKv } from '../src/rocks-engine.ts';

test('a directory that another process has open is refused, and free again when that process is killed', async () => {
  await using directory = await openTemporaryDirectory();
  const open = () => openRocksKv({ directory: directory.path, clock: systemClock, log: silentLog });
  const program = path.join(import.meta.dirname, 'crash-writer.ts');
  const child = spawn(process.execPath, [program, directory.path, '1'], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    // The second chunk has acknowledgements, so the store is open.
    for (let text = ''; !text.includes('0 1\n');) text += String((await once(child.stdout, 'data'))[0]);
    await expect(open()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(`${directory.path} is in use by another process`),
    });
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await using _kv = await open();
  await expect(open()).rejects.toMatchObject({ message: expect.stringContaining('in use by this process') });
});
