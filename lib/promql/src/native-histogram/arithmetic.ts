/** Sums, differences, means and multiples of native histograms. */
import { addTo, resultOf, type Sum } from '../summation.ts';
import { alignHistograms } from './align.ts';
import { type Buckets, type NativeHistogram, NO_BUCKETS, type ResetHint } from './native-histogram.ts';

export type Combined = {
  readonly histogram: NativeHistogram;
  /** Some are said to follow a reset and some not to, which no sum of counters does. */
  readonly hintsCollide: boolean;
  /** Custom bounds differed and were reduced to those that all have. */
  readonly isReconciled: boolean;
};

/** Undefined when one has custom bounds and the other has not. */
export function addHistograms(a: NativeHistogram, b: NativeHistogram): Combined | undefined {
  return combine([a, b], 1);
}

/** Of counters, the difference that is a gauge is the caller's to mark: `{ ...histogram, resetHint: 'gauge' }`. */
export function subtractHistograms(a: NativeHistogram, b: NativeHistogram): Combined | undefined {
  return combine([a, b], -1);
}

/** Of at least one. Compensated, so that small counts are not lost beside large ones. */
export function sumHistograms(histograms: readonly NativeHistogram[]): Combined | undefined {
  return combine(histograms, 1);
}

/** The sum over the count; where the sum overflows, the sum of shares. */
export function meanOfHistograms(histograms: readonly NativeHistogram[]): Combined | undefined {
  const sum = sumHistograms(histograms);
  if (sum === undefined) return undefined;
  const count = histograms.length;
  if (!hasOverflow(sum.histogram)) return { ...sum, histogram: scaled(sum.histogram, (value) => value / count) };
  return sumHistograms(histograms.map((histogram) => scaled(histogram, (value) => value / count)));
}

export function multiplyHistogram(histogram: NativeHistogram, factor: number): NativeHistogram {
  return withSignOf(
    factor,
    scaled(histogram, (value) => value * factor),
  );
}

/** Division by zero leaves no buckets. */
export function divideHistogram(histogram: NativeHistogram, divisor: number): NativeHistogram {
  const quotient = scaled(histogram, (value) => value / divisor);
  if (divisor === 0) return { ...quotient, positive: NO_BUCKETS, negative: NO_BUCKETS };
  return withSignOf(divisor, quotient);
}

/** What counts down is no counter. */
function withSignOf(factor: number, histogram: NativeHistogram): NativeHistogram {
  return factor < 0 ? { ...histogram, resetHint: 'gauge' } : histogram;
}

function scaled(histogram: NativeHistogram, scale: (value: number) => number): NativeHistogram {
  const { positive, negative } = histogram;
  return {
    ...histogram,
    count: scale(histogram.count),
    sum: scale(histogram.sum),
    zeroCount: scale(histogram.zeroCount),
    positive: { ...positive, counts: positive.counts.map(scale) },
    negative: { ...negative, counts: negative.counts.map(scale) },
  };
}

function hasOverflow({ count, sum, zeroCount, positive, negative }: NativeHistogram): boolean {
  const isInfinite = (value: number): boolean => Math.abs(value) === Infinity;
  return (
    [count, sum, zeroCount].some(isInfinite) || positive.counts.some(isInfinite) || negative.counts.some(isInfinite)
  );
}

/** The first, plus or minus the others. */
function combine(histograms: readonly NativeHistogram[], sign: 1 | -1): Combined | undefined {
  const aligned = alignHistograms(histograms);
  const [first] = aligned?.histograms ?? [];
  if (aligned === undefined || first === undefined) return undefined;
  const { isReconciled } = aligned;
  const total = (valueOf: (histogram: NativeHistogram) => number): number => {
    const sum = { total: 0, compensation: 0 };
    aligned.histograms.forEach((one, i) => addTo(sum, i === 0 ? valueOf(one) : sign * valueOf(one)));
    return resultOf(sum);
  };
  const { resetHint, hintsCollide } = joinHints(histograms);
  const histogram = {
    ...first,
    resetHint,
    count: total(({ count }) => count),
    sum: total(({ sum }) => sum),
    zeroCount: total(({ zeroCount }) => zeroCount),
    positive: combineBuckets(
      aligned.histograms.map(({ positive }) => positive),
      sign,
    ),
    negative: combineBuckets(
      aligned.histograms.map(({ negative }) => negative),
      sign,
    ),
  };
  return { histogram, hintsCollide, isReconciled };
}

function combineBuckets(sides: readonly Buckets[], sign: 1 | -1): Buckets {
  const sums = new Map<number, Sum>();
  sides.forEach(({ indexes, counts }, side) => {
    for (let i = 0; i < indexes.length; i += 1) {
      const index = indexes[i] as number;
      const count = counts[i] as number;
      const sum = sums.get(index);
      if (sum !== undefined) addTo(sum, side === 0 ? count : sign * count);
      else sums.set(index, { total: side === 0 ? count : sign * count, compensation: 0 });
    }
  });
  const indexes = Int32Array.from(sums.keys()).sort();
  return { indexes, counts: Float64Array.from(indexes, (index) => resultOf(sums.get(index) as Sum)) };
}

/** A gauge makes the sum a gauge; otherwise what all agree on. */
function joinHints(histograms: readonly NativeHistogram[]): { resetHint: ResetHint; hintsCollide: boolean } {
  const hints = new Set(histograms.map(({ resetHint }) => resetHint));
  const [first = 'unknown'] = hints;
  const hintsCollide = hints.has('reset') && hints.has('not-reset');
  return { resetHint: hints.has('gauge') ? 'gauge' : hints.size === 1 ? first : 'unknown', hintsCollide };
}
