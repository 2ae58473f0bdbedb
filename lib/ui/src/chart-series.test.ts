import { expect, test } from 'vitest';
import {
  chartStepMs,
  latestValue,
  seriesColor,
  sparkPath,
  stackSeries,
  timeStart,
  valueRange,
} from './chart-series.ts';

test('stacked lines are running sums, and a gap adds nothing to those above', () => {
  const stacked = stackSeries([
    { label: 'a', values: [1, 2, null] },
    { label: 'b', values: [10, null, 30] },
    { label: 'c', values: [100, 200, 300] },
  ]);
  expect(stacked).toEqual([
    [1, 2, null],
    [11, null, 30],
    [111, 202, 330],
  ]);
});

test('the latest value is the last that is there', () => {
  expect(latestValue([1, 0, null])).toBe(0);
  expect(latestValue([null])).toBeUndefined();
});

test('a value axis starts at zero, unless that would hide every change of a plain number', () => {
  expect(valueRange(2, 10, 'bytes')).toEqual([0, 10.8]);
  expect(valueRange(-10, 10, 'none')).toEqual([-10.8, 10.8]);
  expect(valueRange(1_000_000, 1_000_100, 'count')).toEqual([999_990, 1_000_110]);
  expect(valueRange(1_000_000, 1_000_100, 'bytes')[0]).toBe(0);
});

test('a share that is over a half is shown of the whole', () => {
  expect(valueRange(0.98, 1, 'ratio')).toEqual([0, 1]);
  expect(valueRange(0.1, 0.5, 'ratio')).toEqual([0, 0.54]);
  expect(valueRange(0, 2, 'ratio')).toEqual([0, 2.16]);
});

test('a value axis has a height for still lines and for none', () => {
  const ranges = [valueRange(null, null, 'none'), valueRange(0, 0, 'none'), valueRange(50, 50, 'none')];
  expect(ranges).toEqual([
    [0, 1],
    [0, 1],
    [0, 54],
  ]);
  expect(valueRange(-50, -50, 'none')).toEqual([-54, 0]);
});

test('a time axis begins with the first sample, but never shows less than two minutes', () => {
  expect(timeStart(undefined, 1_000_000, 900_000)).toBe(100_000);
  expect(timeStart(50_000, 1_000_000, 900_000)).toBe(100_000);
  expect(timeStart(400_000, 1_000_000, 900_000)).toBe(400_000);
  expect(timeStart(990_000, 1_000_000, 900_000)).toBe(880_000);
  expect(timeStart(990_000, 1_000_000, 60_000)).toBe(940_000);
});

test('a spark line is broken by gaps and scaled from zero', () => {
  expect(sparkPath([0, 10, null, 5], { width: 30, height: 10 })).toBe('M0.0 10.0L10.0 0.0M30.0 5.0');
  expect(sparkPath([null, null], { width: 30, height: 10 })).toBe('');
});

test('a spark line of shares is scaled to the whole', () => {
  expect(sparkPath([0.5, 0.25], { width: 10, height: 100, top: 1 })).toBe('M0.0 50.0L10.0 75.0');
});

test('a step is round and gives no more points than fit', () => {
  expect(chartStepMs(900_000, 500)).toBe(5_000);
  expect(chartStepMs(86_400_000, 500)).toBe(600_000);
  expect(chartStepMs(300_000, 2_000)).toBe(1_000);
  for (const widthPixels of [0, 1, 320, 1_440]) expect(chartStepMs(900_000, widthPixels)).toBeGreaterThan(0);
});

test('the ninth line has the colour of the first', () => expect(seriesColor(8)).toBe(seriesColor(0)));
