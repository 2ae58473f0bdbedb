// Defect 14 of C5Store: its package cannot be installed. Packages of this project run from their sources, which Node.js does
// not do below `node_modules` of an installed copy, so a consumer has them linked, as npm's workspaces do and `npm install
// FOLDER` does: that is what a program outside of this repository is given here. What would be packed is looked at too.
import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const PACKAGE = path.join(import.meta.dirname, '..');

type Manifest = { readonly exports: Readonly<Record<string, string>> };

async function readManifest(): Promise<Manifest> {
  return JSON.parse(await fs.readFile(path.join(PACKAGE, 'package.json'), 'utf8')) as Manifest;
}

test('defect 14: a program elsewhere imports every door of the package by its name, and reads a value', async () => {
  await using directory = await openTemporaryDirectory();
  const at = (name: string): string => path.join(directory.path, name);
  await fs.mkdir(at('node_modules/@plumb'), { recursive: true });
  await fs.symlink(PACKAGE, at('node_modules/@plumb/config'));
  const doors = Object.keys((await readManifest()).exports).map((door) => `@plumb/config${door.slice(1)}`);
  await fs.writeFile(at('package.json'), '{ "type": "module" }');
  await fs.writeFile(at('config.yaml'), 'title: Tips\nwait: 10s\n');
  await fs.writeFile(
    at('main.ts'),
    `import { duration, fileSource, openConfig } from '@plumb/config';
await Promise.all(${JSON.stringify(doors)}.map((door: string) => import(door)));
await using config = await openConfig({ sources: [fileSource('config.yaml')] });
console.log(config.require('title'), config.read('wait', duration()));
`,
  );
  const { stdout } = await run(process.execPath, ['main.ts'], { cwd: directory.path });
  expect(stdout).toBe('Tips 10000\n');
});

test('defect 14: every door of the package is a file that is packed', async () => {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: PACKAGE });
  const [one] = JSON.parse(stdout) as { readonly files: readonly { readonly path: string }[] }[];
  const packed = new Set(one?.files.map((file) => file.path));
  for (const file of Object.values((await readManifest()).exports)) expect(packed.has(file.slice(2))).toBe(true);
});
