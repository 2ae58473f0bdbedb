import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';

test('the benchmark runs, on a small input', () => {
  const program = path.join(import.meta.dirname, '..', 'bench', 'kv.bench.ts');
  const env = { ...process.env, KV_BENCH_KEYS: '500', KV_BENCH_MS: '20' };
  const { bench, results } = JSON.parse(String(execFileSync(process.execPath, [program, '--json'], { env })));
  expect(bench).toBe('kv');
  expect(results.length).toBeGreaterThan(3);
  for (const result of results) expect(result).toMatchObject({ ours: expect.any(Number) });
});
