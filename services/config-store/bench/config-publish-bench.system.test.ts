// The benchmark runs, small, with every test run, so that it cannot rot. Its figures are for `npm run bench -- config-publish`.
import { expect, test } from 'vitest';
import { runBench } from './config-publish.bench.ts';

test('the benchmark gives every figure, and sees no torn read', async () => {
  const results = await runBench({ processes: 2, changes: 2 });
  expect(results).toHaveLength(9);
  for (const { name, ours } of results) {
    if (name === 'torn reads') expect(ours).toBe(0);
    else expect(ours).toBeGreaterThan(0);
  }
});
