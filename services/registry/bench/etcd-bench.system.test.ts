// The benchmark runs, small, with every test run, so that it cannot rot. Its figures are for `npm run bench -- etcd`.
import { expect, test } from 'vitest';
import { runBench } from './etcd.bench.ts';

test('the benchmark gives every figure', async () => {
  const results = await runBench({ rounds: 1, periodMs: 50, events: 5 });
  expect(results).toHaveLength(6);
  for (const { ours } of results) expect(ours).toBeGreaterThan(0);
});
