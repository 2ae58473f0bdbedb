/**
 * The PromQL test scripts of Prometheus, from promql/promqltest/testdata of github.com/prometheus/prometheus (Apache-2.0).
 *
 * `--data DIR` is the folder with the `.test` files. Prints each eval that fails, what passed of each script and of each
 * part of the language, and at the end `N passed, N failed, N skipped`.
 */
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runScript, type Verdict } from './run-script.ts';
import { SCRIPTS_DIRECTORY } from './scripts-directory.ts';

/** Gates of the judge, each with those before it. */
const GATES = [
  ['without native histograms and experimental syntax', ['plain']],
  ['without native histograms', ['plain', 'experimental']],
  ['all', ['plain', 'experimental', 'histograms']],
] as const;

const { values } = parseArgs({ options: { data: { type: 'string' } } });
const directory = values.data ?? SCRIPTS_DIRECTORY;
if (fs.existsSync(directory)) {
  process.exitCode = await judge(directory);
} else {
  const isAsked = values.data !== undefined;
  print(`there are no scripts in ${directory}: name the folder with --data DIR`);
  if (!isAsked) print('0 passed, 0 failed, 1 skipped');
  process.exitCode = isAsked ? 2 : 0;
}

async function judge(directory: string): Promise<number> {
  const all: Verdict[] = [];
  const names = fs.readdirSync(directory).filter((file) => file.endsWith('.test'));
  const rows: string[] = [];
  for (const name of names.toSorted()) {
    const verdicts = await runScript(fs.readFileSync(path.join(directory, name), 'utf8'));
    for (const { kind, line, expression, reason } of verdicts)
      if (kind === 'failed') print(`${name}:${line}: ${expression}: ${reason}`);
    rows.push(row(name, verdicts));
    all.push(...verdicts);
  }
  for (const text of rows) print(text);
  for (const [name, groups] of GATES) {
    const ofGate: readonly string[] = groups;
    print(
      row(
        name,
        all.filter(({ group }) => ofGate.includes(group)),
      ),
    );
  }
  const passed = countPassed(all);
  print(`${passed} passed, ${all.length - passed} failed, 0 skipped`);
  return passed === all.length ? 0 : 1;
}

function row(name: string, verdicts: readonly Verdict[]): string {
  const counts = `${countPassed(verdicts)} / ${verdicts.length}`;
  return `${name.padEnd(52)}${counts.padStart(13)}`;
}

function countPassed(verdicts: readonly Verdict[]): number {
  return verdicts.filter(({ kind }) => kind === 'passed').length;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
