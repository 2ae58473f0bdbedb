// Judges the evaluator by test scripts: our own in testdata/, and those of Prometheus 3.14, which we did not write.
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { runScript } from './run-script.ts';
import { SCRIPTS_DIRECTORY } from './scripts-directory.ts';

const OWN_SCRIPTS = path.join(import.meta.dirname, '../testdata');
const PROMETHEUS_SCRIPTS = process.env['PROMQLTEST_DIR'] ?? SCRIPTS_DIRECTORY;
/** In the scripts of Prometheus 3.14: a runner that reads over one is no judge. */
const EVAL_COUNT_MIN = 2_214;

for (const name of fs.readdirSync(OWN_SCRIPTS).filter((file) => file.endsWith('.test.txt'))) {
  test(`our script ${name} holds`, async () => {
    const verdicts = await runScript(fs.readFileSync(path.join(OWN_SCRIPTS, name), 'utf8'));
    expect(verdicts.filter(({ kind }) => kind !== 'passed')).toEqual([]);
    expect(verdicts.length).toBeGreaterThan(0);
  });
}

const isPresent = fs.existsSync(PROMETHEUS_SCRIPTS);
if (!isPresent)
  process.stderr.write(
    `skipped: no scripts in ${PROMETHEUS_SCRIPTS}: set PROMQLTEST_DIR to promql/promqltest/testdata of Prometheus\n`,
  );

test.skipIf(!isPresent)('every eval of the test scripts of Prometheus passes', { timeout: 120_000 }, async () => {
  let evalCount = 0;
  const failures: string[] = [];
  for (const name of fs.readdirSync(PROMETHEUS_SCRIPTS).filter((file) => file.endsWith('.test'))) {
    for (const verdict of await runScript(fs.readFileSync(path.join(PROMETHEUS_SCRIPTS, name), 'utf8'))) {
      evalCount += 1;
      if (verdict.kind === 'failed') failures.push(`${name}:${verdict.line}: ${verdict.expression}: ${verdict.reason}`);
    }
  }
  expect(failures).toEqual([]);
  expect(evalCount).toBeGreaterThanOrEqual(EVAL_COUNT_MIN);
});
