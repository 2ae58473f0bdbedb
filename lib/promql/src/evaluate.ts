/**
 * The evaluator: a syntax tree and a place to read from, into the values of a query. An expression is evaluated once for
 * all steps, so each selector's samples are read and decoded once, whatever the number of steps.
 *
 * Semantics are those of Prometheus 3: ranges and lookback are open on the left, a stale marker ends a series, and a
 * metric's name is dropped at the end ("delayed name removal"), so that `label_replace` can still read it.
 */
import { assert, OperatingError } from '@plumb/base';
import { evaluateAggregate } from './aggregate.ts';
import { type Expression, withoutParentheses } from './ast.ts';
import { evaluateBinary } from './binary.ts';
import { Budget, type EvaluationLimits } from './budget.ts';
import { evaluateCall } from './call.ts';
import { typeOf } from './check.ts';
import type { Context } from './context.ts';
import { evaluateSelector } from './instant-selector.ts';
import { parseExpression } from './parser.ts';
import type { Labels, Queryable, SeriesData } from './queryable.ts';
import { evaluateRanges } from './range-windows.ts';
import { type Column, finishColumns, mapColumn, stepAt, type Value } from './vector.ts';

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
};

export type InstantResult =
  | {
      readonly kind: 'vector';
      readonly at: number;
      readonly samples: readonly { readonly labels: Labels; readonly value: number }[];
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
  const expression = parsed(options.expression);
  const context = createContext(options, { startAt: at, stepMs: 1, count: 1 });
  if (typeOf(expression) === 'matrix') return { kind: 'matrix', series: await rangesAt(expression, context) };
  const value = await evaluateNode(expression, context);
  switch (value.kind) {
    case 'scalar':
      return { kind: 'scalar', at, value: value.values[0] as number };
    case 'string':
      return { kind: 'string', at, text: value.text };
    case 'vector': {
      const samples = finishColumns(value.columns).map(({ labels, values }) => ({
        labels,
        value: values[0] as number,
      }));
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
  const expression = parsed(options.expression);
  const type = typeOf(expression);
  if (type === 'matrix' || type === 'string') {
    throw new OperatingError(
      'invalid',
      `a range query takes a scalar or an instant vector, not a ${type === 'matrix' ? 'range vector' : type}`,
    );
  }
  const grid = { startAt, stepMs, count: Math.floor((endAt - startAt) / stepMs) + 1 };
  const context = createContext(options, grid);
  const { stepCountMax } = context.budget.limits;
  if (grid.count > stepCountMax) {
    throw new OperatingError(
      'exhausted',
      `the range has ${grid.count} steps, more than ${stepCountMax}: use a longer step`,
    );
  }
  const value = await evaluateNode(expression, context);
  assert(value.kind !== 'string', 'a string was refused');
  const columns: readonly Column[] =
    value.kind === 'vector'
      ? finishColumns(value.columns)
      : [{ labels: {}, dropsName: false, values: value.values, present: new Uint8Array(grid.count).fill(1) }];
  return columns.map((column) => presentSamples(column, grid));
}

/** The steps at which a column has a value. */
function presentSamples({ labels, values, present }: Column, grid: Context['grid']): SeriesData {
  const count = present.reduce((sum, isPresent) => sum + isPresent, 0);
  const samples = { labels, times: new Float64Array(count), values: new Float64Array(count) };
  let index = 0;
  for (let step = 0; step < present.length; step += 1) {
    if (present[step] !== 1) continue;
    samples.times[index] = stepAt(grid, step);
    samples.values[index] = values[step] as number;
    index += 1;
  }
  return samples;
}

function parsed(expression: string | Expression): Expression {
  return typeof expression === 'string' ? parseExpression(expression) : expression;
}

function createContext(options: EvaluationOptions, grid: Context['grid']): Context {
  return {
    grid,
    queryStartAt: grid.startAt,
    queryEndAt: stepAt(grid, grid.count - 1),
    lookbackMs: options.lookbackMs ?? LOOKBACK_MS,
    defaultStepMs: DEFAULT_STEP_MS,
    queryable: options.queryable,
    budget: new Budget(options),
    evaluate: evaluateNode,
  };
}

async function evaluateNode(node: Expression, context: Context): Promise<Value> {
  const { count } = context.grid;
  switch (node.kind) {
    case 'number':
      return { kind: 'scalar', values: new Float64Array(count).fill(node.value) };
    case 'string':
      return { kind: 'string', text: node.value };
    case 'selector':
      return { kind: 'vector', columns: await evaluateSelector(node, context) };
    case 'range-selector':
    case 'subquery':
      return assert(false, 'range vectors are read by the functions that take them') as never;
    case 'call':
      return evaluateCall(node, context);
    case 'parentheses':
      return evaluateNode(node.expression, context);
    case 'unary': {
      const value = await evaluateNode(node.expression, context);
      return node.operator === '-' ? negated(value) : value;
    }
    case 'binary': {
      const left = await evaluateNode(node.left, context);
      const value = evaluateBinary(node, left, await evaluateNode(node.right, context));
      await context.budget.pause(value.kind === 'vector' ? value.columns.length * count : count);
      return value;
    }
    case 'aggregate': {
      const parameter = node.parameter === undefined ? undefined : await evaluateNode(node.parameter, context);
      const value = await evaluateNode(node.expression, context);
      assert(value.kind === 'vector', 'the parser saw to the type');
      return {
        kind: 'vector',
        columns: await evaluateAggregate(node, value.columns, parameter, { count, budget: context.budget }),
      };
    }
  }
}

function negated(value: Value): Value {
  if (value.kind === 'scalar') return { kind: 'scalar', values: value.values.map((number) => -number) };
  assert(value.kind === 'vector', 'the parser saw to the type');
  return { kind: 'vector', columns: value.columns.map((column) => mapColumn(column, (number) => -number)) };
}

async function rangesAt(expression: Expression, context: Context): Promise<SeriesData[]> {
  const { series, readAt, rangeMs } = await evaluateRanges(withoutParentheses(expression), context);
  return series
    .map(({ labels, times, values }) => {
      const start = times.findIndex((at) => at > readAt.startAt - rangeMs);
      const after = times.findIndex((at) => at > readAt.startAt);
      const end = after < 0 ? times.length : after;
      return { labels, times: times.slice(Math.max(0, start), end), values: values.slice(Math.max(0, start), end) };
    })
    .filter(({ times }) => times.length > 0 && (times.at(-1) as number) > readAt.startAt - rangeMs);
}
