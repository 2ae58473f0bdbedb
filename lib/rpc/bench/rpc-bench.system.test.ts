import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';

test('the benchmark runs, on a small input, with both peers', () => {
  const program = path.join(import.meta.dirname, 'rpc.bench.ts');
  const env = { ...process.env, RPC_BENCH_MS: '10', RPC_BENCH_ROUNDS: '1' };
  const { bench, results } = JSON.parse(String(execFileSync(process.execPath, [program, '--json'], { env })));
  expect(bench).toBe('rpc');
  expect(results).toHaveLength(7);
  const positive = expect.toSatisfy((value) => Number(value) > 0);
  for (const result of results) {
    expect(result).toMatchObject({ ours: positive, peers: { zeromq: positive, http: positive } });
  }
});
