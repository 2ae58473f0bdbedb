/**
 * The evaluator: a syntax tree and a place to read from, into the values of a query. An expression is evaluated once for
 * all steps, so each selector's samples are read and decoded once, whatever the number of steps.
 *
 * Semantics are those of Prometheus 3: ranges and lookback are open on the left, a stale marker ends a series, and a
 * metric's name is dropped at the end ("delayed name removal"), so that `label_replace` can still read it.
 */
import { assert, OperatingError } from '@plumb/base';
import { type Annotation, Annotations } from './annotations.ts';
import { cutTo, seriesOf } from './answer.ts';
import { type Expression, withoutParentheses } from './ast.ts';
import { Budget, type EvaluationLimits } from './budget.ts';
import { typeOf } from './check.ts';
import type { Context } from './context.ts';
import { resolveDurations } from './durations.ts';
import { evaluateNode } from './evaluate-node.ts';
import { extendedSamples } from './extended-samples.ts';
import type { NativeHistogram } from './native-histogram/native-histogram.ts';
import { parseExpression } from './parser.ts';
import type { Labels, Queryable, SeriesData } from './queryable.ts';
import { evaluateRanges } from './range-windows.ts';
import { type Column, finishColumns } from './vector.ts';

/** How far back a selector looks for a sample: Prometheus' `--query.lookback-delta`. */
export const LOOKBACK_MS = 5 * 60_000;
/** The step of a subquery that gives none: Prometheus' default evaluation interval. */
const DEFAULT_STEP_MS = 60_000;

export type EvaluationOptions = {
  /** Text, or a tree from `parseExpression`. */
  readonly expression: string | Expression;
  readonly queryable: Queryable;
  readonly lookbackMs?: number | undefined;
  readonly limits?: Partial<EvaluationLimits> | undefined;
  /** Checked as samples are read and series computed. */
  readonly signal?: AbortSignal | undefined;
  /** Called every few milliseconds of work, to let timers and I/O come in between: `setImmediate` from `timers/promises`. */
  readonly breathe?: (() => Promise<void>) | undefined;
  /** Called with each warning and info, once each, before the answer is returned: at most `ANNOTATIONS_MAX`. */
  readonly annotate?: ((annotation: Annotation) => void) | undefined;
};

export type InstantResult =
  | {
      readonly kind: 'vector';
      readonly at: number;
      /** Of a native histogram, `value` is NaN. */
      readonly samples: readonly {
        readonly labels: Labels;
        readonly value: number;
        readonly histogram?: NativeHistogram | undefined;
      }[];
    }
  | { readonly kind: 'scalar'; readonly at: number; readonly value: number }
  | { readonly kind: 'string'; readonly at: number; readonly text: string }
  /** Of a range selector or a subquery: the samples themselves. */
  | { readonly kind: 'matrix'; readonly series: readonly SeriesData[] };

/**
 * The value of an expression at one moment, epoch ms.
 * @throws OperatingError `invalid` when it does not parse or its series do not match, `exhausted` at a limit, `deadline`
 * when `signal` aborts.
 */
export async function evaluateInstant(options: EvaluationOptions & { readonly at: number }): Promise<InstantResult> {
  const { at } = options;
  const expression = resolveDurations(parsed(options.expression), { stepMs: 0, rangeMs: 0 });
  const context = createContext(
    options,
    { startAt: at, stepMs: 1, count: 1 },
    { isRange: false, endAt: at, stepMs: 0 },
  );
  if (typeOf(expression) === 'matrix') {
    const series = await rangesAt(expression, context);
    report(context, options);
    return { kind: 'matrix', series };
  }
  const value = await evaluateNode(expression, context);
  report(context, options);
  switch (value.kind) {
    case 'scalar':
      return { kind: 'scalar', at, value: value.values[0] as number };
    case 'string':
      return { kind: 'string', at, text: value.text };
    case 'vector': {
      const samples = finishColumns(value.columns).map(({ labels, values, histograms }) => {
        const histogram = histograms?.[0];
        return histogram === undefined ? { labels, value: values[0] as number } : { labels, value: NaN, histogram };
      });
      return { kind: 'vector', at, samples };
    }
  }
}

/**
 * The values of an expression at `startAt`, `startAt + stepMs`, … up to `endAt`, epoch ms: one series each, with the times
 * at which it has a value. A scalar is a series without labels.
 * @throws OperatingError as `evaluateInstant`; `invalid` too for a range vector or string, or times that make no range.
 */
export async function evaluateRange(
  options: EvaluationOptions & { readonly startAt: number; readonly endAt: number; readonly stepMs: number },
): Promise<SeriesData[]> {
  const { startAt, endAt, stepMs } = options;
  if (!(stepMs > 0) || !(endAt >= startAt)) {
    throw new OperatingError(
      'invalid',
      `from ${startAt} to ${endAt} by ${stepMs} ms is not a range: the end comes after the start, the step is positive`,
    );
  }
  const expression = resolveDurations(parsed(options.expression), { stepMs, rangeMs: endAt - startAt });
  const type = typeOf(expression);
  if (type === 'matrix' || type === 'string') {
    throw new OperatingError(
      'invalid',
      `a range query takes a scalar or an instant vector, not a ${type === 'matrix' ? 'range vector' : type}`,
    );
  }
  const grid = { startAt, stepMs, count: Math.floor((endAt - startAt) / stepMs) + 1 };
  const context = createContext(options, grid, { isRange: true, endAt, stepMs });
  const { stepCountMax } = context.budget.limits;
  if (grid.count > stepCountMax) {
    throw new OperatingError(
      'exhausted',
      `the range has ${grid.count} steps, more than ${stepCountMax}: use a longer step`,
    );
  }
  const value = await evaluateNode(expression, context);
  assert(value.kind !== 'string', 'a string was refused');
  report(context, options);
  const columns: readonly Column[] =
    value.kind === 'vector'
      ? finishColumns(value.columns)
      : [{ labels: {}, dropsName: false, values: value.values, present: new Uint8Array(grid.count).fill(1) }];
  return seriesOf(columns, grid);
}

/** Hands the annotations over, which are known when all is evaluated. */
function report({ annotations }: Context, { annotate }: EvaluationOptions): void {
  if (annotate !== undefined) for (const annotation of annotations.list()) annotate(annotation);
}

function parsed(expression: string | Expression): Expression {
  return typeof expression === 'string' ? parseExpression(expression) : expression;
}

/** What a query says of itself, beside its steps: the end may lie between two of them. */
type QueryTimes = { readonly isRange: boolean; readonly endAt: number; readonly stepMs: number };

function createContext(options: EvaluationOptions, grid: Context['grid'], query: QueryTimes): Context {
  const { expression } = options;
  return {
    grid,
    isRange: query.isRange,
    hintsResets: false,
    annotations: new Annotations(typeof expression === 'string' ? expression : undefined),
    queryStartAt: grid.startAt,
    queryEndAt: query.endAt,
    queryStepMs: query.stepMs,
    lookbackMs: options.lookbackMs ?? LOOKBACK_MS,
    defaultStepMs: DEFAULT_STEP_MS,
    queryable: options.queryable,
    budget: new Budget(options),
    evaluate: evaluateNode,
  };
}

async function rangesAt(expression: Expression, context: Context): Promise<SeriesData[]> {
  const { series, readAt, rangeMs, extension } = await evaluateRanges(withoutParentheses(expression), context);
  const range = { startAt: readAt.startAt - rangeMs, endAt: readAt.startAt };
  return series
    .map((one) => (extension === undefined ? cutTo(one, range) : extendedSamples(one, range, extension)))
    .filter(({ times }) => times.length > 0);
}
