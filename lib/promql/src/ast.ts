/** The syntax tree of PromQL: plain data, with the place of each node in the text that it was parsed from. */
import type { Span } from './parse-error.ts';

export type MatchOperator = '=' | '!=' | '=~' | '!~';
export type LabelMatcher = { readonly name: string; readonly op: MatchOperator; readonly value: string };

/** The time of `@`: epoch ms, or the first or last step of the query. */
export type AtModifier =
  | { readonly kind: 'time'; readonly at: number }
  | { readonly kind: 'start' }
  | { readonly kind: 'end' };

/** `offset` and `@` of a selector or subquery. */
export type TimeShift = {
  readonly offsetMs: number;
  readonly at?: AtModifier | undefined;
  /** An offset that depends on the query: `offsetMs` is 0 until `resolveDurations` has seen to it. */
  readonly offset?: Duration | undefined;
};

/** A length of time that depends on the query; what does not is a number when it is parsed. Seconds throughout. */
export type Duration =
  | { readonly kind: 'seconds'; readonly seconds: number }
  /** The step of the query, or its length from the first to the last. */
  | { readonly kind: 'step' | 'range' }
  | { readonly kind: 'minus'; readonly duration: Duration }
  | {
      readonly kind: 'operation';
      readonly operator: DurationOperator;
      readonly left: Duration;
      readonly right: Duration;
    };
export type DurationOperator = '+' | '-' | '*' | '/' | '%' | '^' | 'min_of' | 'max_of';

export type NumberLiteral = { readonly kind: 'number'; readonly value: number; readonly span: Span };
export type StringLiteral = { readonly kind: 'string'; readonly value: string; readonly span: Span };

/** An instant vector: the newest sample of each series within the lookback. The metric's name is a matcher of `__name__`. */
export type Selector = TimeShift & {
  readonly kind: 'selector';
  readonly matchers: readonly LabelMatcher[];
  /** How samples beside a range, or around a moment, count. */
  readonly extension?: Extension | undefined;
  readonly span: Span;
};

/** `anchored`: the last sample before the range is its first value. `smoothed`: values at its ends are interpolated. */
export type Extension = 'anchored' | 'smoothed';

/** A range vector: the samples of the `rangeMs` before. `range`, where it depends on the query, gives `rangeMs`. */
export type RangeSelector = {
  readonly kind: 'range-selector';
  readonly selector: Selector;
  readonly rangeMs: number;
  readonly range?: Duration | undefined;
  readonly span: Span;
};

/** A range vector made by evaluating an expression at steps; without `stepMs`, at the default step. */
export type Subquery = TimeShift & {
  readonly kind: 'subquery';
  readonly expression: Expression;
  readonly rangeMs: number;
  readonly range?: Duration | undefined;
  readonly stepMs?: number | undefined;
  readonly step?: Duration | undefined;
  readonly span: Span;
};

export type Call = {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Expression[];
  readonly span: Span;
};

export type Grouping = { readonly kind: 'by' | 'without'; readonly labels: readonly string[] };
export type Aggregate = {
  readonly kind: 'aggregate';
  readonly operator: AggregateOperator;
  readonly parameter?: Expression | undefined;
  readonly expression: Expression;
  readonly grouping?: Grouping | undefined;
  readonly span: Span;
};

export type Matching = {
  readonly kind: 'on' | 'ignoring';
  readonly labels: readonly string[];
  /** The side that may have several series for one of the other; its labels are kept, with `include` of the other. */
  readonly group?: { readonly side: 'left' | 'right'; readonly include: readonly string[] } | undefined;
  /** Values that stand in for a series that one side does not have. */
  readonly fill?: { readonly left?: number | undefined; readonly right?: number | undefined } | undefined;
};
export type Binary = {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
  /** A comparison answers 0 or 1 instead of filtering. */
  readonly isBool: boolean;
  readonly matching?: Matching | undefined;
  readonly span: Span;
};

export type Unary = {
  readonly kind: 'unary';
  readonly operator: '+' | '-';
  readonly expression: Expression;
  readonly span: Span;
};
export type Parentheses = { readonly kind: 'parentheses'; readonly expression: Expression; readonly span: Span };

export type Expression =
  | NumberLiteral
  | StringLiteral
  | Selector
  | RangeSelector
  | Subquery
  | Call
  | Aggregate
  | Binary
  | Unary
  | Parentheses;

export const METRIC_NAME = '__name__';

/** Tells the labels that say what a metric is. They go when a value is computed: a rate of a counter is no counter. */
export function isMetadataLabel(name: string): boolean {
  return name === METRIC_NAME || name === '__type__' || name === '__unit__';
}

export const AGGREGATE_OPERATORS = [
  'sum',
  'avg',
  'count',
  'min',
  'max',
  'group',
  'stddev',
  'stdvar',
  'topk',
  'bottomk',
  'limitk',
  'limit_ratio',
  'quantile',
  'count_values',
] as const;
export type AggregateOperator = (typeof AGGREGATE_OPERATORS)[number];

/** Binding power; higher binds tighter. `^` groups to the right, the others to the left. */
export const BINARY_PRECEDENCE = {
  or: 1,
  and: 2,
  unless: 2,
  '==': 3,
  '!=': 3,
  '<=': 3,
  '<': 3,
  '>=': 3,
  '>': 3,
  '</': 3,
  '>/': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  atan2: 5,
  '^': 6,
} as const;
export type BinaryOperator = keyof typeof BINARY_PRECEDENCE;
export type SetOperator = 'and' | 'or' | 'unless';
export type TrimOperator = '</' | '>/';
export type ComparisonOperator = '==' | '!=' | '<=' | '<' | '>=' | '>';

export function isSetOperator(operator: BinaryOperator): operator is SetOperator {
  return operator === 'and' || operator === 'or' || operator === 'unless';
}

export function isComparison(operator: BinaryOperator): operator is ComparisonOperator {
  return BINARY_PRECEDENCE[operator] === 3 && !isTrim(operator);
}

/** Tells the operators that cut off native histograms above (`</`) or below (`>/`) a value. */
export function isTrim(operator: BinaryOperator): operator is TrimOperator {
  return operator === '</' || operator === '>/';
}

/** The expression inside any parentheses. */
export function withoutParentheses(expression: Expression): Expression {
  return expression.kind === 'parentheses' ? withoutParentheses(expression.expression) : expression;
}
