// The benchmark runs, small, with every test run, so that it cannot rot. Its figures are for `npm run bench -- cbor`.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';

test('every codec has every figure', () => {
  const program = path.join(import.meta.dirname, 'cbor.bench.ts');
  const env = { ...process.env, CBOR_BENCH_MS: '1', CBOR_BENCH_ROUNDS: '1' };
  const { bench, results } = JSON.parse(String(execFileSync(process.execPath, [program, '--json'], { env })));
  expect(bench).toBe('cbor');
  expect(results).toHaveLength(12);
  for (const { name, ours, peers } of results) {
    const others = ['cbor-x', 'msgpackr', ...(name.startsWith('1 MiB') ? [] : ['json'])];
    expect(Object.keys(peers)).toEqual(others);
    for (const figure of [ours, ...Object.values(peers)]) expect(figure).toBeGreaterThan(0);
  }
});
