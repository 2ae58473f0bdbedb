import { expect, test } from 'vitest';
import { undeclaredFaults, unusedFaults } from './dependencies.ts';
import { createTree } from './tree.ts';

const ROOT = { devDependencies: { vitest: '1' } };
const KV = { name: '@plumb/kv', dependencies: { ws: '1', anvil: '1' }, devDependencies: { '@types/pg': '1' } };

function treeOf(files: Readonly<Record<string, string>>): ReturnType<typeof createTree> {
  const manifests = {
    'package.json': ROOT,
    'lib/kv/package.json': KV,
    'lib/base/package.json': { name: '@plumb/base' },
  };
  const texts = Object.entries(manifests).map(([file, manifest]) => [file, JSON.stringify(manifest)] as const);
  return createTree(new Map([...texts, ...Object.entries(files)]));
}

test('what a package imports is declared by that package; tests may use what the root declares, and workspaces', () => {
  const check = (file: string, specifier: string, expected: string[]): void =>
    expect(undeclaredFaults(treeOf({ [file]: `import '${specifier}';` }))).toEqual(expected);
  const fault = (file: string, name: string): string =>
    `${file}: imports ${name}, which lib/kv/package.json does not declare: add it there, then run npm install`;

  check('lib/kv/src/a.ts', 'left-pad/x', [fault('lib/kv/src/a.ts', 'left-pad')]);
  check('lib/kv/src/a.ts', '@plumb/base', [fault('lib/kv/src/a.ts', '@plumb/base')]);
  check('lib/kv/src/a.ts', 'vitest', [fault('lib/kv/src/a.ts', 'vitest')]);
  check('lib/kv/src/a.test.ts', 'left-pad', [fault('lib/kv/src/a.test.ts', 'left-pad')]);
  check('e2e/a.ts', 'ws', [
    'e2e/a.ts: imports ws, which package.json does not declare: add it there, then run npm install',
  ]);

  check('lib/kv/src/a.ts', 'ws', []);
  check('lib/kv/src/a.ts', 'pg', []);
  check('lib/kv/src/a.ts', '@plumb/kv/server', []);
  check('lib/kv/src/a.ts', 'node:fs', []);
  check('lib/kv/src/a.test.ts', 'vitest', []);
  check('lib/kv/src/a.test.ts', '@plumb/base', []);
});

test('a dependency that nothing names is a fault; prose does not count, a program found by name does', () => {
  const check = (text: string, expected: string[]): void =>
    expect(unusedFaults(treeOf({ 'lib/kv/src/a.ts': text, 'lib/kv/README.md': 'uses ws and anvil' }))).toEqual(
      expected,
    );
  check("import 'ws'; import.meta.resolve('anvil/package.json');", []);
  check("import 'ws';", ['lib/kv/package.json: declares anvil, which nothing in lib/kv uses: remove it']);
});
