/** Histograms made from observations one by one, the slow and obvious way: what tests compare the fast ways with. */
import {
  type Buckets,
  createHistogram,
  CUSTOM_SCHEMA,
  type NativeHistogram,
  upperBoundOf,
} from '../src/native-histogram/native-histogram.ts';

export type Layout =
  | { readonly schema: number; readonly zeroThreshold: number }
  | { readonly bounds: readonly number[] };

export function observe(observations: readonly number[], layout: Layout): NativeHistogram {
  const count = observations.length;
  const sum = observations.reduce((total, value) => total + value, 0);
  if ('bounds' in layout) {
    const { bounds } = layout;
    const indexes = observations.map((value) => {
      const found = bounds.findIndex((bound) => value <= bound);
      return found < 0 ? bounds.length : found;
    });
    return createHistogram({ schema: CUSTOM_SCHEMA, bounds, count, sum, positive: bucketsFrom(indexes) });
  }
  const { schema, zeroThreshold } = layout;
  const outside = observations.filter((value) => Math.abs(value) > zeroThreshold);
  return createHistogram({
    schema,
    count,
    sum,
    zeroThreshold,
    zeroCount: count - outside.length,
    positive: bucketsFrom(outside.filter((value) => value > 0).map((value) => indexOf(value, schema))),
    negative: bucketsFrom(outside.filter((value) => value < 0).map((value) => indexOf(-value, schema))),
  });
}

/** The bucket whose bounds are around a value: that below it does not belong to it. */
function indexOf(value: number, schema: number): number {
  let index = Math.ceil(Math.log2(value) * 2 ** schema);
  while (upperBoundOf({ schema }, index) < value) index += 1;
  while (upperBoundOf({ schema }, index - 1) >= value) index -= 1;
  return index;
}

function bucketsFrom(indexes: readonly number[]): Buckets {
  const groups = [...Map.groupBy(indexes, (index) => index)].sort(([a], [b]) => a - b);
  return {
    indexes: Int32Array.from(groups, ([index]) => index),
    counts: Float64Array.from(groups, ([, members]) => members.length),
  };
}
