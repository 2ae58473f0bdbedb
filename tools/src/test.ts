/**
 * `npm test`: every check, the build of the web app, then every test. All of them run, whatever fails. The last line is
 * `N passed, N failed, N skipped` over the tests, where each check that failed counts as one more failure.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { runChild } from '../bootstrap/run-child.mjs';
import type { Command } from './command.ts';
import { COUNTS_FILE_VARIABLE, formatCounts, type TestCounts } from './last-line-reporter.ts';
import { formatStage, runStages, type Stage } from './stage.ts';
import { CHECKS } from './verify.ts';

const WEB: Stage = {
  name: 'web build',
  command: ['node', 'tools/src/main.ts', 'web'],
  remedy: 'see: npm run tool -- web',
};

/** How long a property runs in `npm run test:soak`, when `FUZZ_SECONDS` does not say. */
const SOAK_SECONDS = 60;

export const test: Command = {
  name: 'test',
  summary: 'check and test everything; with PATTERN only the test files whose path contains it',
  async run(patterns, root) {
    const stages = await runStages(root, patterns.length > 0 ? [WEB] : [...CHECKS, WEB]);
    const faults = stages.filter(({ isPassed }) => !isPassed);
    const { code, counts } = await runVitest(root, patterns);
    // A runner that ended badly without counting a failure did fail: it crashed, or it found no test.
    const uncounted = code !== 0 && counts.failed === 0 ? 1 : 0;
    const failed = counts.failed + faults.length + uncounted;
    // Said again: hundreds of tests have gone by since.
    for (const fault of faults) process.stdout.write(`${formatStage(fault)}\n`);
    if (uncounted > 0) process.stdout.write('FAIL  the test runner ended badly: see its output above\n');
    process.stdout.write(`${formatCounts({ ...counts, failed })}\n`);
    return failed === 0 ? 0 : 1;
  },
};

export const testSoak: Command = {
  name: 'test:soak',
  summary: `the property, simulation and soak tests, ${SOAK_SECONDS} s each (FUZZ_SECONDS=N for another time)`,
  async run(patterns, root) {
    const env = { FUZZ_SECONDS: String(SOAK_SECONDS), ...process.env };
    const files = patterns.length > 0 ? patterns : ['.fuzz.test.', '.sim.test.', '.soak.'];
    return runChild('vitest', ['run', '--passWithNoTests', ...files], { cwd: root, env });
  },
};

async function runVitest(root: string, patterns: readonly string[]): Promise<{ code: number; counts: TestCounts }> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'plumb-test-'));
  try {
    const file = path.join(directory, 'counts.json');
    const env = { ...process.env, [COUNTS_FILE_VARIABLE]: file };
    const code = await runChild('vitest', ['run', ...patterns], { cwd: root, env });
    return { code, counts: readCounts(file) };
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

function readCounts(file: string): TestCounts {
  if (!fs.existsSync(file)) return { passed: 0, failed: 0, skipped: 0 };
  return JSON.parse(fs.readFileSync(file, 'utf8')) as TestCounts;
}
