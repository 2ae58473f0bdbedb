import { expect, test } from 'vitest';
import { layerFaults } from './layers.ts';
import { createTree } from './tree.ts';

const PACKAGES = ['lib/base', 'lib/kv', 'services/config-store', 'services/deploy', 'apps/plumbd'];

function treeOf(files: Readonly<Record<string, string>>): ReturnType<typeof createTree> {
  const manifests = PACKAGES.map(
    (folder) => [`${folder}/package.json`, `{ "name": "@plumb/${folder.split('/')[1]}" }`] as const,
  );
  return createTree(new Map([...manifests, ...Object.entries(files)]));
}

test('arrows point left only, and the fault says what to do instead', () => {
  const check = (file: string, specifier: string, expected: string[]): void =>
    expect(layerFaults(treeOf({ [file]: `import '${specifier}';` }))).toEqual(expected);

  check('lib/kv/src/index.ts', '@plumb/config-store', [
    'lib/kv/src/index.ts: lib may not import services (@plumb/config-store): pass it in instead',
  ]);
  check('services/deploy/src/index.ts', '@plumb/plumbd', [
    'services/deploy/src/index.ts: services may not import apps (@plumb/plumbd): pass it in instead',
  ]);
  check('lib/base/src/index.ts', '@plumb/kv', [
    'lib/base/src/index.ts: lib/base is below lib/kv and may not import it: pass a function in instead',
  ]);
  check('services/deploy/src/a.ts', '@plumb/config-store/server', [
    "services/deploy/src/a.ts: a service may not import another's server (@plumb/config-store/server): call it through its contract",
  ]);
  check('services/deploy/src/a.ts', '../../config-store/src/store.ts', [
    'services/deploy/src/a.ts: ../../config-store/src/store.ts leaves services/deploy: import the other package by its name',
  ]);

  check('lib/kv/src/index.ts', '@plumb/base', []);
  check('services/deploy/src/a.ts', '@plumb/config-store', []);
  check('services/config-store/src/a.ts', '@plumb/config-store/server', []);
  check('apps/plumbd/src/a.ts', '@plumb/config-store/server', []);
  check('services/deploy/src/a.ts', './b.ts', []);
  check('services/deploy/src/a.test.ts', '@plumb/config-store/server', []);
  check('lib/base/src/a.test.ts', '@plumb/kv', []);
});

test('a library without a place in the order is a fault', () => {
  const tree = createTree(new Map([['lib/zmtp2/package.json', '{ "name": "@plumb/zmtp2" }']]));
  expect(layerFaults(tree)).toEqual([
    'lib/zmtp2: has no place among the libraries: add it to LIB_ORDER in tools/src/tidy/layers.ts',
  ]);
});
