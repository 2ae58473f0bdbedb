import { expect, test } from 'vitest';
import { runBench } from './promql.bench.ts';

test('the benchmark runs, with small numbers, and answers the same each time', async () => {
  const first = await runBench({ seriesCount: 20, rounds: 1 });
  expect(first.results).toHaveLength(14);
  for (const { ours } of first.results) expect(ours).toBeGreaterThan(0);
  expect((await runBench({ seriesCount: 20, rounds: 1 })).checksum).toBe(first.checksum);
});
