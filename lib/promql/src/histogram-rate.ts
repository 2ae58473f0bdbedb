/** `rate`, `increase`, `delta` and their instant kin of native histograms, as of floats in `rate.ts`. */
import { type Annotate, notes } from './annotations.ts';
import {
  addHistograms,
  divideHistogram,
  multiplyHistogram,
  subtractHistograms,
} from './native-histogram/arithmetic.ts';
import { detectsReset } from './native-histogram/detect-reset.ts';
import {
  compacted,
  createHistogram,
  hasCustomBounds,
  type NativeHistogram,
} from './native-histogram/native-histogram.ts';
import { type RateOptions, stretchOf } from './rate.ts';
import { overlaps, startsAnew } from './start-times.ts';

/** A histogram sample; `startedAt` is 0 where it is not known. */
export type TimedHistogram = {
  readonly at: number;
  readonly histogram: NativeHistogram;
  readonly startedAt: number;
};

export type HistogramRange = {
  readonly samples: readonly TimedHistogram[];
  readonly startAt: number;
  readonly endAt: number;
  /** Of the series, for notes. */
  readonly name: string;
};

export function extrapolatedHistogramDelta(
  range: HistogramRange,
  { isCounter, isRate }: RateOptions,
  annotate: Annotate,
): NativeHistogram | undefined {
  const { samples, startAt, endAt } = range;
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const isCounting = isCounter && first.startedAt > startAt && first.startedAt < first.at;
  const startedAt = isCounting ? first.startedAt : 0;
  let delta: NativeHistogram | undefined;
  if (samples.length > 1) delta = histogramDelta(range, isCounter, annotate);
  else if (!isCounting) return undefined;
  if (samples.length > 1 && delta === undefined) return undefined;
  if (isCounting)
    delta = delta === undefined ? first.histogram : combine('addition', delta, first.histogram, range, annotate);
  if (delta === undefined) return undefined;
  const hasZero = isCounter && delta.count > 0 && first.histogram.count >= 0;
  const toZero = hasZero ? first.histogram.count / delta.count : Infinity;
  const span = { firstAt: first.at, lastAt: last.at, count: samples.length, startAt, endAt, startedAt };
  const factor = stretchOf(span, toZero);
  return multiplyHistogram(delta, isRate ? factor / ((endAt - startAt) / 1_000) : factor);
}

/** Last minus first, with what was lost in resets; a gauge. Undefined, with a warning, where layouts do not go together. */
function histogramDelta(range: HistogramRange, isCounter: boolean, annotate: Annotate): NativeHistogram | undefined {
  const { samples, name } = range;
  const [first, second, last] = [samples[0], samples[1], samples.at(-1)] as [
    TimedHistogram,
    TimedHistogram,
    TimedHistogram,
  ];
  if (isCounter && samples.some(({ histogram }) => histogram.resetHint === 'gauge')) annotate(notes.notCounter(name));
  // Whatever layout the first sample has does not matter when a reset comes after it.
  const isFirstVoid = isCounter && followsReset(first, second);
  const { schema, bounds } = second.histogram;
  const base = isFirstVoid ? createHistogram({ schema, bounds }) : first.histogram;
  const counted = isCounter ? samples.slice(1, -1) : [];
  const isMixed = [...counted, last].some(({ histogram }) => hasCustomBounds(histogram) !== hasCustomBounds(base));
  if (isMixed) {
    annotate(notes.mixedSchemas(name));
    return undefined;
  }
  let delta = combine('subtraction', last.histogram, base, range, annotate);
  if (!isCounter) {
    const isGauge = [first, last].every(({ histogram }) => histogram.resetHint === 'gauge');
    if (!isGauge) annotate(notes.notGauge(name));
    return delta === undefined ? undefined : asGauge(delta);
  }
  let before = { ...first, histogram: base };
  let hasWarned = false;
  for (const [i, sample] of samples.entries()) {
    if (i === 0 || delta === undefined) continue;
    if (!hasWarned && overlaps(before, sample)) {
      annotate(notes.overlappingStart(name));
      hasWarned = true;
    }
    if (followsReset(before, sample)) delta = combine('addition', delta, before.histogram, range, annotate);
    before = sample;
  }
  return delta === undefined ? undefined : asGauge(delta);
}

/** The last two samples. */
export function instantHistogramDelta(
  range: HistogramRange,
  { isRate }: { readonly isRate: boolean },
  annotate: Annotate,
): NativeHistogram | undefined {
  const [before, last] = range.samples.slice(-2);
  if (before === undefined || last === undefined) return undefined;
  const gaugeCount = [before, last].filter(({ histogram }) => histogram.resetHint === 'gauge').length;
  if (isRate && gaugeCount > 0) annotate(notes.notCounter(range.name));
  if (!isRate && gaugeCount < 2) annotate(notes.notGauge(range.name));
  const isWhole = isRate && followsReset(before, last);
  const delta = isWhole ? last.histogram : combine('subtraction', last.histogram, before.histogram, range, annotate);
  if (delta === undefined) return undefined;
  return isRate ? divideHistogram(asGauge(delta), (last.at - before.at) / 1_000) : asGauge(delta);
}

export function followsReset(before: TimedHistogram, sample: TimedHistogram): boolean {
  return startsAnew(before, sample) || detectsReset(before.histogram, sample.histogram);
}

export function asGauge(histogram: NativeHistogram): NativeHistogram {
  return { ...compacted(histogram), resetHint: 'gauge' };
}

/** A sum or difference, with notes of what it took; undefined where one has custom bounds and the other has not. */
export function combine(
  work: 'addition' | 'subtraction',
  a: NativeHistogram,
  b: NativeHistogram,
  { name }: Pick<HistogramRange, 'name'>,
  annotate: Annotate,
): NativeHistogram | undefined {
  const combined = work === 'addition' ? addHistograms(a, b) : subtractHistograms(a, b);
  if (combined === undefined) annotate(notes.mixedSchemas(name));
  else if (combined.isReconciled) annotate(notes.reconciledBounds(work));
  return combined?.histogram;
}
