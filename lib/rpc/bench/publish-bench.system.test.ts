// The benchmark runs, small, with every test run, so that it cannot rot. Its figures are for `npm run bench -- rpc`.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { findProgram } from '@plumb/testing';
import { expect, test } from 'vitest';

test('every subscriber of every peer is told of each change once and in order', { timeout: 60_000 }, () => {
  const program = path.join(import.meta.dirname, 'publish.bench.ts');
  const env = { ...process.env, PUBLISH_BENCH_MS: '20', PUBLISH_BENCH_ROUNDS: '1' };
  const { bench, results } = JSON.parse(String(execFileSync(process.execPath, [program, '--json'], { env })));
  expect(bench).toBe('publish');
  expect(results).toHaveLength(3);
  const expected = findProgram('nats-server') === undefined ? ['zeromq'] : ['zeromq', 'nats'];
  for (const { ours, peers } of results) {
    expect(Object.keys(peers)).toEqual(expected);
    for (const figure of [ours, ...Object.values(peers)]) expect(figure).toBeGreaterThan(0);
  }
});
