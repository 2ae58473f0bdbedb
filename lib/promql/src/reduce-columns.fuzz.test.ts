// Goal: to take series by series gives what taking the values of each step would have given, to the bit. Method: random
// columns with gaps, through both.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { COLUMN_REDUCERS } from './reduce-columns.ts';
import { meanOf, sumOf } from './summation.ts';
import { type Column, emptyColumn } from './vector.ts';

const STEP_COUNT = 4;
const value = fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, -0, 1e308, -1e308, 1e-300, 1, 3));
const column = fc
  .array(fc.option(value, { nil: undefined }), { minLength: STEP_COUNT, maxLength: STEP_COUNT })
  .map((values): Column => ({
    labels: {},
    dropsName: false,
    values: Float64Array.from(values, (one) => one ?? 7),
    present: Uint8Array.from(values, (one) => (one === undefined ? 0 : 1)),
  }));

function extreme(values: Float64Array, isBetter: (a: number, b: number) => boolean): number {
  return values.reduce((best, one) => (isBetter(one, best) || Number.isNaN(best) ? one : best));
}

const REFERENCES: Readonly<Record<string, (values: Float64Array) => number>> = {
  sum: (values) => sumOf(values, 0, values.length),
  avg: (values) => meanOf(values, 0, values.length),
  count: (values) => values.length,
  group: () => 1,
  min: (values) => extreme(values, (a, b) => a < b),
  max: (values) => extreme(values, (a, b) => a > b),
};

for (const [operator, create] of Object.entries(COLUMN_REDUCERS)) {
  test(`${operator} of series is that of the values at each step`, () => {
    fc.assert(
      fc.property(fc.array(column, { minLength: 1, maxLength: 8 }), (members) => {
        const result = emptyColumn({}, STEP_COUNT);
        const { add, finish } = create(result);
        for (const member of members) add(member);
        finish?.(members);
        for (let step = 0; step < STEP_COUNT; step += 1) {
          const present = members.filter((member) => member.present[step] === 1);
          expect(result.present[step]).toBe(present.length === 0 ? 0 : 1);
          if (present.length === 0) continue;
          const values = Float64Array.from(present, (member) => member.values[step] as number);
          expect(result.values[step]).toBe(REFERENCES[operator]?.(values));
        }
      }),
    );
  });
}
