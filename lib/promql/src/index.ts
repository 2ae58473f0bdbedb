export {
  type Aggregate,
  type Binary,
  type Call,
  type Expression,
  type LabelMatcher,
  type MatchOperator,
  type Selector,
  withoutParentheses,
} from './ast.ts';
export { DEFAULT_LIMITS, type EvaluationLimits } from './budget.ts';
export { typeOf } from './check.ts';
export { evaluateInstant, evaluateRange, type EvaluationOptions, type InstantResult, LOOKBACK_MS } from './evaluate.ts';
export { formatDuration, formatExpression, formatNumber } from './format.ts';
export type { Position, Span } from './parse-error.ts';
export { EXPRESSION_LENGTH_MAX, parseExpression } from './parser.ts';
export { parseMatchers } from './parse-matchers.ts';
export type { Labels, Queryable, SelectLimits, SeriesData } from './queryable.ts';
export { SIGNATURES, type ValueType } from './signatures.ts';
export { childrenOf, metricNamesOf, selectorsOf, walkExpression } from './walk.ts';
