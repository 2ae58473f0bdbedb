/**
 * What Prometheus' own runner asks beside each instant query: the same with `@ TIME` at every selector, at other times. The
 * answer must be the same.
 */
import type { Expression, TimeShift } from '../src/ast.ts';
import { formatExpression } from '../src/format.ts';
import { parseExpression } from '../src/parser.ts';
import { walkExpression } from '../src/walk.ts';

/** Functions whose answer depends on when they are asked, whatever their arguments. */
const TIME_FUNCTIONS = new Set([
  'days_in_month',
  'start',
  'end',
  'range',
  'step',
  'day_of_month',
  'day_of_week',
  'day_of_year',
  'hour',
  'minute',
  'month',
  'year',
  'predict_linear',
  'time',
  'timestamp',
]);

export type AtVariant = { readonly expression: string; readonly at: number };

/** None for an expression whose answer depends on when it is asked. */
export function atVariants(expression: string, at: number): AtVariant[] {
  const tree = parseExpression(expression);
  for (const node of walkExpression(tree)) if (node.kind === 'call' && TIME_FUNCTIONS.has(node.name)) return [];
  const fixed = formatExpression(withAt(tree, at));
  const times = at === 0 ? [-1_000, 0, 1_000] : [-10 * at, 0, Math.trunc(at / 5), at, 10 * at];
  return times.map((time) => ({ expression: fixed, at: time }));
}

/** What is within a subquery is fixed by the subquery. */
function withAt(expression: Expression, at: number): Expression {
  const fixed = <T extends TimeShift>(shifted: T): T =>
    shifted.at === undefined ? { ...shifted, at: { kind: 'time', at } } : shifted;
  const inner = (one: Expression): Expression => withAt(one, at);
  switch (expression.kind) {
    case 'number':
    case 'string':
      return expression;
    case 'selector':
      return fixed(expression);
    case 'range-selector':
      return { ...expression, selector: fixed(expression.selector) };
    case 'subquery':
      return fixed(expression);
    case 'call':
      return {
        ...expression,
        args: expression.args.map((arg, i) => (expression.name === 'info' && i === 1 ? arg : inner(arg))),
      };
    case 'aggregate': {
      const { parameter } = expression;
      return {
        ...expression,
        expression: inner(expression.expression),
        parameter: parameter === undefined ? undefined : inner(parameter),
      };
    }
    case 'binary':
      return { ...expression, left: inner(expression.left), right: inner(expression.right) };
    case 'unary':
    case 'parentheses':
      return { ...expression, expression: inner(expression.expression) };
  }
}
