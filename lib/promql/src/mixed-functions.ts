/** What functions of range vectors make of native histograms. Those that know floats only pass over them. */
import { type Annotate, notes } from './annotations.ts';
import type { Extension } from './ast.ts';
import { extendedHistogramDelta } from './extended-histogram-rate.ts';
import { edgesOf, extendedDelta } from './extended-rate.ts';
import {
  extrapolatedHistogramDelta,
  followsReset,
  instantHistogramDelta,
  type TimedHistogram,
} from './histogram-rate.ts';
import type { MixedFunction, MixedWindow } from './mixed-windows.ts';
import { type Combined, meanOfHistograms, sumHistograms } from './native-histogram/arithmetic.ts';
import { equalHistograms, type NativeHistogram } from './native-histogram/native-histogram.ts';
import { extrapolatedDelta, hasOverlap, instantDelta, isReset, type RateOptions } from './rate.ts';
import type { Window, WindowFunction } from './range-windows.ts';
import { meanOf, sumOf } from './summation.ts';
import type { Sample } from './vector.ts';

const RATES: Readonly<Record<string, RateOptions>> = {
  rate: { isCounter: true, isRate: true },
  increase: { isCounter: true, isRate: false },
  delta: { isCounter: false, isRate: false },
};

/** Functions that know histograms, but for those of a range that is extended. */
export const MIXED_FUNCTIONS: Readonly<Record<string, MixedFunction>> = {
  ...Object.fromEntries(Object.entries(RATES).map(([name, options]) => [name, rateFunction(options)])),
  irate: (window, _, annotate) => instantly(window, true, annotate),
  idelta: (window, _, annotate) => instantly(window, false, annotate),
  sum_over_time: aggregation(({ values, start, end }) => sumOf(values, start, end), sumHistograms),
  avg_over_time: aggregation(({ values, start, end }) => meanOf(values, start, end), meanOfHistograms),
  count_over_time: ({ floats, histograms }) => lengthOf(floats) + histograms.length,
  present_over_time: () => 1,
  absent_over_time: () => 1,
  first_over_time: (window) => inOrder(window)[0]?.sample,
  last_over_time: (window) => inOrder(window).at(-1)?.sample,
  ts_of_first_over_time: (window) => secondsOf(inOrder(window)[0]),
  ts_of_last_over_time: (window) => secondsOf(inOrder(window).at(-1)),
  changes: (window) => countChanges(inOrder(window)),
  resets: (window) => countResets(inOrder(window)),
};

/** Functions that take a range which is anchored or smoothed. */
export const EXTENDED_FUNCTIONS: Readonly<Record<Extension, readonly string[]>> = {
  anchored: ['changes', 'delta', 'increase', 'rate', 'resets'],
  smoothed: ['delta', 'increase', 'rate'],
};

/** For a function that is one of `EXTENDED_FUNCTIONS`. */
export function extendedFunction(name: string, extension: Extension): MixedFunction {
  const options = RATES[name];
  if (options === undefined) {
    const count = name === 'changes' ? countChanges : countResets;
    return (window) => {
      const samples = inOrder(window);
      const times = Float64Array.from(samples, ({ at }) => at);
      const edges = edgesOf({ ...window.floats, times, start: 0, end: samples.length }, extension);
      return edges === undefined ? undefined : count(samples.slice(edges.first));
    };
  }
  return (window, _, annotate) => {
    const { floats, histograms, startAt, endAt, name: metric } = window;
    if (isMixed(window)) return annotate(notes.mixedRange(metric)) as undefined;
    if (histograms.length === 0) return extendedDelta(floats, { ...options, extension });
    return extendedHistogramDelta(
      { samples: histograms, startAt, endAt, name: metric },
      { ...options, extension },
      annotate,
    );
  };
}

/** A function of floats that does not see histograms, and says so where there are floats beside them. */
export function passingOverHistograms(run: WindowFunction): MixedFunction {
  return ({ floats, histograms, name }, step, annotate) => {
    if (lengthOf(floats) === 0) return undefined;
    if (histograms.length > 0) annotate(notes.histogramsIgnoredInRange(name));
    return run(floats, step);
  };
}

/** A function of the floats of a window, for series whose counts say when they began. */
export function noticingOverlaps(run: WindowFunction, metric: string, annotate: Annotate): WindowFunction {
  return (window, step) => {
    if (hasOverlap(window)) annotate(notes.overlappingStart(metric));
    return run(window, step);
  };
}

function rateFunction(options: RateOptions): MixedFunction {
  return (window, _, annotate) => {
    const { floats, histograms, startAt, endAt, name } = window;
    if (isMixed(window)) return annotate(notes.mixedRange(name)) as undefined;
    if (histograms.length === 0) return extrapolatedDelta(floats, options);
    return extrapolatedHistogramDelta({ samples: histograms, startAt, endAt, name }, options, annotate);
  };
}

function instantly(window: MixedWindow, isRate: boolean, annotate: Annotate): Sample | undefined {
  const { floats, histograms, startAt, endAt, name } = window;
  const last = inOrder(window).slice(-2);
  if (last.length < 2) return undefined;
  const floatCount = last.filter(({ sample }) => typeof sample === 'number').length;
  if (floatCount === 1) return annotate(notes.mixedRange(name)) as undefined;
  if (floatCount === 2) return instantDelta(floats, { isRate });
  return instantHistogramDelta({ samples: histograms, startAt, endAt, name }, { isRate }, annotate);
}

function aggregation(
  ofFloats: (window: Window) => number,
  ofHistograms: (histograms: readonly NativeHistogram[]) => Combined | undefined,
): MixedFunction {
  return (window, _, annotate) => {
    const { floats, histograms, name } = window;
    if (isMixed(window)) return annotate(notes.mixedRange(name)) as undefined;
    if (histograms.length === 0) return ofFloats(floats);
    const combined = ofHistograms(histograms.map(({ histogram }) => histogram));
    if (combined === undefined) return annotate(notes.mixedSchemas(name)) as undefined;
    if (combined.hintsCollide) annotate(notes.collidingResets('aggregation'));
    if (combined.isReconciled) annotate(notes.reconciledBounds('aggregation'));
    return combined.histogram;
  };
}

function isMixed({ floats, histograms }: MixedWindow): boolean {
  return lengthOf(floats) > 0 && histograms.length > 0;
}

function lengthOf({ start, end }: Window): number {
  return end - start;
}

/** A sample with what is needed to compare it with the next. */
type Ordered = { readonly at: number; readonly sample: Sample; readonly startedAt: number; readonly isReset: boolean };

/** All samples by time; a float knows whether it follows a reset of the float before it. */
function inOrder({ floats, histograms }: MixedWindow): Ordered[] {
  const { times, values, startTimes, start, end } = floats;
  const ordered: Ordered[] = histograms.map(({ at, histogram, startedAt }) => {
    return { at, sample: histogram, startedAt, isReset: false };
  });
  for (let i = start; i < end; i += 1) {
    const startedAt = startTimes?.[i] ?? 0;
    ordered.push({
      at: times[i] as number,
      sample: values[i] as number,
      startedAt,
      isReset: i > start && isReset(floats, i),
    });
  }
  return ordered.sort((a, b) => a.at - b.at);
}

function secondsOf(sample: Ordered | undefined): number | undefined {
  return sample === undefined ? undefined : sample.at / 1_000;
}

function countChanges(samples: readonly Ordered[]): number {
  return countPairs(samples, ({ sample: before }, { sample }) => {
    if (typeof before === 'number' && typeof sample === 'number')
      return before !== sample && !(Number.isNaN(before) && Number.isNaN(sample));
    if (typeof before === 'number' || typeof sample === 'number') return true;
    return !equalHistograms(before, sample);
  });
}

function countResets(samples: readonly Ordered[]): number {
  return countPairs(samples, (before, next) => {
    if (typeof before.sample === 'number' && typeof next.sample === 'number') return next.isReset;
    if (typeof before.sample === 'number' || typeof next.sample === 'number') return true;
    return followsReset(asTimed(before, before.sample), asTimed(next, next.sample));
  });
}

function asTimed({ at, startedAt }: Ordered, histogram: NativeHistogram): TimedHistogram {
  return { at, startedAt, histogram };
}

function countPairs(samples: readonly Ordered[], counts: (before: Ordered, next: Ordered) => boolean): number {
  return samples.filter((sample, i) => i > 0 && counts(samples[i - 1] as Ordered, sample)).length;
}
