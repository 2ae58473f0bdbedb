import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';

test('the benchmark of publish and subscribe runs, on a small input', () => {
  const program = path.join(import.meta.dirname, 'publish.bench.ts');
  const env = { ...process.env, PUBLISH_BENCH_MS: '20', PUBLISH_BENCH_ROUNDS: '1' };
  const { bench, results } = JSON.parse(String(execFileSync(process.execPath, [program, '--json'], { env })));
  expect(bench).toBe('publish');
  expect(results).toHaveLength(3);
  for (const { ours } of results) expect(ours).toBeGreaterThan(0);
});
