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
const series = fc.array(value, { minLength: 1, maxLength: 40 }).map((values): WindowSeries => {
  return { times: Float64Array.from(values, (_, i) => (i + 1) * 10), values: Float64Array.from(values) };
});
/** By how much the begin and the end of each window move on. */
const moves = fc.array(fc.tuple(fc.nat({ max: 6 }), fc.nat({ max: 9 })), { minLength: 1, maxLength: 30 });

for (const [name, ofSeries] of Object.entries(SERIES_FUNCTIONS)) {
  test(`${name} of windows in order is that of each window`, () => {
    fc.assert(
      fc.property(series, moves, ({ times, values }, steps) => {
        const run = ofSeries({ times, values });
        let [start, end] = [0, 0];
        steps.forEach(([startMove, endMove], step) => {
          end = Math.min(times.length, end + endMove);
          start = Math.min(end, start + startMove);
          if (start === end) return;
          const startAt = (times[start] as number) - 3;
          const endAt = (times[end - 1] as number) + 4;
          const window = { times, values, startTimes: undefined, start, end, startAt, endAt };
          expect(run(start, end, startAt, endAt)).toBe(RANGE_FUNCTIONS[name]?.(window, step));
        });
      }),
    );
  });
}
