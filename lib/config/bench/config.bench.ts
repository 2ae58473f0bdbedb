/**
 * Lookups beside npm's `config`, `convict` and `nconf`; the start of an application with 5,000 keys from five sources (YAML,
 * JSON, TOML, dotenv, variables), each in a process of its own; and what one change costs. `--json` prints the project's
 * common format; `CONFIG_BENCH_ROUNDS` and `CONFIG_BENCH_MS` set the size.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type BenchResult, medianOf, printBench } from '@plumb/testing/bench';
import type { ConfigObject } from '../src/index.ts';
import { measureChanges } from './changes.ts';
import { type FiveSources, treeOf, writeFiveSources } from './five-sources.ts';
import { measureLookups } from './lookups.ts';
import type { StartFigures } from './start-config.ts';

const ROUNDS = Number(process.env['CONFIG_BENCH_ROUNDS'] ?? 9);
const ROUND_MS = Number(process.env['CONFIG_BENCH_MS'] ?? 60);
/** Of changes, in a round. */
const CHANGES = ROUND_MS * 30;
const START_MS_GOAL = 50;

const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'plumb-bench-'));
try {
  const sources = await writeFiveSources(directory);
  const tree = treeOf(sources.paths.map((one, i) => [one, i % 3 === 0 ? true : i % 3 === 1 ? i : `text ${i}`]));
  const lookups = await measureLookups(tree as ConfigObject, sources.paths, { rounds: ROUNDS, roundMs: ROUND_MS });
  const results = [
    ...lookups,
    ...measureChanges([50, 5_000], { rounds: ROUNDS, changes: CHANGES }),
    ...measureStarts(sources),
  ];
  const notes = {
    get: 'processor time of the thread, the median of rounds that take turns; every path in the same order that jumps about',
    start:
      'in a new process each time, from the call of openConfig to all values, with the parsers that it loads; the modules of the package were loaded before',
    thread: 'the processor time of the thread alone: what a busy machine changes least',
  };
  printBench({ bench: 'config', rounds: ROUNDS, results, notes });
} finally {
  await fs.rm(directory, { recursive: true, force: true });
}

function measureStarts({ files, environment }: FiveSources): BenchResult[] {
  const program = path.join(import.meta.dirname, 'start-config.ts');
  const env = { ...environment, PATH: process.env['PATH'] };
  const figures = Array.from({ length: ROUNDS }, () => {
    const output = execFileSync(process.execPath, [program, ...files], { encoding: 'utf8', env });
    return JSON.parse(output) as StartFigures;
  });
  for (const { keyCount } of figures) if (keyCount !== 5_000) throw new Error(`${keyCount} of 5,000 keys are there`);
  const median = (name: keyof StartFigures): number => medianOf(figures.map((one) => one[name]));
  return [
    {
      name: 'start, 5,000 keys of 5 sources',
      unit: 'ms',
      better: 'lower',
      ours: median('openMs'),
      goal: START_MS_GOAL,
    },
    { name: 'start, thread', unit: 'ms', better: 'lower', ours: median('threadMs') },
  ];
}
