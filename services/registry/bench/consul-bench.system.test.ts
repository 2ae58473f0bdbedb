// The benchmark runs, small, with every test run, so that it cannot rot. Its figures are for `npm run bench -- consul`.
import { expect, test } from 'vitest';
import { runBench } from './consul.bench.ts';

test('the benchmark gives every figure', async () => {
  const results = await runBench({ rounds: 1, watchers: 20, changes: 2, operations: 100 });
  expect(results.map(({ name }) => name)).toEqual([
    'a change of one service to 20 who wait: p99',
    'a change of one key to 20 who wait: p99',
    'CPU of one who waits for a service, from question to answer',
    'CPU of one who waits for a key, from question to answer',
    'keys put, 64 in flight',
    'keys read, 64 in flight',
    'CPU of a put',
    'CPU of a read',
  ]);
  for (const { ours } of results) expect(ours).toBeGreaterThan(0);
});
