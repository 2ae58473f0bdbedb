// The benchmark runs, small, with every test run, so that it cannot rot. Its figures are for `npm run bench -- config`.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';

type Result = { readonly name: string; readonly ours: number; readonly peers: Readonly<Record<string, number>> };

test('every figure is there, and the peers answer the same lookups', () => {
  const program = path.join(import.meta.dirname, 'config.bench.ts');
  const env = { ...process.env, CONFIG_BENCH_MS: '1', CONFIG_BENCH_ROUNDS: '1' };
  const output = execFileSync(process.execPath, [program, '--json'], { env, encoding: 'utf8' });
  const { bench, results } = JSON.parse(output) as { readonly bench: string; readonly results: readonly Result[] };
  expect(bench).toBe('config');
  expect(results).toHaveLength(7);
  expect(Object.keys(results[0]?.peers ?? {})).toEqual(['config', 'convict', 'nconf']);
  // Processor time is counted in steps that a tiny run may not fill.
  for (const { ours } of results) expect(ours).toBeGreaterThanOrEqual(0);
  expect(results.find(({ name }) => name.startsWith('start'))?.ours).toBeGreaterThan(0);
});
