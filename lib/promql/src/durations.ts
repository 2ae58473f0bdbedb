/** Lengths of time that depend on the query, `[step() * 2]` or `offset range()`: folded, and resolved before evaluation. */
import { OperatingError } from '@plumb/base';
import type { Duration, DurationOperator, Expression, TimeShift } from './ast.ts';

/** What a duration may depend on: the step of the query and its length, ms. Both are 0 in an instant query. */
export type QueryLengths = { readonly stepMs: number; readonly rangeMs: number };

/**
 * The tree with a number for each of its durations. The tree itself when none depends on the query.
 * @throws OperatingError `invalid` when a range or step is not positive, or anything is divided by zero.
 */
export function resolveDurations(expression: Expression, lengths: QueryLengths): Expression {
  const resolve = (inner: Expression): Expression => resolveDurations(inner, lengths);
  switch (expression.kind) {
    case 'number':
    case 'string':
      return expression;
    case 'selector':
      return resolveOffset(expression, lengths);
    case 'range-selector': {
      const { range, rangeMs, ...rest } = expression;
      const selector = resolveOffset(expression.selector, lengths);
      if (range === undefined && selector === expression.selector) return expression;
      return { ...rest, selector, rangeMs: range === undefined ? rangeMs : positiveMs(range, lengths, 'a range') };
    }
    case 'subquery': {
      const { range, rangeMs, step, stepMs, ...rest } = resolveOffset(expression, lengths);
      return {
        ...rest,
        expression: resolve(rest.expression),
        rangeMs: range === undefined ? rangeMs : positiveMs(range, lengths, 'a range'),
        stepMs: step === undefined ? stepMs : positiveMs(step, lengths, 'a step'),
      };
    }
    case 'call': {
      const args = expression.args.map(resolve);
      return args.every((arg, i) => arg === expression.args[i]) ? expression : { ...expression, args };
    }
    case 'aggregate': {
      const { parameter } = expression;
      return {
        ...expression,
        expression: resolve(expression.expression),
        parameter: parameter === undefined ? undefined : resolve(parameter),
      };
    }
    case 'binary':
      return { ...expression, left: resolve(expression.left), right: resolve(expression.right) };
    case 'unary':
    case 'parentheses':
      return { ...expression, expression: resolve(expression.expression) };
  }
}

function resolveOffset<T extends TimeShift>(shifted: T, lengths: QueryLengths): T {
  if (shifted.offset === undefined) return shifted;
  return { ...shifted, offset: undefined, offsetMs: toMs(secondsOf(shifted.offset, lengths), 'an offset') };
}

function positiveMs(duration: Duration, lengths: QueryLengths, what: string): number {
  const lengthMs = toMs(secondsOf(duration, lengths), what);
  if (lengthMs > 0) return lengthMs;
  throw new OperatingError(
    'invalid',
    `${what} of ${lengthMs} ms is not longer than nothing: step() and range() may be 0`,
  );
}

/** Whole milliseconds towards zero, as Prometheus. */
function toMs(seconds: number, what: string): number {
  const lengthMs = Math.trunc(Number((seconds * 1_000).toPrecision(15)));
  if (Number.isSafeInteger(lengthMs)) return lengthMs;
  throw new OperatingError('invalid', `${what} of ${seconds} s is out of bounds`);
}

/** The number that an expression has in every query; undefined where it depends on it. */
export function constantSeconds(duration: Duration): number | undefined {
  return dependsOnQuery(duration) ? undefined : secondsOf(duration, { stepMs: 0, rangeMs: 0 });
}

function dependsOnQuery(duration: Duration): boolean {
  switch (duration.kind) {
    case 'seconds':
      return false;
    case 'step':
    case 'range':
      return true;
    case 'minus':
      return dependsOnQuery(duration.duration);
    case 'operation':
      return dependsOnQuery(duration.left) || dependsOnQuery(duration.right);
  }
}

function secondsOf(duration: Duration, lengths: QueryLengths): number {
  switch (duration.kind) {
    case 'seconds':
      return duration.seconds;
    case 'step':
      return lengths.stepMs / 1_000;
    case 'range':
      return lengths.rangeMs / 1_000;
    case 'minus':
      return -secondsOf(duration.duration, lengths);
    case 'operation':
      return operate(duration.operator, secondsOf(duration.left, lengths), secondsOf(duration.right, lengths));
  }
}

function operate(operator: DurationOperator, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
    case '%':
      if (right === 0) throw new OperatingError('invalid', `a duration is divided by zero: ${left} ${operator} 0`);
      return operator === '/' ? left / right : left % right;
    case '^':
      return left ** right;
    case 'min_of':
      return Math.min(left, right);
    case 'max_of':
      return Math.max(left, right);
  }
}
