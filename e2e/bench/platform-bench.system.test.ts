// The benchmark runs, small, with every test run, so that it cannot rot. Its figures are for `npm run bench -- platform`.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('the platform benchmark prints every figure in the common format', async () => {
  const file = fileURLToPath(new URL('platform.bench.ts', import.meta.url));
  const env = { ...process.env, PLATFORM_ROUNDS: '1', PLATFORM_REST_MS: '0' };
  const { stdout } = await promisify(execFile)(process.execPath, [file, '--json'], { env });
  const { bench, results } = JSON.parse(stdout) as {
    bench: string;
    results: { name: string; ours: number; goal: number }[];
  };
  expect(bench).toBe('platform');
  expect(results.map(({ name }) => name)).toContain('a killed process is ready again');
  expect(results).toHaveLength(7);
  for (const { ours, goal } of results) expect(Math.min(ours, goal)).toBeGreaterThan(0);
});
