import { expect, test } from 'vitest';
import { runBench } from './tsdb.bench.ts';

test('the benchmark runs, with small numbers, and decimal series stay small', async () => {
  const { results, checksum } = await runBench({
    chunkCount: 2,
    seriesCount: 40,
    scrapeCount: 960,
    rounds: 1,
    seriesCounts: [300],
  });
  const ours = (name: string): number => results.find((result) => result.name === name)?.ours ?? NaN;
  expect(ours('constant: size')).toBeLessThan(0.7);
  expect(ours('slow counter: size')).toBeLessThan(0.9);
  expect(ours('counter: size')).toBeLessThan(2);
  expect(ours('gauge, 2 decimals: size')).toBeLessThan(1.6);
  expect(ours('random: size')).toBeLessThan(9);
  expect(ours('append')).not.toBeNaN();
  expect(ours('300 series: index and one sample')).toBeLessThan(120);
  expect(checksum).toBeGreaterThan(0);
});
