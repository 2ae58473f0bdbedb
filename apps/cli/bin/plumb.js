#!/usr/bin/env node
// Runs the command under the Node.js that Plumb brings, whatever the system has: the sources are TypeScript, which
// older versions cannot run.
import { spawn } from 'node:child_process';
import module, { createRequire } from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const NODE_MAJOR_MIN = 26;

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) {
  // Sources are stripped of their types and compiled once, not at every start: half the start, and 20 MB less.
  module.enableCompileCache(fileURLToPath(new URL('../../../node_modules/.cache/plumb', import.meta.url)));
  await import(main).catch(explainMissing);
} else {
  const prefix = process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  const node = createRequire(import.meta.url).resolve(`${prefix}-${process.platform}-${process.arch}/bin/node`);
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  // The terminal sends Ctrl-C to both; only the child decides when to end.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => signal !== 'SIGINT' && child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 0);
  });
}

/** After a pull: the sources know packages that are not installed yet. */
function explainMissing(error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  const [, what = 'a package'] = /'([^']+)'/.exec(error.message) ?? [];
  process.stderr.write(
    `✖ ${what} is not installed: run "npm start" or "npm install" in Plumb's folder once, then try again\n`,
  );
  process.exitCode = 1;
}
