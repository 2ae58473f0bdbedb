/** What the evaluation of any node needs: the steps it is for, where samples come from, and what may be used. */
import type { Expression, Selector, TimeShift } from './ast.ts';
import type { Annotations } from './annotations.ts';
import type { Budget } from './budget.ts';
import { detectsReset } from './native-histogram/detect-reset.ts';
import type { NativeHistogram } from './native-histogram/native-histogram.ts';
import type { Queryable, SeriesData } from './queryable.ts';
import { type Grid, stepAt, type Value } from './vector.ts';

export type Context = {
  readonly grid: Grid;
  /** The first step and the end of the whole query: what `@ start()` and `@ end()` mean, in subqueries too. */
  readonly queryStartAt: number;
  readonly queryEndAt: number;
  /** 0 in an instant query. */
  readonly queryStepMs: number;
  /** Whether the query is for a range of time, whose answer has an order of its own. */
  readonly isRange: boolean;
  readonly lookbackMs: number;
  readonly defaultStepMs: number;
  readonly queryable: Queryable;
  readonly budget: Budget;
  readonly annotations: Annotations;
  /** Only counts and sums of histograms are asked for: selectors say of each whether it was reset. */
  readonly hintsResets: boolean;
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

/**
 * The samples that a selector may need, over all steps at once, so that each is read and decoded once: `reachMs` back from
 * each step, and `aheadMs` on.
 */
export async function selectSamples(
  selector: Selector,
  { reachMs, aheadMs = 0 }: { readonly reachMs: number; readonly aheadMs?: number | undefined },
  context: Context,
): Promise<readonly SeriesData[]> {
  const { budget, queryable } = context;
  const times = readTimes(selector, context);
  const limits = { seriesCountMax: budget.limits.seriesCountMax, sampleCountMax: budget.sampleCountLeft };
  // The window is open on the left, and times are whole milliseconds.
  const minAt = times.startAt - reachMs + 1;
  const maxAt = stepAt(times, times.count - 1) + aheadMs;
  const series = queryable.select(selector.matchers, minAt, maxAt, limits);
  await budget.spend(series.reduce((sum, one) => sum + sampleCountOf(one), 0));
  return context.hintsResets ? series.map(withResetHints) : series;
}

/** A histogram counts once, and once more for each of its buckets. */
function sampleCountOf({ times, histograms }: SeriesData): number {
  if (histograms === undefined) return times.length;
  return histograms.reduce(
    (sum, histogram) =>
      sum + (histogram === undefined ? 0 : histogram.positive.indexes.length + histogram.negative.indexes.length),
    times.length,
  );
}

/** Compares each histogram of which nothing is known with the one before it. */
function withResetHints(series: SeriesData): SeriesData {
  if (series.histograms === undefined) return series;
  let before: NativeHistogram | undefined;
  const histograms = series.histograms.map((histogram): NativeHistogram | undefined => {
    const last = before;
    if (histogram === undefined) return undefined;
    before = histogram;
    if (histogram.resetHint !== 'unknown' || last === undefined) return histogram;
    return { ...histogram, resetHint: detectsReset(last, histogram) ? 'reset' : 'not-reset' };
  });
  return { ...series, histograms };
}
