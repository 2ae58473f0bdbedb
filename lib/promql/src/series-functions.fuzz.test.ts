// Goal: what is found once for a series gives what passing over each window would have given, to the bit. Method: random
// series and windows that only move forward, through both.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RANGE_FUNCTIONS } from './range-functions.ts';
import { SERIES_FUNCTIONS, type WindowSeries } from './series-functions.ts';

const value = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -2, max: 6 }) },
  fc.constantFrom(NaN, Infinity, -Infinity, -0, 0.1, 1e300),
);
const series = fc
  .tuple(fc.array(value, { minLength: 1, maxLength: 40 }), fc.boolean(), fc.array(fc.integer({ min: -20, max: 5 })))
  .map(([values, hasStarts, starts]): WindowSeries => {
    const times = Float64Array.from(values, (_, i) => (i + 1) * 10);
    const startTimes = hasStarts ? times.map((at, i) => at + (starts[i] ?? 0)) : undefined;
    return { times, values: Float64Array.from(values), startTimes };
  });
/** By how much the begin and the end of each window move on. */
const moves = fc.array(fc.tuple(fc.nat({ max: 6 }), fc.nat({ max: 9 })), { minLength: 1, maxLength: 30 });

for (const [name, ofSeries] of Object.entries(SERIES_FUNCTIONS)) {
  test(`${name} of windows in order is that of each window`, () => {
    fc.assert(
      fc.property(series, moves, ({ times, values, startTimes }, steps) => {
        const run = ofSeries({ times, values, startTimes });
        let [start, end] = [0, 0];
        steps.forEach(([startMove, endMove], step) => {
          end = Math.min(times.length, end + endMove);
          start = Math.min(end, start + startMove);
          if (start === end) return;
          const startAt = (times[start] as number) - 3;
          const window = { times, values, startTimes, start, end, startAt, endAt: (times[end - 1] as number) + 4 };
          expect(run(window, step)).toBe(RANGE_FUNCTIONS[name]?.(window, step));
        });
      }),
    );
  });
}
