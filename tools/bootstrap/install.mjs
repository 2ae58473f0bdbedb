// @ts-check
/**
 * Installs what the lock file names and `node_modules` lacks. The state is read, not remembered: npm notes what it
 * installed in `node_modules/.package-lock.json`, so an install by hand counts, and one that was cut short does not.
 *
 * Where the machine's own Node.js or npm is too old for that, the pinned ones of `tools/runtime` are installed first,
 * and install the rest: npm leaves out optional packages whose `engines` exclude the Node that it runs under, and the
 * linter, the formatter and the bundler have their programs in such packages.
 *
 * No install script of any package runs (`ignore-scripts` in `.npmrc`).
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ensureNodeStarts } from './debian.mjs';
import { withExclusive } from './exclusive.mjs';
import { withProgress } from './progress.mjs';
import { runChild } from './run-child.mjs';

/** @typedef {{ title: string, folder: string, command: string[] }} InstallStep `folder` and paths are relative to the root */
/** @typedef {{ nodeVersion: string, npmVersion: string | undefined, npmCommand: string[], isRuntimeReady: boolean }} Machine */
/** @typedef {{ version?: string, integrity?: string, optional?: boolean, link?: boolean, os?: string | string[], cpu?: string | string[], libc?: string | string[] }} LockedPackage */

const RUNTIME = 'tools/runtime';
const NODE = `${nodePackage(process)}/bin/node`;
const RUNTIME_NODE = `${RUNTIME}/node_modules/${NODE}`;
const RUNTIME_NPM = `${RUNTIME}/node_modules/npm/bin/npm-cli.js`;
const FLAGS = ['--ignore-scripts', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=warn'];
/** The oldest npm that has been seen to install this project. */
const NPM_MAJOR_MIN = 10;
/** Enough of npm's output to see what went wrong; the rest is in the log file. */
const LOG_LINES_SHOWN = 25;

/**
 * Makes `node_modules` match the lock file; quick when it does already. Another process that is at it is waited for.
 * Rejects when npm fails, with the end of its output and the file that has all of it.
 * @param {string} root
 */
export async function ensureInstalled(root) {
  if (listMissing(root).length === 0 && fs.existsSync(path.join(root, 'node_modules/.bin/node'))) return;
  await withExclusive(
    path.join(root, RUNTIME, 'install.lock'),
    async () => {
      if (listMissing(root).length > 0) {
        for (const step of planInstall(readMachine(root))) await runStep(root, step);
      }
      const missing = listMissing(root);
      if (missing.length > 0) {
        throw new Error(
          `npm ended without a fault, but these packages are not there: ${missing.slice(0, 5).join(', ')}; ` +
            'if a package.json was changed by hand run "npm install", else remove node_modules and try again',
        );
      }
      await ensureNodeStarts(path.join(root, 'node_modules', NODE));
      ensureNodeLink(root);
    },
    (pid) => process.stderr.write(`another install is running (pid ${pid}); waiting for it\n`),
  );
}

/**
 * What to run, in order. `npm install --no-save` rather than `npm ci`: npm 11 refuses to `ci` where a registry lacks
 * the optional packages of other platforms, and an install into an existing folder only fetches what differs.
 * Versions and hashes are those of the lock file either way, which `listMissing` checks afterwards.
 * @param {Machine} machine
 * @returns {InstallStep[]}
 */
export function planInstall({ nodeVersion, npmVersion, npmCommand, isRuntimeReady }) {
  const install = ['install', '--no-save', ...FLAGS];
  const title = 'installing packages';
  if (isNodeRecent(nodeVersion) && majorOf(npmVersion ?? '0') >= NPM_MAJOR_MIN) {
    return [{ title, folder: '.', command: [...npmCommand, ...install] }];
  }
  const runtime = { title: 'installing Node.js and npm', folder: RUNTIME, command: [...npmCommand, 'ci', ...FLAGS] };
  const rest = { title, folder: '.', command: [RUNTIME_NODE, RUNTIME_NPM, ...install] };
  return isRuntimeReady ? [rest] : [runtime, rest];
}

/**
 * Names of locked packages that are not installed in the locked version, of those that belong on this platform.
 * @param {string} root
 * @returns {string[]}
 */
export function listMissing(root) {
  const wanted = readPackages(path.join(root, 'package-lock.json'));
  const actual = readPackages(path.join(root, 'node_modules/.package-lock.json'));
  return Object.entries(wanted)
    .filter(([name, locked]) => name.startsWith('node_modules/') && isForPlatform(locked, process))
    .filter(([name, locked]) => !isSame(locked, actual[name]) || !fs.existsSync(path.join(root, name)))
    .map(([name]) => name.replace('node_modules/', ''));
}

/**
 * Whether npm installs `locked` here. Of the optional packages only those for one platform count: these are programs
 * that something needs, while npm may leave out others for reasons of its own.
 * @param {LockedPackage} locked
 * @param {{ platform: string, arch: string }} machine
 */
export function isForPlatform({ optional = false, os: systems, cpu, libc }, { platform, arch }) {
  if (optional && systems === undefined && cpu === undefined) return false;
  // The pinned Node.js is built for glibc, so no other libc can run the project.
  return matches(systems, platform) && matches(cpu, arch) && matches(libc, 'glibc');
}

/** The environment without what `npm start` adds to it, which would confuse an npm of another version. @param {NodeJS.ProcessEnv} env */
export function withoutNpmVariables(env) {
  const own =
    /^(npm_(package|lifecycle|command|execpath|node_execpath|config_(user_agent|npm_version|node_gyp|local_prefix|prefix|noproxy|globalconfig|init_module))|INIT_CWD)/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !own.test(name)));
}

/** npm before 10.9 installs the package but makes no link to its program. @param {string} root */
function ensureNodeLink(root) {
  const link = path.join(root, 'node_modules/.bin/node');
  if (!fs.existsSync(link)) fs.symlinkSync(`../${NODE}`, link);
}

/** @param {string} root @param {InstallStep} step */
async function runStep(root, { title, folder, command }) {
  const [file = '', ...args] = command.map((word) => (word.startsWith(`${RUNTIME}/`) ? path.join(root, word) : word));
  if (file.startsWith(root)) await ensureNodeStarts(file);
  const log = path.join(os.tmpdir(), `plumb-install-${process.pid}.log`);
  const output = fs.openSync(log, 'a');
  try {
    const bin = path.dirname(file);
    const env = withoutNpmVariables(process.env);
    const code = await withProgress(title, async () => {
      const code = await runChild(file, args, {
        cwd: path.join(root, folder),
        env: path.isAbsolute(bin) ? { ...env, PATH: `${bin}${path.delimiter}${env['PATH']}` } : env,
        onOutput: (chunk) => fs.writeSync(output, chunk),
      });
      if (code > 128) throw new Error('interrupted');
      if (code !== 0) throw new Error(`${[file, ...args].join(' ')} ended with code ${code}`);
      return code;
    });
    if (code === 0) fs.rmSync(log, { force: true });
  } catch (error) {
    const lines = fs.readFileSync(log, 'utf8').trimEnd().split('\n');
    const end = lines.filter((line) => !line.includes('EBADENGINE')).slice(-LOG_LINES_SHOWN);
    throw new Error(`${end.join('\n')}\n${title} failed: ${message(error)}; all of its output is in ${log}`);
  } finally {
    fs.closeSync(output);
  }
}

/** @param {string} root @returns {Machine} */
function readMachine(root) {
  const { npm_execpath: npmPath = '' } = process.env;
  const npmCommand = /npm-cli\.c?js$/.test(npmPath) && fs.existsSync(npmPath) ? [process.execPath, npmPath] : ['npm'];
  const [file = '', ...args] = npmCommand;
  const result = spawnSync(file, [...args, '--version'], { encoding: 'utf8', env: withoutNpmVariables(process.env) });
  if (result.status !== 0) throw new Error('npm cannot be started; install Node.js 20 or newer together with npm');
  return {
    nodeVersion: process.versions.node,
    npmVersion: result.stdout.trim(),
    npmCommand,
    isRuntimeReady: fs.existsSync(path.join(root, RUNTIME_NPM)) && listMissing(path.join(root, RUNTIME)).length === 0,
  };
}

/** The package that holds Node.js for a platform. @param {{ platform: string, arch: string }} machine */
function nodePackage({ platform, arch }) {
  return `${platform === 'darwin' && arch === 'arm64' ? 'node-bin' : 'node'}-${platform}-${arch}`;
}

/** Whether packages with `engines: ^20.19.0 || >=22.12.0` are installed under this version. @param {string} version */
function isNodeRecent(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22;
}

/** @param {string} version */
function majorOf(version) {
  return Number(version.split('.')[0]);
}

/** @param {string} file @returns {Record<string, LockedPackage>} */
function readPackages(file) {
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')).packages : {};
}

/** @param {LockedPackage} wanted @param {LockedPackage | undefined} actual */
function isSame(wanted, actual) {
  return actual !== undefined && actual.version === wanted.version && actual.integrity === wanted.integrity;
}

/** As npm reads `os`, `cpu` and `libc`: a list of names, or of names that are excluded by `!`. @param {string | string[] | undefined} list @param {string} name */
function matches(list, name) {
  if (list === undefined) return true;
  const names = [list].flat();
  if (names.includes(`!${name}`)) return false;
  return names.includes(name) || names.every((one) => one.startsWith('!'));
}

/** @param {unknown} error */
function message(error) {
  return error instanceof Error ? error.message : String(error);
}
