import fs from 'node:fs';
import path from 'node:path';
import { openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';
import { nameRelease } from './release-name.ts';

test('equal content has an equal name, whatever is not part of it; and any change has another', async () => {
  await using directory = await openTemporaryDirectory();
  const write = (name: string, text: string): void => {
    const file = path.join(directory.path, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  };
  const seen = new Set<string>();
  const excluded = ['data', 'plumb.yaml'].map((part) => path.join(directory.path, part));
  const name = (): Promise<string> => nameRelease(directory.path, { excluded });
  const expectOther = async (): Promise<void> => {
    const next = await name();
    expect(next).toMatch(/^[0-9a-f]{12}$/);
    expect(seen.has(next)).toBe(false);
    seen.add(next);
  };
  await expectOther();
  write('src/web.js', 'a');
  await expectOther();
  for (const ignored of [
    'node_modules/x/y.js',
    '.git/HEAD',
    '.plumb/kv',
    'dist/a.js',
    'logs/a',
    'src/web.log',
    'src/app.conf.partial',
    'data/a',
    'plumb.yaml',
  ])
    write(ignored, 'x');
  expect(seen.has(await name())).toBe(true);
  write('src/web.js', 'b');
  await expectOther();
  fs.renameSync(path.join(directory.path, 'src/web.js'), path.join(directory.path, 'src/wob.js'));
  await expectOther();
  fs.chmodSync(path.join(directory.path, 'src/wob.js'), 0o755);
  await expectOther();
  fs.symlinkSync('/etc', path.join(directory.path, 'link'));
  await expectOther();
  // Two files whose names and contents run together.
  write('a', 'bc');
  await expectOther();
  fs.rmSync(path.join(directory.path, 'a'));
  write('ab', 'c');
  await expectOther();
});

test('a folder that is too large is refused', async () => {
  await using directory = await openTemporaryDirectory();
  for (let index = 0; index < 4; index += 1)
    fs.writeFileSync(path.join(directory.path, String(index)), 'x'.repeat(100));
  const help = 'too much for a release: deploy from the application’s own folder';
  await expect(nameRelease(directory.path, { filesMax: 3 })).rejects.toThrow(`holds more than 3 files, ${help}`);
  await expect(nameRelease(directory.path, { sizeBytesMax: 399 })).rejects.toThrow(`holds more than 399 B, ${help}`);
  await nameRelease(directory.path, { filesMax: 4, sizeBytesMax: 400 });
});
