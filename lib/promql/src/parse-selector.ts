/** Selectors, and what may follow them: ranges, subqueries, `offset` and `@`. */
import { RE2JS } from 're2js';
import { describeError } from '@plumb/base';
import {
  type AtModifier,
  type Expression,
  type Extension,
  type LabelMatcher,
  METRIC_NAME,
  type MatchOperator,
  type Selector,
  type TimeShift,
} from './ast.ts';
import { typeOf } from './check.ts';
import { type ParsedDuration, parseDurationExpression, parseDurationTerm } from './parse-duration.ts';
import { describeToken, type TokenCursor } from './token-cursor.ts';

const MATCH_OPERATORS: readonly string[] = ['=', '!=', '=~', '!~'] satisfies MatchOperator[];

/** With `takesAny`, a selector that could match every series is let through. */
export function parseSelector(cursor: TokenCursor, { takesAny = false } = {}): Selector {
  const first = cursor.peek();
  const name = first.kind === 'identifier' ? cursor.next().text : undefined;
  const matchers: LabelMatcher[] = name === undefined ? [] : [{ name: METRIC_NAME, op: '=', value: name }];
  if (cursor.takeSymbol('{')) matchers.push(...parseMatchers(cursor, name));
  const span = cursor.spanFrom(first.start);
  if (!takesAny && matchers.every(matchesEmpty)) {
    throw cursor.error(
      span,
      'the selector could match every series: add a matcher that an absent label does not satisfy',
    );
  }
  return { kind: 'selector', matchers, offsetMs: 0, span };
}

/** Ranges and time shifts behind an expression. */
export function parseTimeSuffixes(cursor: TokenCursor, inner: Expression): Expression {
  let expression = inner;
  for (;;) {
    const token = cursor.peek();
    const suffix = token.text.toLowerCase();
    if (cursor.isSymbol('[')) {
      expression = parseRange(cursor, expression);
    } else if (cursor.isSymbol('@') || cursor.isWord('offset')) {
      expression = withShift(cursor, expression, (shift) => parseShift(cursor, shift));
    } else if (token.kind === 'identifier' && (suffix === 'smoothed' || suffix === 'anchored')) {
      expression = withExtension(cursor, expression, suffix);
    } else {
      return expression;
    }
  }
}

function parseMatchers(cursor: TokenCursor, metric: string | undefined): LabelMatcher[] {
  const matchers: LabelMatcher[] = [];
  let quotedMetric: string | undefined;
  while (!cursor.takeSymbol('}')) {
    const token = cursor.next();
    const isWord = token.kind === 'identifier' || (token.kind === 'number' && /^[a-z]+$/i.test(token.text));
    if (!isWord && token.kind !== 'string')
      throw cursor.error(token, `expected a label name or "}", found ${describeToken(token)}`);
    if (token.kind === 'string' && (cursor.isSymbol(',') || cursor.isSymbol('}'))) {
      if (metric !== undefined || quotedMetric !== undefined)
        throw cursor.error(token, `the metric has a name already: "${metric ?? quotedMetric}"`);
      quotedMetric = token.text;
      matchers.push({ name: METRIC_NAME, op: '=', value: token.text });
    } else {
      matchers.push(parseMatcher(cursor, token.text));
    }
    if (!cursor.isSymbol('}')) cursor.expectSymbol(',', 'or "}" after a matcher');
  }
  const second = metric !== undefined && matchers.some(({ name, op }) => name === METRIC_NAME && op === '=');
  if (second) throw cursor.error(cursor.spanFrom(cursor.peek().start), `the metric has a name already: "${metric}"`);
  return matchers;
}

function parseMatcher(cursor: TokenCursor, name: string): LabelMatcher {
  const operator = cursor.next();
  if (operator.kind !== 'symbol' || !MATCH_OPERATORS.includes(operator.text)) {
    throw cursor.error(operator, `expected =, !=, =~ or !~ after "${name}", found ${describeToken(operator)}`);
  }
  const value = cursor.next();
  if (value.kind !== 'string')
    throw cursor.error(value, `expected a string in quotation marks, found ${describeToken(value)}`);
  const op = operator.text as MatchOperator;
  if (op === '=~' || op === '!~') {
    try {
      RE2JS.compile(value.text);
    } catch (error) {
      throw cursor.error(value, `the regular expression is wrong: ${describeError(error)}`);
    }
  }
  return { name, op, value: value.text };
}

function matchesEmpty({ op, value }: LabelMatcher): boolean {
  switch (op) {
    case '=':
      return value === '';
    case '!=':
      return value !== '';
    case '=~':
      return RE2JS.matches(value, '');
    case '!~':
      return !RE2JS.matches(value, '');
  }
}

function parseRange(cursor: TokenCursor, expression: Expression): Expression {
  const open = cursor.next();
  const range = parseLength(cursor, 'a range');
  const { start } = expression.span;
  if (cursor.takeSymbol(':')) {
    const step = cursor.isSymbol(']') ? undefined : parseLength(cursor, 'a step');
    cursor.expectSymbol(']', 'to close the subquery');
    const type = typeOf(expression);
    if (type !== 'vector' && type !== 'scalar')
      throw cursor.error(expression.span, `a subquery takes an instant vector, not a ${type}`);
    return {
      kind: 'subquery',
      expression,
      rangeMs: range.lengthMs,
      ...(range.duration === undefined ? {} : { range: range.duration }),
      stepMs: step?.lengthMs,
      ...(step?.duration === undefined ? {} : { step: step.duration }),
      offsetMs: 0,
      span: cursor.spanFrom(start),
    };
  }
  cursor.expectSymbol(']', 'to close the range');
  if (expression.kind !== 'selector') {
    throw cursor.error(
      expression.span,
      'only a selector can have a range: write [RANGE:STEP] to evaluate an expression over time',
    );
  }
  if (hasShift(expression)) throw cursor.error(cursor.spanFrom(open.start), 'the range comes before offset and @');
  if (expression.extension !== undefined)
    throw cursor.error(cursor.spanFrom(open.start), `the range comes before "${expression.extension}"`);
  return {
    kind: 'range-selector',
    selector: expression,
    rangeMs: range.lengthMs,
    ...(range.duration === undefined ? {} : { range: range.duration }),
    span: cursor.spanFrom(start),
  };
}

/** A range or a step: longer than nothing, where that is known already. */
function parseLength(cursor: TokenCursor, what: string): ParsedDuration {
  const parsed = parseDurationExpression(cursor, what);
  if (parsed.duration === undefined && parsed.lengthMs <= 0)
    throw cursor.error(parsed.span, `${what} must be longer than nothing`);
  return parsed;
}

function hasShift({ offsetMs, offset, at }: TimeShift): boolean {
  return offsetMs !== 0 || offset !== undefined || at !== undefined;
}

function withExtension(cursor: TokenCursor, expression: Expression, extension: Extension): Expression {
  const token = cursor.next();
  const extend = (selector: Selector): Selector => {
    if (selector.extension !== undefined) throw cursor.error(token, `there is "${selector.extension}" already`);
    return { ...selector, extension, span: cursor.spanFrom(selector.span.start) };
  };
  const { start } = expression.span;
  if (expression.kind === 'range-selector')
    return { ...expression, selector: extend(expression.selector), span: cursor.spanFrom(start) };
  if (expression.kind === 'selector' && extension === 'smoothed') return extend(expression);
  throw cursor.error(token, `"${token.text}" can only follow a ${extension === 'smoothed' ? 'selector' : 'range'}`);
}

function withShift(cursor: TokenCursor, expression: Expression, change: (shift: TimeShift) => TimeShift): Expression {
  switch (expression.kind) {
    case 'selector':
    case 'subquery': {
      return { ...expression, ...change(expression), span: cursor.spanFrom(expression.span.start) };
    }
    case 'range-selector': {
      return {
        ...expression,
        selector: { ...expression.selector, ...change(expression.selector) },
        span: cursor.spanFrom(expression.span.start),
      };
    }
    case 'number':
    case 'string':
    case 'call':
    case 'aggregate':
    case 'binary':
    case 'unary':
    case 'parentheses': {
      const token = cursor.peek();
      throw cursor.error(token, `"${token.text}" can only follow a selector or a subquery`);
    }
  }
}

function parseShift(cursor: TokenCursor, shift: TimeShift): TimeShift {
  const token = cursor.next();
  const { offsetMs, offset, at } = shift;
  const sameOffset = { offsetMs, ...(offset === undefined ? {} : { offset }) };
  if (token.text === '@') {
    if (at !== undefined) throw cursor.error(token, 'there is an @ already');
    return { ...sameOffset, at: parseAt(cursor) };
  }
  if (offsetMs !== 0 || offset !== undefined) throw cursor.error(token, 'there is an offset already');
  const { lengthMs, duration } = parseDurationTerm(cursor, 'an offset');
  return { offsetMs: lengthMs, ...(duration === undefined ? {} : { offset: duration }), at };
}

function parseAt(cursor: TokenCursor): AtModifier {
  for (const kind of ['start', 'end'] as const) {
    if (!cursor.isWord(kind)) continue;
    cursor.next();
    cursor.expectSymbol('(', `after "@ ${kind}"`);
    cursor.expectSymbol(')', `after "@ ${kind}("`);
    return { kind };
  }
  const sign = parseSign(cursor);
  const token = cursor.next();
  const at = Math.round(sign * token.value * 1_000);
  if ((token.kind !== 'number' && token.kind !== 'duration') || !Number.isSafeInteger(at)) {
    throw cursor.error(token, `expected a time in seconds, start() or end() after @, found ${describeToken(token)}`);
  }
  return { kind: 'time', at };
}

function parseSign(cursor: TokenCursor): 1 | -1 {
  if (cursor.takeSymbol('-')) return -1;
  cursor.takeSymbol('+');
  return 1;
}
