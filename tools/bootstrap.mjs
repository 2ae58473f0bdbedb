// @ts-check
/**
 * The entry of every npm script. It runs under whatever Node.js the machine has (20 or newer), before anything is
 * installed, so it uses nothing but Node: it installs what is missing, then runs the work with the pinned Node.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureDebianPackages, ensurePeerPackages, TEST_PACKAGES } from './bootstrap/debian.mjs';
import { ensureInstalled, withoutNpmVariables } from './bootstrap/install.mjs';
import { withProgress } from './bootstrap/progress.mjs';
import { runChild } from './bootstrap/run-child.mjs';
import { buildWeb } from './bootstrap/web-build.mjs';

const NODE_MAJOR_MIN = 20;
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const bin = path.join(root, 'node_modules/.bin');
const node = path.join(bin, 'node');
/** What keeps a daemon that mostly waits small: 30 MB of garbage that is not yet collected, and of free lists of threads. */
const LEAN_FLAGS = ['--max-semi-space-size=2'];
const LEAN_ENV = { MALLOC_ARENA_MAX: '1' };

try {
  process.exitCode = await bootstrap(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

/** Resolves with the exit code. @param {readonly string[]} words */
async function bootstrap([command = '', ...words]) {
  if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN) {
    throw new Error(
      `Node.js ${process.versions.node} is too old: install Node.js ${NODE_MAJOR_MIN} or newer, then try again`,
    );
  }
  await ensureInstalled(root);
  process.env['PATH'] = `${bin}${path.delimiter}${process.env['PATH']}`;
  const env = withoutNpmVariables(process.env);

  switch (command) {
    case 'start':
      await withProgress('building the web app', () => buildWeb(root));
      return runChild(node, [...LEAN_FLAGS, 'apps/cli/bin/plumb.js', 'up', '--deploy', 'examples/tipjar', ...words], {
        cwd: root,
        env: { ...env, ...LEAN_ENV },
      });
    case 'test':
      await ensureDebianPackages(TEST_PACKAGES, 'tests that need them are skipped');
      await ensurePeerPackages();
      return runTool(['test', ...words], { ...env, ...requirements(env) });
    case 'bench':
      if (words.includes('rpc') || words.includes('dns')) await ensurePeerPackages();
      return runTool(['bench', ...words], env);
    case 'tool':
      return runTool(words, env);
    default:
      return runTool([command, ...words], env);
  }
}

/** @param {string[]} words @param {NodeJS.ProcessEnv} env */
function runTool(words, env) {
  return runChild(node, [path.join(root, 'tools/src/main.ts'), ...words], { cwd: root, env });
}

/** In CI a test whose real part is missing fails, where apt or npm could have provided it. @param {NodeJS.ProcessEnv} env */
function requirements({ CI, REQUIRE = 'chromium,dig,etcd,etcdctl,haproxy,python3-cbor2,python3-zmq,strace' }) {
  return CI === undefined || CI === '' || CI === 'false' ? {} : { REQUIRE };
}
