import fs from 'node:fs/promises';
import path from 'node:path';
import { openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';
import { isForPlatform, listMissing, planInstall, withoutNpmVariables } from './install.mjs';

test('the toolchain is installed first only where the machine has an older one', () => {
  const check = (nodeVersion: string, npmVersion: string, expected: string[]): void => {
    const plan = planInstall({ nodeVersion, npmVersion, npmCommand: ['npm'], isRuntimeReady: false });
    expect(plan.map(({ folder, command }) => `${folder}: ${path.basename(command[0] ?? '')}`)).toEqual(expected);
  };
  check('20.0.0', '9.6.4', ['tools/runtime: npm', '.: node']);
  check('20.18.3', '10.8.2', ['tools/runtime: npm', '.: node']);
  check('22.11.0', '10.9.0', ['tools/runtime: npm', '.: node']);
  check('24.1.0', '9.9.0', ['tools/runtime: npm', '.: node']);
  check('20.19.0', '10.8.2', ['.: npm']);
  check('22.12.0', '10.9.0', ['.: npm']);
  check('26.10.0', '11.21.2', ['.: npm']);
});

test('a toolchain that is there already is used again', () => {
  const machine = { nodeVersion: '20.0.0', npmVersion: '9.6.4', npmCommand: ['npm'], isRuntimeReady: true };
  expect(planInstall(machine).map(({ folder }) => folder)).toEqual(['.']);
});

test('what is missing is read from what npm noted and what is there', async () => {
  await using directory = await openTemporaryDirectory();
  const root = directory.path;
  const write = async (file: string, packages: object): Promise<void> => {
    await fs.mkdir(path.join(root, path.dirname(file)), { recursive: true });
    await fs.writeFile(path.join(root, file), JSON.stringify({ packages }));
  };
  const other = process.platform === 'linux' ? 'darwin' : 'linux';
  await write('package-lock.json', {
    '': {},
    'lib/base': { version: '1.0.0' },
    'node_modules/same': { version: '1.0.0', integrity: 'a' },
    'node_modules/changed': { version: '2.0.0', integrity: 'b' },
    'node_modules/removed': { version: '1.0.0', integrity: 'c' },
    'node_modules/@native/here': { version: '1.0.0', optional: true, os: [process.platform], cpu: [process.arch] },
    'node_modules/@native/other': { version: '1.0.0', optional: true, os: other },
    'node_modules/fallback': { version: '1.0.0', optional: true },
  });
  expect(listMissing(root)).toEqual(['same', 'changed', 'removed', '@native/here']);

  await write('node_modules/.package-lock.json', {
    'node_modules/same': { version: '1.0.0', integrity: 'a' },
    'node_modules/changed': { version: '1.0.0', integrity: 'd' },
    'node_modules/removed': { version: '1.0.0', integrity: 'c' },
  });
  for (const name of ['same', 'changed']) await fs.mkdir(path.join(root, 'node_modules', name));
  expect(listMissing(root)).toEqual(['changed', 'removed', '@native/here']);
});

test('platforms are matched as npm does, and only glibc counts', () => {
  const check = (locked: object, expected: boolean): void =>
    expect(isForPlatform(locked, { platform: 'linux', arch: 'x64' })).toBe(expected);
  check({}, true);
  check({ os: 'linux', cpu: 'x64' }, true);
  check({ os: ['linux'], cpu: ['arm64'] }, false);
  check({ os: ['!win32'] }, true);
  check({ os: ['!linux'] }, false);
  check({ os: ['linux'], libc: ['musl'] }, false);
  check({ os: ['linux'], libc: ['glibc'] }, true);
  check({ optional: true }, false);
});

test('an npm that starts another gives it settings of the person only', () => {
  const env = {
    PATH: '/bin',
    npm_config_registry: 'https://registry.example',
    npm_config_cache: '/cache',
    npm_config_user_agent: 'npm/9',
    npm_execpath: '/npm-cli.js',
    npm_package_name: 'plumb',
    npm_lifecycle_event: 'test',
  };
  expect(Object.keys(withoutNpmVariables(env))).toEqual(['PATH', 'npm_config_registry', 'npm_config_cache']);
});
