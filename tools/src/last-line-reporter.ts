/**
 * What a test run says at its end: the tests that were skipped, the ten slowest, and as the very last line
 * `N passed, N failed, N skipped`, which people and machines can rely on. It is written when the process exits, so that
 * no other reporter comes after it. A file that does not load and an error outside any test count as failed.
 */
import fs from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

export type TestCounts = { readonly passed: number; readonly failed: number; readonly skipped: number };
export type TimedTest = { readonly name: string; readonly durationMs: number };

/** Where the counts are written as JSON instead of being printed: `npm test` adds its other stages to them. */
export const COUNTS_FILE_VARIABLE = 'PLUMB_TEST_COUNTS_FILE';

/** Enough to see where the time goes without hiding the summary above. */
const SLOWEST_COUNT = 10;

export function formatCounts({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** Lines for the slowest tests, slowest first, with their times in one column. */
export function formatSlowest(tests: readonly TimedTest[]): string[] {
  return tests
    .toSorted((a, b) => b.durationMs - a.durationMs)
    .slice(0, SLOWEST_COUNT)
    .map(({ name, durationMs }) => `${`${Math.round(durationMs)} ms`.padStart(9)}  ${name}`);
}

/** The reporter that `vitest.config.ts` adds to the default one. */
export function lastLineReporter(): Reporter {
  let counts: TestCounts = { passed: 0, failed: 0, skipped: 0 };
  return {
    onInit() {
      process.on('exit', () => {
        const file = process.env[COUNTS_FILE_VARIABLE];
        if (file === undefined) fs.writeSync(1, `${formatCounts(counts)}\n`);
        else fs.writeFileSync(file, JSON.stringify(counts));
      });
    },
    onTestRunEnd(modules, unhandledErrors) {
      const results = modules.map(readModule);
      const tests = results.flatMap(({ tests }) => tests);
      const isState = (state: string) => tests.filter((test) => test.state === state);
      const broken = results.reduce((sum, { brokenCount }) => sum + brokenCount, 0);
      // A test that never ended, since its worker or the run was ended, is no success.
      const failed = isState('failed').length + isState('pending').length + broken + unhandledErrors.length;
      counts = { passed: isState('passed').length, failed, skipped: isState('skipped').length };

      const skipped = isState('skipped').map(({ name }) => `  ${name}`);
      if (skipped.length > 0) process.stdout.write(`\nskipped:\n${skipped.join('\n')}\n`);
      if (tests.length > SLOWEST_COUNT) process.stdout.write(`\nslowest:\n${formatSlowest(tests).join('\n')}\n`);
    },
  };
}

/** `brokenCount` counts errors of the file and its suites themselves: it did not load, or a hook failed. */
function readModule(module: TestModule): { tests: (TimedTest & { state: string })[]; brokenCount: number } {
  const suites = [...module.children.allSuites()];
  const brokenCount = [module, ...suites].filter((suite) => suite.errors().length > 0).length;
  const tests = [...module.children.allTests()].map((test) => ({
    name: `${module.relativeModuleId} > ${test.fullName}`,
    durationMs: test.diagnostic()?.duration ?? 0,
    state: test.result().state,
  }));
  return { tests, brokenCount };
}
