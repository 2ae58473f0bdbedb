// The benchmark runs, small, with every test run, so that it cannot rot. Its figures are for `npm run bench -- registry`.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { findProgram, hasRequirement } from '@plumb/testing';
import { expect, test } from 'vitest';

const hasEtcd = hasRequirement('etcd', 'apt-get install etcd-server', findProgram('etcd') !== undefined);

test('the benchmark has every figure, and what it measures is whole', { timeout: 120_000 }, () => {
  const program = path.join(import.meta.dirname, '../bench/registry.bench.ts');
  const env = { ...process.env, REGISTRY_BENCH_SCALE: '0.005' };
  const report = JSON.parse(String(execFileSync(process.execPath, [program, '--json'], { env }))) as {
    readonly bench: string;
    readonly results: readonly { readonly name: string; readonly ours: number; readonly peers: object }[];
  };
  expect(report.bench).toBe('registry');
  expect(report.results.map(({ name }) => name.replace(/\d+ (instances|watchers)/, 'N $1'))).toEqual([
    'start with N instances',
    'memory of N instances',
    'durable registrations, in process',
    'resolve from the cache',
    'resolve over CURVE, 64 at a time',
    'join to usable, p50',
    'join to usable, p99',
    'change to N watchers, p50',
    'change to N watchers, p99',
    'change to N watchers, memory of each',
    'change to N watchers, p50',
    'change to N watchers, p99',
    'change to N watchers, memory of each',
    'durable registrations by another process',
    'CPU of such a registration, server',
    ...(hasEtcd ? ["the same, beside etcd's"] : []),
  ]);
  for (const { name, ours } of report.results) expect(Number.isFinite(ours), name).toBe(true);
  const registrations = report.results.find(({ name }) => name.endsWith('by another process'));
  expect(Object.keys(registrations?.peers ?? {})).toEqual(hasEtcd ? ['etcd'] : []);
});
