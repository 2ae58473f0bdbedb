import { openTemporaryDirectory } from '@plumb/testing';
import fs from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { writeRenderedFile } from './template-file.ts';

const modeOf = async (file: string): Promise<string> => ((await fs.stat(file)).mode & 0o777).toString(8);

test('a file with secrets is for its owner, and never for others', async () => {
  await using folder = await openTemporaryDirectory();
  const file = path.join(folder.path, 'app.conf');
  expect(await writeRenderedFile(file, 'a', { hasSecrets: true })).toBe('written');
  expect(await modeOf(file)).toBe('600');
  await fs.chmod(file, 0o664);
  expect(await writeRenderedFile(file, 'a', { hasSecrets: true })).toBe('unchanged');
  expect(await modeOf(file)).toBe('660');
  await fs.chmod(file, 0o666);
  expect(await writeRenderedFile(file, 'b', { hasSecrets: true })).toBe('written');
  expect(await modeOf(file)).toBe('660');
});

test('a file keeps its mode, and a link stays a link', async () => {
  await using folder = await openTemporaryDirectory();
  const [file, link] = [path.join(folder.path, 'app.conf'), path.join(folder.path, 'link.conf')];
  await fs.writeFile(file, 'old', { mode: 0o640 });
  await fs.symlink(file, link);
  expect(await writeRenderedFile(link, 'new', { hasSecrets: false })).toBe('written');
  expect(await modeOf(file)).toBe('640');
  expect((await fs.lstat(link)).isSymbolicLink()).toBe(true);
  expect(await fs.readFile(file, 'utf8')).toBe('new');
  const { ino } = await fs.stat(file);
  expect(await writeRenderedFile(link, 'new', { hasSecrets: false })).toBe('unchanged');
  expect((await fs.stat(file)).ino).toBe(ino);
});

test('what cannot be written leaves the old file and nothing beside it', async () => {
  await using folder = await openTemporaryDirectory();
  await fs.mkdir(path.join(folder.path, 'app.conf'));
  const failed = writeRenderedFile(path.join(folder.path, 'app.conf'), 'x', { hasSecrets: false });
  await expect(failed).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('EISDIR') as string,
  });
  const missing = writeRenderedFile(path.join(folder.path, 'no', 'app.conf'), 'x', { hasSecrets: false });
  await expect(missing).rejects.toThrow('ENOENT');
  expect(await fs.readdir(folder.path)).toEqual(['app.conf']);
});
