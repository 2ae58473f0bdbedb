import fs from 'node:fs/promises';
import path from 'node:path';
import { openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';
import { buildWeb, isWebStale } from './web-build.mjs';

/** A project of one app and two libraries, and a bundler that copies the app's source or fails when it says so. */
async function createProject(
  root: string,
): Promise<{ write: (file: string, text: string) => Promise<void>; vite: string }> {
  const write = async (file: string, text: string): Promise<void> => {
    await fs.mkdir(path.join(root, path.dirname(file)), { recursive: true });
    await fs.writeFile(path.join(root, file), text);
  };
  await write('package-lock.json', '{}');
  await write('tsconfig.json', '{}');
  await write('apps/console/package.json', '{ "dependencies": { "@plumb/rpc": "*", "preact": "1" } }');
  await write('apps/console/src/main.tsx', 'one');
  await write('lib/rpc/package.json', '{ "dependencies": { "@plumb/base": "*" } }');
  await write('lib/rpc/src/index.ts', '');
  await write('lib/base/package.json', '{}');
  await write('lib/base/src/index.ts', '');
  await write('lib/kv/src/index.ts', '');
  await fs.mkdir(path.join(root, 'node_modules/@plumb'), { recursive: true });
  for (const name of ['rpc', 'base'])
    await fs.symlink(`../../lib/${name}`, path.join(root, 'node_modules/@plumb', name));
  const vite = path.join(root, 'vite.sh');
  await fs.writeFile(
    vite,
    '#!/bin/sh\ngrep -q broken src/main.tsx && { echo "cannot parse main.tsx"; exit 1; }\nmkdir -p "$3" && cp src/main.tsx "$3/index.html"\n',
    { mode: 0o755 },
  );
  return { write, vite };
}

test('the app is built when it or a library that it uses has changed, and only then', async () => {
  await using directory = await openTemporaryDirectory();
  const root = directory.path;
  const { write, vite } = await createProject(root);
  expect(isWebStale(root)).toBe(true);
  await buildWeb(root, { vite });
  expect(await fs.readFile(path.join(root, 'apps/console/dist/index.html'), 'utf8')).toBe('one');
  expect(isWebStale(root)).toBe(false);

  const check = async (file: string, expected: boolean): Promise<void> => {
    await write(file, `changed ${file}`);
    expect([file, isWebStale(root)]).toEqual([file, expected]);
    await buildWeb(root, { vite });
  };
  await check('apps/console/src/main.tsx', true);
  await check('apps/console/src/main.test.ts', false);
  await check('lib/rpc/src/index.ts', true);
  await check('lib/base/src/deep/new.ts', true);
  await check('lib/base/README.md', false);
  await check('lib/kv/src/index.ts', false);
  await fs.rm(path.join(root, 'apps/console/dist'), { recursive: true });
  expect(isWebStale(root)).toBe(true);
});

test('a build that fails says what the bundler said, and leaves the app that was there', async () => {
  await using directory = await openTemporaryDirectory();
  const root = directory.path;
  const { write, vite } = await createProject(root);
  await buildWeb(root, { vite });
  await write('apps/console/src/main.tsx', 'broken');
  await expect(buildWeb(root, { vite })).rejects.toThrow('the web app could not be built:\ncannot parse main.tsx');
  expect(await fs.readFile(path.join(root, 'apps/console/dist/index.html'), 'utf8')).toBe('one');
  expect(isWebStale(root)).toBe(true);
});
