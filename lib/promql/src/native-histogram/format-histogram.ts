import { bucketsOf, hasCustomBounds, type NativeHistogram } from './native-histogram.ts';

/**
 * `{count:4, sum:6.5, (0.5,1]:1, (1,2]:3}`, as Prometheus writes it where a histogram becomes a label: buckets that hold
 * something, ascending, a round bracket where the bound itself belongs to the neighbour.
 */
export function formatHistogram(histogram: NativeHistogram): string {
  const parts = [`count:${formatShort(histogram.count)}`, `sum:${formatShort(histogram.sum)}`];
  const isCustom = hasCustomBounds(histogram);
  for (const { lower, upper, count } of bucketsOf(histogram)) {
    if (count === 0) continue;
    const opens = isCustom ? lower === -Infinity : lower < 0;
    const closes = isCustom || upper > 0;
    const range = `${opens ? '[' : '('}${formatShort(lower)},${formatShort(upper)}${closes ? ']' : ')'}`;
    parts.push(`${range}:${formatShort(count)}`);
  }
  return `{${parts.join(', ')}}`;
}

/** The shortest digits that read back, with an exponent of two digits from 1e+06 and below 1e-04 on: `%g` of Go. */
function formatShort(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value !== 0 && (Math.abs(value) < 1e-4 || Math.abs(value) >= 1e6))
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  return Object.is(value, -0) ? '-0' : String(value);
}
