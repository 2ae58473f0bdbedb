import fs from 'node:fs';
import path from 'node:path';
import { runChild } from '../bootstrap/run-child.mjs';
import type { Command } from './command.ts';

/** A judge is a program, `test/NAME.judge.ts` of a workspace; its header comment begins with what it runs, and from where. */
const JUDGES = ['{lib,services,apps}/*/test/*.judge.ts', 'e2e/test/*.judge.ts'];

export const judge: Command = {
  name: 'judge',
  summary: 'run a test suite that we did not write, NAME [--data DIR], or list them',
  async run([name, ...args], root) {
    const judges = listJudges(root);
    if (name === undefined) {
      for (const [each, file] of judges)
        process.stdout.write(`${each.padEnd(12)}  ${aboutOf(path.join(root, file))}\n`);
      return 0;
    }
    const file = judges.get(name);
    if (file === undefined) {
      process.stderr.write(`there is no judge "${name}"; there are: ${[...judges.keys()].join(', ') || 'none'}\n`);
      return 2;
    }
    return runChild('node', [file, ...args], { cwd: root });
  },
};

/** Files by name, in order of name. */
function listJudges(root: string): ReadonlyMap<string, string> {
  const files = fs.globSync(JUDGES, { cwd: root });
  const named = files.map((file) => [path.basename(file, '.judge.ts'), file] as const);
  return new Map(named.toSorted(([a], [b]) => a.localeCompare(b)));
}

/** The first paragraph of the header comment. */
function aboutOf(file: string): string {
  const [, comment = ''] = /^\/\*\*([\s\S]*?)\*\//.exec(fs.readFileSync(file, 'utf8')) ?? [];
  const lines = comment.split('\n').map((line) => line.replace(/^\s*\*?\s?/, '').trim());
  const text = lines.join('\n').trim().split('\n\n')[0] ?? '';
  return text.replaceAll('\n', ' ');
}
