import fs from 'node:fs';
import path from 'node:path';
import { runChild } from '../bootstrap/run-child.mjs';
import type { Command } from './command.ts';

/** A benchmark is a program, `bench/NAME.bench.ts` at the root or in a workspace, and takes `--json`. */
const BENCHES = ['bench/*.bench.ts', '{lib,services,apps}/*/bench/*.bench.ts', 'e2e/bench/*.bench.ts'];

export const bench: Command = {
  name: 'bench',
  summary: 'run the benchmark NAME [--json], or list them',
  async run([name, ...args], root) {
    const benches = listBenches(root);
    const names = [...benches.keys()].join(', ') || 'none';
    if (name === undefined) {
      process.stdout.write(`benchmarks: ${names}\n`);
      return 0;
    }
    const file = benches.get(name);
    if (file === undefined) {
      process.stderr.write(`there is no benchmark "${name}"; there are: ${names}\n`);
      return 2;
    }
    return runChild('node', [file, ...args], { cwd: root });
  },
};

/** Benchmarks by name, in order of name. */
function listBenches(root: string): ReadonlyMap<string, string> {
  const files = fs.globSync(BENCHES, { cwd: root });
  const named = files.map((file) => [path.basename(file, '.bench.ts'), file] as const);
  return new Map(named.toSorted(([a], [b]) => a.localeCompare(b)));
}
