/**
 * Prepares a node's state file, then becomes the node: `node launch-node.ts STATE_FILE PROGRAM ARGUMENTS…`. It replaces
 * itself (execve), so the process id, signals and exit are the node's own, and no second process stays.
 */
import path from 'node:path';
import { prepareStateFile } from './state-file.ts';

const [stateFile = '', program = '', ...words] = process.argv.slice(2);
const name = path.basename(stateFile);
const LINES = {
  absent: 'begins a new chain',
  whole: `continues the chain of ${name}`,
  restored: `${name} was torn: continues the chain as it was at the last start; the torn file is ${name}.torn`,
  'set-aside': `${name} was torn: begins a new chain; the torn file is ${name}.torn`,
} as const;

process.stdout.write(`${path.basename(program)}: ${LINES[prepareStateFile(stateFile)]}\n`);
if (process.execve === undefined) throw new Error(`this platform cannot start ${program} in place: use Linux or macOS`);
process.execve(program, [program, ...words], process.env);
