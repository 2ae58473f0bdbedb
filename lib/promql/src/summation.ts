/** Sums that keep the digits which plain addition loses: Kahan's summation as improved by Neumaier (1974). */

export type Sum = { total: number; compensation: number };

export function addTo(sum: Sum, value: number): void {
  const next = sum.total + value;
  if (Math.abs(next) === Infinity) sum.compensation = 0;
  else if (Math.abs(sum.total) >= Math.abs(value)) sum.compensation += sum.total - next + value;
  else sum.compensation += value - next + sum.total;
  sum.total = next;
}

export function resultOf({ total, compensation }: Sum): number {
  return Number.isFinite(total) ? total + compensation : total;
}

/** The sum of `values[start..end)`. */
export function sumOf(values: Float64Array, start: number, end: number): number {
  let total = 0;
  let compensation = 0;
  // As `addTo`, in variables: a third faster than an object.
  for (let i = start; i < end; i += 1) {
    const value = values[i] as number;
    const next = total + value;
    if (Math.abs(next) === Infinity) compensation = 0;
    else compensation += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  return Number.isFinite(total) ? total + compensation : total;
}

/**
 * The mean of `values[start..end)`, at least one: their sum over their count, until the sum overflows, then a running mean,
 * which stays within the bounds of the values.
 */
export function meanOf(values: Float64Array, start: number, end: number): number {
  const whole = sumOf(values, start, end);
  if (Number.isFinite(whole)) return whole / (end - start);
  const sum = { total: 0, compensation: 0 };
  for (let i = start; i < end; i += 1) {
    const before = { ...sum };
    addTo(sum, values[i] as number);
    const isOverflow = Math.abs(sum.total) === Infinity && i > start;
    if (isOverflow) return runningMeanOf(before, values, { start, next: i, end });
  }
  return resultOf(sum) / (end - start);
}

/** Goes on from the sum of `values[start..next)`. Infinities stay what they are. */
function runningMeanOf(
  sum: Sum,
  values: Float64Array,
  { start, next, end }: { start: number; next: number; end: number },
): number {
  const mean = { total: sum.total / (next - start), compensation: sum.compensation / (next - start) };
  for (let i = next; i < end; i += 1) {
    const value = values[i] as number;
    const isDecided = Math.abs(mean.total) === Infinity && (Number.isFinite(value) || value === mean.total);
    if (isDecided) continue;
    const count = i - start + 1;
    const share = (count - 1) / count;
    mean.total *= share;
    mean.compensation *= share;
    addTo(mean, value / count);
  }
  return resultOf(mean);
}

/** Population variance of `values[start..end)`, by Welford's method with compensated sums. */
export function varianceOf(values: Float64Array, start: number, end: number): number {
  const mean = { total: 0, compensation: 0 };
  const squares = { total: 0, compensation: 0 };
  for (let i = start; i < end; i += 1) {
    const value = values[i] as number;
    const delta = value - resultOf(mean);
    addTo(mean, delta / (i - start + 1));
    addTo(squares, delta * (value - resultOf(mean)));
  }
  return resultOf(squares) / (end - start);
}

/** The φ-quantile by linear interpolation between ranks; ±Inf outside [0, 1], NaN of nothing or for a NaN φ. */
export function quantileOf(q: number, values: readonly number[]): number {
  if (values.length === 0 || Number.isNaN(q)) return NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  // NaN sorts first, as in Prometheus.
  const sorted = values.toSorted((a, b) =>
    Number.isNaN(a) ? (Number.isNaN(b) ? 0 : -1) : Number.isNaN(b) ? 1 : a - b,
  );
  const rank = q * (sorted.length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(sorted.length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return (sorted[lower] as number) * (1 - weight) + (sorted[upper] as number) * weight;
}
