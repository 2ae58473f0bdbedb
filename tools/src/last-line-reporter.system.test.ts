import { spawnSync } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { openTemporaryDirectory } from '@plumb/testing';
import { expect, test } from 'vitest';
import { COUNTS_FILE_VARIABLE, formatSlowest } from './last-line-reporter.ts';

const FIXTURES = path.join(import.meta.dirname, '../test/reporter');

function runFixtures(env: NodeJS.ProcessEnv = {}): { status: number | null; lines: string[] } {
  const vitest = path.join(import.meta.dirname, '../../node_modules/vitest/vitest.mjs');
  const { status, stdout } = spawnSync(process.execPath, [vitest, 'run', '--root', FIXTURES], {
    encoding: 'utf8',
    env: { ...process.env, [COUNTS_FILE_VARIABLE]: undefined, ...env },
  });
  return { status, lines: stdout.trimEnd().split('\n') };
}

test('the last line counts every test, and a file that does not load as failed', () => {
  const { status, lines } = runFixtures();
  expect(status).toBe(1);
  expect(lines.at(-1)).toBe('2 passed, 2 failed, 1 skipped');
  expect(lines).toContain('  mixed.fixture.ts > mail server is absent: install it');
});

test('the counts go to a file where others are to be added', async () => {
  await using directory = await openTemporaryDirectory();
  const file = path.join(directory.path, 'counts.json');
  const { lines } = runFixtures({ [COUNTS_FILE_VARIABLE]: file });
  expect(JSON.parse(await fs.readFile(file, 'utf8'))).toEqual({ passed: 2, failed: 2, skipped: 1 });
  expect(lines.at(-1)).not.toContain('passed, ');
});

test('the slowest tests come first, ten at most', () => {
  const tests = Array.from({ length: 20 }, (_, index) => ({ name: `t${index}`, durationMs: index * 10 }));
  const lines = formatSlowest(tests);
  expect(lines).toHaveLength(10);
  expect(lines[0]).toBe('   190 ms  t19');
});
