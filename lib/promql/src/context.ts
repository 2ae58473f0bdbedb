/** What the evaluation of any node needs: the steps it is for, where samples come from, and what may be used. */
import type { Expression, Selector, TimeShift } from './ast.ts';
import type { Budget } from './budget.ts';
import type { Queryable, SeriesData } from './queryable.ts';
import { type Grid, stepAt, type Value } from './vector.ts';

export type Context = {
  readonly grid: Grid;
  /** The first and last step of the whole query: what `@ start()` and `@ end()` mean, in subqueries too. */
  readonly queryStartAt: number;
  readonly queryEndAt: number;
  readonly lookbackMs: number;
  readonly defaultStepMs: number;
  readonly queryable: Queryable;
  readonly budget: Budget;
  /** The evaluator itself, for nodes inside nodes. */
  readonly evaluate: (expression: Expression, context: Context) => Promise<Value>;
};

/** The moment that each step of the query reads at: its own time, moved by `offset`, or the fixed time of `@`. */
export function readTimes(shift: TimeShift, context: Context): Grid {
  const { grid } = context;
  const fixedAt = fixedTimeOf(shift, context);
  if (fixedAt === undefined) return { ...grid, startAt: grid.startAt - shift.offsetMs };
  return { startAt: fixedAt - shift.offsetMs, stepMs: 0, count: grid.count };
}

function fixedTimeOf({ at }: TimeShift, { queryStartAt, queryEndAt }: Context): number | undefined {
  switch (at?.kind) {
    case undefined:
      return undefined;
    case 'time':
      return at.at;
    case 'start':
      return queryStartAt;
    case 'end':
      return queryEndAt;
  }
}

/** The samples that a selector may need, over all steps at once, so that each is read and decoded once. */
export async function selectSamples(
  selector: Selector,
  reachMs: number,
  context: Context,
): Promise<readonly SeriesData[]> {
  const { budget, queryable } = context;
  const times = readTimes(selector, context);
  const limits = { seriesCountMax: budget.limits.seriesCountMax, sampleCountMax: budget.sampleCountLeft };
  // The window is open on the left, and times are whole milliseconds.
  const minAt = times.startAt - reachMs + 1;
  const series = queryable.select(selector.matchers, minAt, stepAt(times, times.count - 1), limits);
  await budget.spend(series.reduce((sum, one) => sum + one.times.length, 0));
  return series;
}
