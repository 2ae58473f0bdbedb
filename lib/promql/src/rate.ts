/** `rate`, `increase`, `delta` and their instant kin, exactly as Prometheus computes them (promql/functions.go). */
import type { Window } from './range-windows.ts';

/** Beyond 1.1 times the mean distance of samples, the series is taken to begin or end within the range. */
const EXTRAPOLATION_REACH = 1.1;

/**
 * The difference between the last and the first sample, stretched to the whole range: up to its edge where the samples come
 * near, by half a distance where they do not, and for a counter not further back than where it would be zero. A counter
 * that falls has been reset: what it had is added. Undefined with fewer than two samples.
 */
export function extrapolatedDelta(
  { times, values, start, end, startAt, endAt }: Window,
  { isCounter, isRate }: { readonly isCounter: boolean; readonly isRate: boolean },
): number | undefined {
  const count = end - start;
  if (count < 2) return undefined;
  const first = values[start] as number;
  let delta = (values[end - 1] as number) - first;
  if (isCounter) {
    for (let i = start + 1; i < end; i += 1) {
      const before = values[i - 1] as number;
      if ((values[i] as number) < before) delta += before;
    }
  }
  const [firstAt, lastAt] = [times[start] as number, times[end - 1] as number];
  const sampledSeconds = (lastAt - firstAt) / 1_000;
  const distance = sampledSeconds / (count - 1);
  let beforeSeconds = (firstAt - startAt) / 1_000;
  let afterSeconds = (endAt - lastAt) / 1_000;
  if (beforeSeconds >= distance * EXTRAPOLATION_REACH) beforeSeconds = distance / 2;
  if (isCounter && delta > 0 && first >= 0) beforeSeconds = Math.min(beforeSeconds, sampledSeconds * (first / delta));
  if (afterSeconds >= distance * EXTRAPOLATION_REACH) afterSeconds = distance / 2;
  let factor = (sampledSeconds + beforeSeconds + afterSeconds) / sampledSeconds;
  if (isRate) factor /= (endAt - startAt) / 1_000;
  return delta * factor;
}

/** The last two samples: their difference, or per second with resets of a counter seen to. */
export function instantDelta(
  { times, values, end, start }: Window,
  { isRate }: { readonly isRate: boolean },
): number | undefined {
  if (end - start < 2) return undefined;
  const [before, last] = [values[end - 2] as number, values[end - 1] as number];
  const delta = isRate && last < before ? last : last - before;
  return isRate ? delta / (((times[end - 1] as number) - (times[end - 2] as number)) / 1_000) : delta;
}
