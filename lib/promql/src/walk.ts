/** Walks over syntax trees. */
import { type Expression, METRIC_NAME, type Selector } from './ast.ts';

/** The expressions directly inside, in the order in which they are written. */
export function childrenOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'number':
    case 'string':
    case 'selector':
      return [];
    case 'range-selector':
      return [expression.selector];
    case 'subquery':
    case 'unary':
    case 'parentheses':
      return [expression.expression];
    case 'call':
      return expression.args;
    case 'aggregate':
      return expression.parameter === undefined
        ? [expression.expression]
        : [expression.parameter, expression.expression];
    case 'binary':
      return [expression.left, expression.right];
  }
}

/** The expression and everything inside it, outermost first. */
export function* walkExpression(expression: Expression): Generator<Expression> {
  yield expression;
  for (const child of childrenOf(expression)) yield* walkExpression(child);
}

export function selectorsOf(expression: Expression): Selector[] {
  return [...walkExpression(expression)].filter((node) => node.kind === 'selector');
}

/** Names of the metrics that an expression reads, sorted; a selector that gives no exact name adds none. */
export function metricNamesOf(expression: Expression): string[] {
  const names = selectorsOf(expression).flatMap(({ matchers }) =>
    matchers.filter(({ name, op }) => name === METRIC_NAME && op === '=').map(({ value }) => value),
  );
  return [...new Set(names)].sort();
}
