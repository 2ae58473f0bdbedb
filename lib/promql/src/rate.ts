/** `rate`, `increase`, `delta` and their instant kin, exactly as Prometheus computes them (promql/functions.go). */
import { overlaps, type Started, startsAnew } from './start-times.ts';
import type { Window } from './range-windows.ts';
import type { WindowSeries } from './series-functions.ts';

export type RateOptions = { readonly isCounter: boolean; readonly isRate: boolean };

/** Beyond 1.1 times the mean distance of samples, the series is taken to begin or end within the range. */
const EXTRAPOLATION_REACH = 1.1;

/**
 * The difference between the last and the first sample, with what a counter lost in resets, stretched to the whole range as
 * `stretchOf` has it. Undefined with fewer than two samples, but for a counter that began within the range.
 */
export function extrapolatedDelta(window: Window, { isCounter, isRate }: RateOptions): number | undefined {
  const { times, values, start, end, startAt, endAt } = window;
  const count = end - start;
  const startedAt = isCounter ? countingSince(window) : 0;
  if (count < 2 && startedAt === 0) return undefined;
  const first = values[start] as number;
  let delta = (values[end - 1] as number) - first;
  if (isCounter) for (let i = start + 1; i < end; i += 1) if (isReset(window, i)) delta += values[i - 1] as number;
  if (startedAt !== 0) delta += first;
  const toZero = isCounter && delta > 0 && first >= 0 ? first / delta : Infinity;
  const span = { firstAt: times[start] as number, lastAt: times[end - 1] as number, count, startAt, endAt, startedAt };
  const factor = stretchOf(span, toZero);
  return delta * (isRate ? factor / ((endAt - startAt) / 1_000) : factor);
}

/** Whether sample `i` of a counter, which is not the first, follows a reset. */
export function isReset(window: WindowSeries, i: number): boolean {
  if ((window.values[i] as number) < (window.values[i - 1] as number)) return true;
  return window.startTimes !== undefined && startsAnew(startedOf(window, i - 1), startedOf(window, i));
}

/** Whether any sample claims to count what the one before it did. */
export function hasOverlap(window: Window): boolean {
  if (window.startTimes === undefined) return false;
  for (let i = window.start + 1; i < window.end; i += 1)
    if (overlaps(startedOf(window, i - 1), startedOf(window, i))) return true;
  return false;
}

function startedOf({ times, startTimes }: WindowSeries, i: number): Started {
  return { at: times[i] as number, startedAt: startTimes?.[i] ?? 0 };
}

/** When the count of the first sample began, where that is within the range: it was zero then. 0 otherwise. */
function countingSince({ times, startTimes, start, startAt }: Window): number {
  const startedAt = startTimes?.[start] ?? 0;
  return startedAt > startAt && startedAt < (times[start] as number) ? startedAt : 0;
}

/** Where the samples of a window lie in it: epoch ms. `startedAt` as `countingSince` has it. */
export type SampleSpan = {
  readonly firstAt: number;
  readonly lastAt: number;
  readonly count: number;
  readonly startAt: number;
  readonly endAt: number;
  readonly startedAt: number;
};

/**
 * By how much a difference between samples grows when it is stretched to the whole range: up to its edge where the samples
 * come near, by half a distance where they do not, and not further back than `toZero` times the sampled stretch, where a
 * counter would have been zero.
 */
export function stretchOf({ firstAt, lastAt, count, startAt, endAt, startedAt }: SampleSpan, toZero: number): number {
  const distance = count > 1 ? (lastAt - firstAt) / 1_000 / (count - 1) : 0;
  const sampledSeconds = (lastAt - (startedAt === 0 ? firstAt : startedAt)) / 1_000;
  let afterSeconds = (endAt - lastAt) / 1_000;
  if (afterSeconds >= distance * EXTRAPOLATION_REACH) afterSeconds = distance / 2;
  let beforeSeconds = 0;
  if (startedAt === 0) {
    beforeSeconds = (firstAt - startAt) / 1_000;
    if (beforeSeconds >= distance * EXTRAPOLATION_REACH) beforeSeconds = distance / 2;
    beforeSeconds = Math.min(beforeSeconds, sampledSeconds * toZero);
  }
  return (sampledSeconds + beforeSeconds + afterSeconds) / sampledSeconds;
}

/** The last two samples: their difference, or per second with resets of a counter seen to. */
export function instantDelta(window: Window, { isRate }: { readonly isRate: boolean }): number | undefined {
  const { times, values, end, start } = window;
  if (end - start < 2) return undefined;
  const last = values[end - 1] as number;
  const delta = isRate && isReset(window, end - 1) ? last : last - (values[end - 2] as number);
  return isRate ? delta / (((times[end - 1] as number) - (times[end - 2] as number)) / 1_000) : delta;
}
