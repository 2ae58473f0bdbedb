/** `rate`, `increase` and `delta` of native histograms over ranges that are `anchored` or `smoothed`. */
import { type Annotate, notes } from './annotations.ts';
import type { Extension } from './ast.ts';
import { edgesOf } from './extended-rate.ts';
import { asGauge, combine, type HistogramRange, type TimedHistogram } from './histogram-rate.ts';
import {
  addHistograms,
  divideHistogram,
  multiplyHistogram,
  subtractHistograms,
} from './native-histogram/arithmetic.ts';
import { detectsReset } from './native-histogram/detect-reset.ts';
import { hasCustomBounds, type NativeHistogram } from './native-histogram/native-histogram.ts';
import type { RateOptions } from './rate.ts';

export function extendedHistogramDelta(
  range: HistogramRange,
  { isCounter, isRate, extension }: RateOptions & { readonly extension: Extension },
  annotate: Annotate,
): NativeHistogram | undefined {
  const { samples, startAt, endAt, name } = range;
  const times = Float64Array.from(samples, ({ at }) => at);
  const edges = edgesOf({ times, start: 0, end: samples.length, startAt, endAt }, extension);
  if (edges === undefined) return undefined;
  const used = samples.slice(edges.first, edges.last + 1);
  const [first, last] = [used[0], used.at(-1)] as [TimedHistogram, TimedHistogram];
  if (used.some(({ histogram }) => hasCustomBounds(histogram) !== hasCustomBounds(first.histogram))) {
    annotate(notes.mixedSchemas(name));
    return undefined;
  }
  if (isCounter && used.some(({ histogram }) => histogram.resetHint === 'gauge')) annotate(notes.notCounter(name));
  const isLeftBetween = extension === 'smoothed' && first.at < startAt;
  const next = samples[edges.first + 1];
  const before = samples[edges.last - 1];
  const left =
    isLeftBetween && next !== undefined
      ? interpolateHistograms(first, next, startAt, isCounter, annotate)
      : first.histogram;
  const right =
    extension === 'smoothed' && before !== undefined && last.at > endAt
      ? interpolateHistograms(before, last, endAt, isCounter, annotate)
      : last.histogram;
  if (left === undefined || right === undefined) {
    annotate(notes.mixedSchemas(name));
    return undefined;
  }
  if (!isCounter && (left.resetHint !== 'gauge' || right.resetHint !== 'gauge')) annotate(notes.notGauge(name));
  let delta = combine('subtraction', right, left, range, annotate);
  if (isCounter) {
    for (const lost of lostInResets(used, { left, right, isLeftBetween }))
      delta = delta === undefined ? undefined : combine('addition', delta, lost, range, annotate);
  }
  if (delta === undefined) return undefined;
  return asGauge(isRate ? divideHistogram(delta, (endAt - startAt) / 1_000) : delta);
}

/** What the counter had at each reset. `left` and `right` stand for the first and the last sample. */
function lostInResets(
  samples: readonly TimedHistogram[],
  { left, right, isLeftBetween }: { left: NativeHistogram; right: NativeHistogram; isLeftBetween: boolean },
): NativeHistogram[] {
  const lost: NativeHistogram[] = [];
  const [first, second] = samples as [TimedHistogram, TimedHistogram | undefined];
  // An interpolation across a reset has seen to that reset.
  const isSeenTo = isLeftBetween && second !== undefined && detectsReset(first.histogram, second.histogram);
  if (isSeenTo && samples.length === 2) return [];
  if (samples.length === 1) return [];
  let before = isSeenTo ? second.histogram : left;
  for (const { histogram } of samples.slice(isSeenTo ? 2 : 1, -1)) {
    if (detectsReset(before, histogram)) lost.push(before);
    before = histogram;
  }
  if (detectsReset(before, right)) lost.push(before);
  return lost;
}

/**
 * On the line from one histogram to the next; from nothing where a counter was reset between them. Undefined where one has
 * custom bounds and the other has not.
 */
export function interpolateHistograms(
  before: TimedHistogram,
  next: TimedHistogram,
  at: number,
  isCounter: boolean,
  annotate: Annotate,
): NativeHistogram | undefined {
  if (hasCustomBounds(before.histogram) !== hasCustomBounds(next.histogram)) return undefined;
  if (at === before.at) return before.histogram;
  if (at === next.at) return next.histogram;
  const share = (at - before.at) / (next.at - before.at);
  if (isCounter && detectsReset(before.histogram, next.histogram)) return multiplyHistogram(next.histogram, share);
  const rise = subtractHistograms(next.histogram, before.histogram);
  if (rise === undefined) return undefined;
  if (rise.isReconciled) annotate(notes.reconciledBounds('subtraction'));
  const sum = addHistograms(multiplyHistogram(rise.histogram, share), before.histogram);
  if (sum?.isReconciled === true) annotate(notes.reconciledBounds('addition'));
  return sum?.histogram;
}
