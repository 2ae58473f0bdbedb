/** Types of expressions, and the rules that a tree must keep to be evaluated. */
import {
  type Aggregate,
  type AggregateOperator,
  type Binary,
  type Call,
  type Expression,
  type Grouping,
  isComparison,
  isSetOperator,
  isTrim,
  type Unary,
} from './ast.ts';
import { parseError, type Span } from './parse-error.ts';
import { SIGNATURES, type ValueType } from './signatures.ts';

const TYPE_NAMES: Readonly<Record<ValueType, string>> = {
  scalar: 'a scalar',
  vector: 'an instant vector',
  matrix: 'a range vector',
  string: 'a string',
};

/** What the first argument of an aggregation must be, where it takes one beside the vector. */
const PARAMETER_TYPES: Readonly<Partial<Record<AggregateOperator, ValueType>>> = {
  topk: 'scalar',
  bottomk: 'scalar',
  limitk: 'scalar',
  limit_ratio: 'scalar',
  quantile: 'scalar',
  count_values: 'string',
};

export function typeOf(expression: Expression): ValueType {
  switch (expression.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'selector':
    case 'aggregate':
      return 'vector';
    case 'range-selector':
    case 'subquery':
      return 'matrix';
    case 'call':
      return SIGNATURES[expression.name]?.result ?? 'vector';
    case 'binary':
      return typeOf(expression.left) === 'scalar' && typeOf(expression.right) === 'scalar' ? 'scalar' : 'vector';
    case 'unary':
    case 'parentheses':
      return typeOf(expression.expression);
  }
}

/** @throws OperatingError `invalid` when an argument is missing, too many, or of another type. */
export function checkCall(text: string, { name, args, span }: Call): void {
  const signature = SIGNATURES[name];
  if (signature === undefined) throw parseError(text, span, `function "${name}" is not known`);
  const { args: types, optionalCount = 0, isVariadic = false } = signature;
  const countMin = types.length - optionalCount;
  if (args.length < countMin || (!isVariadic && args.length > types.length)) {
    const most = isVariadic ? ' or more' : optionalCount > 0 ? ` to ${types.length}` : '';
    throw parseError(text, span, `"${name}" takes ${countMin}${most} argument(s), not ${args.length}`);
  }
  args.forEach((arg, i) => {
    expectType(text, arg, types[Math.min(i, types.length - 1)] as ValueType, `"${name}"`);
  });
  const labels = name === 'info' ? args[1] : undefined;
  if (labels !== undefined && labels.kind !== 'selector')
    throw parseError(text, labels.span, '"info" takes a label selector such as {version=~".+"} here');
}

export function checkAggregate(
  text: string,
  {
    operator,
    args,
    grouping,
    span,
  }: { operator: AggregateOperator; args: Expression[]; grouping: Grouping | undefined; span: Span },
): Aggregate {
  const parameterType = PARAMETER_TYPES[operator];
  const count = parameterType === undefined ? 1 : 2;
  if (args.length !== count)
    throw parseError(text, span, `"${operator}" takes ${count} argument(s), not ${args.length}`);
  const expression = args.at(-1) as Expression;
  const parameter = parameterType === undefined ? undefined : args[0];
  if (parameter !== undefined && parameterType !== undefined)
    expectType(text, parameter, parameterType, `"${operator}"`);
  expectType(text, expression, 'vector', `"${operator}"`);
  return { kind: 'aggregate', operator, parameter, expression, grouping, span };
}

export function checkBinary(text: string, { operator, left, right, isBool, matching }: Binary, place: Span): void {
  for (const side of [left, right]) {
    const type = typeOf(side);
    if (type !== 'scalar' && type !== 'vector') {
      throw parseError(text, side.span, `"${operator}" takes scalars and instant vectors, not ${TYPE_NAMES[type]}`);
    }
  }
  const scalarCount = [left, right].filter((side) => typeOf(side) === 'scalar').length;
  if (isSetOperator(operator) && scalarCount > 0) {
    throw parseError(text, place, `"${operator}" takes instant vectors on both sides, not a scalar`);
  }
  if (isTrim(operator) && typeOf(left) === 'scalar') {
    const advice = 'it takes an instant vector on its left, not a scalar';
    throw parseError(text, place, `"${operator}" cuts native histograms off: ${advice}`);
  }
  if (isComparison(operator) && scalarCount === 2 && !isBool) {
    throw parseError(text, place, `a comparison of scalars needs "bool": write ${operator} bool`);
  }
  if (matching !== undefined && scalarCount > 0) {
    throw parseError(text, place, 'on, ignoring, group_ and fill are for two instant vectors');
  }
  const shared =
    matching?.kind === 'on' ? matching.group?.include.find((name) => matching.labels.includes(name)) : undefined;
  if (shared !== undefined)
    throw parseError(text, place, `label "${shared}" is in both on and group_${matching?.group?.side}`);
}

export function checkUnary(text: string, { operator, expression }: Unary): void {
  const type = typeOf(expression);
  if (type === 'scalar' || type === 'vector') return;
  throw parseError(text, expression.span, `"${operator}" takes a scalar or an instant vector, not ${TYPE_NAMES[type]}`);
}

function expectType(text: string, expression: Expression, expected: ValueType, where: string): void {
  const type = typeOf(expression);
  if (type === expected) return;
  const hint = expected === 'matrix' && type === 'vector' ? ': add a range such as [5m]' : '';
  throw parseError(
    text,
    expression.span,
    `${where} takes ${TYPE_NAMES[expected]} here, not ${TYPE_NAMES[type]}${hint}`,
  );
}
