import { describe, expect, test } from 'vitest';
import {
  formatAgo,
  formatAxis,
  formatCount,
  formatNumber,
  formatRelease,
  formatSpan,
  formatValue,
  formatWhole,
  type ValueUnit,
} from './format.ts';

/** Narrow spaces as plain ones, so that the expected texts can be read. */
const plain = (text: string): string => text.replaceAll('\u202f', ' ');

describe('formatValue', () => {
  const check = (value: number | null | undefined, unit: ValueUnit, text: string): void =>
    test(`${String(value)} as ${unit} reads ${text}`, () => expect(plain(formatValue(value, unit))).toBe(text));

  check(0, 'none', '0');
  check(undefined, 'bytes', '–');
  check(null, 'seconds', '–');
  check(Number.NaN, 'ratio', '–');
  check(Number.POSITIVE_INFINITY, 'seconds', '∞');
  check(Number.NEGATIVE_INFINITY, 'none', '−∞');
  check(0.4237, 'ratio', '42.4 %');
  check(1, 'ratio', '100 %');
  check(1, 'cores', '1 core');
  check(0.25, 'cores', '0.25 cores');
  check(12.345, 'per-second', '12.3/s');
  check(1_536, 'bytes', '1.5 KiB');
  check(-1_536, 'bytes', '−1.5 KiB');
  check(5_242_880, 'bytes-per-second', '5.0 MiB/s');
  check(0, 'seconds', '0 s');
  check(0.000_25, 'seconds', '250 µs');
  check(0.0125, 'seconds', '12.5 ms');
  check(0.9999, 'seconds', '1 s');
  check(90, 'seconds', '1 min 30 s');
  check(1_204_118, 'count', '1,204,118');
  check(31_204_118, 'count', '31.2 M');
  check(1_204_118, 'none', '1.2 M');
});

describe('formatNumber', () => {
  const check = (value: number, text: string): void =>
    test(`${value} reads ${text}`, () => expect(plain(formatNumber(value))).toBe(text));

  check(3.14159, '3.14');
  check(0.1 + 0.2, '0.3');
  check(42_315, '42,315');
  check(123_456, '123 k');
  check(999_950, '1 M');
  check(2.5e9, '2.5 G');
  check(-7.125, '−7.13');
  check(0.000_81, '0.00081');
  check(-4.2e-8, '−4.2e−8');
});

describe('formatAxis', () => {
  const check = (values: number[], unit: ValueUnit, labels: string[]): void =>
    test(`${values.join(' ')} as ${unit}`, () => expect(formatAxis(values, unit).map(plain)).toEqual(labels));

  check([0, 0.05, 0.1], 'cores', ['0', '0.05', '0.1']);
  check([0, 1_024, 2_048], 'bytes', ['0 B', '1.0 KiB', '2.0 KiB']);
  check([1_204_100, 1_204_200], 'count', ['1,204,100', '1,204,200']);
  check([0, 1_000_000, 2_000_000], 'count', ['0', '1 M', '2 M']);
  check([75.1e9, 75.2e9], 'bytes', ['69.9 GiB', '70 GiB']);
  check([0.9991, 0.9992], 'ratio', ['99.91 %', '99.92 %']);
  check([1.001, 1.002], 'seconds', ['1.001 s', '1.002 s']);
  check([5, 5], 'none', ['5', '5']);
});

describe('times', () => {
  test('an age is in one unit, and does not flicker while it is young', () => {
    const ages = [0, 2_900, 3_000, 59_999, 60_000, 3_599_000, 3_600_000, 90_000_000];
    expect(ages.map((age) => formatAgo(1_000_000_000_000 - age, 1_000_000_000_000))).toEqual([
      'just now',
      'just now',
      '3 s ago',
      '59 s ago',
      '1 min ago',
      '59 min ago',
      '1 h ago',
      '1 d ago',
    ]);
  });

  test('a clock that is behind makes nothing negative', () => {
    expect(formatAgo(2_000, 1_000)).toBe('just now');
    expect(formatSpan(-5_000)).toBe('0 s');
  });

  test('an uptime counts whole seconds', () => {
    expect([0, 999, 4_200, 310_000, 7_800_000].map(formatSpan)).toEqual([
      '0 s',
      '0 s',
      '4 s',
      '5 min 10 s',
      '2 h 10 min',
    ]);
  });
});

test('counts agree with their noun', () => {
  expect([formatCount(0, 'unit'), formatCount(1, 'unit'), formatCount(1_200, 'entry', 'entries')]).toEqual([
    '0 units',
    '1 unit',
    '1,200 entries',
  ]);
});

test('heights are whole and grouped', () => expect(formatWhole(1_204_118)).toBe('1,204,118'));

test('a release is told by the first twelve characters of its hash', () => {
  expect(formatRelease('sha256:9f2c41ab77de0912')).toBe('9f2c41ab77de');
  expect(formatRelease('v1')).toBe('v1');
});
