import { expect, test } from 'vitest';
import { benchRecord, formatBench, medianOf } from './bench-report.ts';

const REPORT = {
  bench: 'rpc',
  rounds: 3,
  results: [
    { name: 'calls', unit: '1/s', better: 'higher', ours: 12_345.6, peers: { http: 4_000.4 }, goal: 10_000 },
    { name: 'p50', unit: 'µs', better: 'lower', ours: 87.654, goal: 50 },
    { name: 'size', unit: 'B', better: 'lower', ours: 1.5 },
  ],
  notes: { http: 'kept connections' },
} as const;

test('a figure stands beside those of its peers and its goal', () => {
  const [, ...lines] = formatBench(REPORT).split('\n');
  expect(lines).toEqual([
    '  calls     12346 1/s   http 4000   goal 10000: met',
    '  p50        87.7 µs   goal 50: MISSED',
    '  size        1.5 B',
    '  http: kept connections',
  ]);
});

test('as data every figure has every field', () => {
  expect(benchRecord(REPORT)).toMatchObject({
    bench: 'rpc',
    machine: expect.stringContaining('Node'),
    rounds: 3,
    results: [
      { name: 'calls', unit: '1/s', better: 'higher', ours: 12_346, peers: { http: 4_000 }, goal: 10_000, met: true },
      { name: 'p50', ours: 87.7, peers: {}, goal: 50, met: false },
      { name: 'size', ours: 1.5, peers: {}, goal: null, met: null },
    ],
    notes: { http: 'kept connections' },
  });
});

test('the median is a value that was measured', () => {
  expect([medianOf([3, 1, 2]), medianOf([1, 2]), medianOf([])]).toEqual([2, 2, Number.NaN]);
});
