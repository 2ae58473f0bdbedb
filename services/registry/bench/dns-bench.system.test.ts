// The benchmark runs, small, with every test run, so that it cannot rot. Its figures are for `npm run bench -- dns`.
import { expect, test } from 'vitest';
import { runBench } from './dns.bench.ts';

test('the benchmark gives every figure', async () => {
  const results = await runBench({ rounds: 1, queries: 1_600, sequentialQueries: 20 });
  expect(results.map(({ name }) => name)).toEqual([
    'SRV of 5 instances, 64 in flight',
    'SRV of 5 instances: CPU of a query',
    'SRV of 5 instances, 64 in flight: p99',
    'A of one instance, 64 in flight',
    'A of one instance: CPU of a query',
    'A of one instance, 64 in flight: p99',
    'no such name, 64 in flight',
    'no such name: CPU of a query',
    'no such name, 64 in flight: p99',
    'A, one at a time: p50',
    'A, one at a time: p99',
  ]);
  for (const { name, ours } of results) if (!name.includes('CPU')) expect(ours).toBeGreaterThan(0);
});
