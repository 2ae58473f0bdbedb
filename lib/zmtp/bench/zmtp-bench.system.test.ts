// The benchmark runs, small, with every test run, so that it cannot rot. Its figures are for `npm run bench -- zmtp`.
import { expect, test } from 'vitest';
import { runBench } from './zmtp.bench.ts';

test('the benchmark gives every figure for both makers', async () => {
  const results = await runBench({ rounds: 1, calls: 200, sequentialCalls: 5, subscribers: 3, published: 100 });
  expect(results.map(({ name }) => name)).toEqual([
    'NULL, 64 in flight',
    'NULL, 64 in flight: CPU of a call',
    'NULL, one at a time: p50',
    'CURVE, 64 in flight',
    'CURVE, 64 in flight: CPU of a call',
    'CURVE, one at a time: p50',
    'publish to 3',
    'publish to 3: CPU of a delivery',
  ]);
  for (const { ours, peers } of results) expect(Math.min(ours, peers['zeromq'] ?? 0)).toBeGreaterThan(0);
});
