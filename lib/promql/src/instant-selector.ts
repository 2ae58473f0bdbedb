/** The newest sample of each series within the lookback, at every step. */
import type { Selector } from './ast.ts';
import { type Context, readTimes, selectSamples } from './context.ts';
import { bitsOf, isStaleAt } from './queryable.ts';
import { type Column, emptyColumn, stepAt } from './vector.ts';

/** A series whose newest sample is a stale marker, or none in (t - lookback, t], is absent at t. */
export async function evaluateSelector(selector: Selector, context: Context): Promise<Column[]> {
  return readNewest(selector, context, (values, index) => values[index] as number);
}

/** `timestamp(selector)`: when the newest sample was taken, in seconds, instead of its value. */
export async function evaluateTimestamps(selector: Selector, context: Context): Promise<Column[]> {
  const columns = await readNewest(selector, context, (_, index, times) => (times[index] as number) / 1_000);
  return columns.map((column) => ({ ...column, dropsName: true }));
}

async function readNewest(
  selector: Selector,
  context: Context,
  read: (values: Float64Array, index: number, times: Float64Array) => number,
): Promise<Column[]> {
  const { lookbackMs, budget } = context;
  const readAt = readTimes(selector, context);
  const columns: Column[] = [];
  for (const { labels, times, values } of await selectSamples(selector, lookbackMs, context)) {
    const column = emptyColumn(labels, readAt.count);
    const bits = bitsOf(values);
    let isUsed = false;
    let index = -1; // The newest sample at or before the step; it only moves forward.
    for (let step = 0; step < readAt.count; step += 1) {
      const at = stepAt(readAt, step);
      while (index + 1 < times.length && (times[index + 1] as number) <= at) index += 1;
      if (index < 0 || (times[index] as number) <= at - lookbackMs || isStaleAt(bits, index)) continue;
      column.values[step] = read(values, index, times);
      column.present[step] = 1;
      isUsed = true;
    }
    if (isUsed) columns.push(column);
    await budget.spend(readAt.count);
  }
  return columns;
}
