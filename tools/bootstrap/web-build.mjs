// @ts-check
/**
 * Builds the web app when what it is made of has changed. `dist` carries a hash of its sources, so that a warm start
 * only reads files; it is replaced in one step, so that a server never sees half of it.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { withExclusive } from './exclusive.mjs';
import { runChild } from './run-child.mjs';

const APP = 'apps/console';
const STAMP = '.built-from';
/** Beside sources, what changes the result: versions of what is installed, and how it is built. */
const EXTRA_FILES = ['package-lock.json', 'tsconfig.json'];
const IGNORED_NAMES = /^(node_modules|dist(\..*)?|test|README\.md)$|\.test\.tsx?$/;

/** Whether `dist` is missing or was built from other sources. @param {string} root */
export function isWebStale(root) {
  return readStamp(root) !== hashSources(root);
}

/**
 * Builds the web app unless `dist` is up to date. Rejects with the bundler's output when it cannot be built; the `dist`
 * that was there stays.
 * @param {string} root
 * @param {{ vite?: string }} [options]
 */
export async function buildWeb(root, { vite = path.join(root, 'node_modules/.bin/vite') } = {}) {
  if (!isWebStale(root)) return;
  await withExclusive(path.join(root, 'node_modules/.cache/plumb/web-build.lock'), async () => {
    const hash = hashSources(root);
    if (readStamp(root) === hash) return;
    const app = path.join(root, APP);
    const [next, old] = [path.join(app, 'dist.next'), path.join(app, 'dist.old')];
    /** @type {Buffer[]} */
    const output = [];
    const code = await runChild(vite, ['build', '--outDir', next, '--emptyOutDir', '--logLevel', 'warn'], {
      cwd: app,
      env: { ...process.env, NODE_ENV: 'production' },
      onOutput: (chunk) => output.push(chunk),
    });
    if (code !== 0)
      throw new Error(`the web app could not be built:\n${Buffer.concat(output).toString('utf8').trim()}`);
    fs.writeFileSync(path.join(next, STAMP), hash);
    fs.rmSync(old, { recursive: true, force: true });
    if (fs.existsSync(path.join(app, 'dist'))) fs.renameSync(path.join(app, 'dist'), old);
    fs.renameSync(next, path.join(app, 'dist'));
    fs.rmSync(old, { recursive: true, force: true });
  });
}

/** @param {string} root */
function readStamp(root) {
  const file = path.join(root, APP, 'dist', STAMP);
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined;
}

/** A hash over the names and contents of everything the app is built from. @param {string} root */
export function hashSources(root) {
  const hash = createHash('sha256');
  const folders = [...dependencyFolders(root)].sort();
  const files = [...EXTRA_FILES, ...folders.flatMap((folder) => listFiles(root, folder))];
  for (const file of files) {
    const content = fs.readFileSync(path.join(root, file));
    hash.update(`${file}\n${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

/** The app's folder and those of the workspaces it depends on, directly or not. @param {string} root */
function dependencyFolders(root) {
  /** @type {Set<string>} */
  const found = new Set();
  const waiting = [APP];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    if (found.has(folder)) continue;
    found.add(folder);
    const { dependencies = {} } = JSON.parse(fs.readFileSync(path.join(root, folder, 'package.json'), 'utf8'));
    for (const name of Object.keys(dependencies)) {
      const target = path.join(root, 'node_modules', name);
      if (name.startsWith('@plumb/')) waiting.push(path.relative(root, fs.realpathSync(target)));
    }
  }
  return found;
}

/** @param {string} root @param {string} folder @returns {string[]} */
function listFiles(root, folder) {
  return fs
    .readdirSync(path.join(root, folder), { withFileTypes: true })
    .filter(({ name }) => !IGNORED_NAMES.test(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const file = `${folder}/${entry.name}`;
      return entry.isDirectory() ? listFiles(root, file) : entry.isFile() ? [file] : [];
    });
}
