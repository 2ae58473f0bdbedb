/** Expressions for lengths of time: `[2m * (1 + 4)]`, `offset -step()`. Numbers in them are seconds. */
import { describeError } from '@plumb/base';
import type { Duration, DurationOperator } from './ast.ts';
import { constantSeconds } from './durations.ts';
import type { Span } from './parse-error.ts';
import { describeToken, type TokenCursor } from './token-cursor.ts';

/** Binding power as in expressions of values; `^` groups to the right. */
const PRECEDENCE: Readonly<Record<string, number>> = { '+': 1, '-': 1, '*': 2, '/': 2, '%': 2, '^': 3 };
const SIGN_PRECEDENCE = 3;
/** Deeper nesting is refused, so that walking it cannot exhaust the stack. */
const NESTING_DEPTH_MAX = 100;

/** Milliseconds where they are known while parsing, or the expression that gives them. */
export type ParsedDuration = {
  readonly lengthMs: number;
  readonly duration?: Duration | undefined;
  readonly span: Span;
};

/** Everything up to a bracket or colon. @throws OperatingError `invalid`. */
export function parseDurationExpression(cursor: TokenCursor, what: string): ParsedDuration {
  return parsed(cursor, what, () => new DurationParser(cursor, what).expression(0));
}

/** What binds tighter than any operator: a number, a call, something in parentheses; with a sign. */
export function parseDurationTerm(cursor: TokenCursor, what: string): ParsedDuration {
  return parsed(cursor, what, () => new DurationParser(cursor, what).term());
}

function parsed(cursor: TokenCursor, what: string, parse: () => Duration): ParsedDuration {
  const { start } = cursor.peek();
  const duration = parse();
  const span = cursor.spanFrom(start);
  const seconds = constantOf(cursor, duration, span);
  if (seconds === undefined) return { lengthMs: 0, duration, span };
  const lengthMs = Math.round(seconds * 1_000);
  if (Number.isSafeInteger(lengthMs)) return { lengthMs, span };
  throw cursor.error(span, `"${cursor.text.slice(span.start, span.end)}" is not ${what}: it is out of bounds`);
}

function constantOf(cursor: TokenCursor, duration: Duration, span: Span): number | undefined {
  try {
    return constantSeconds(duration);
  } catch (error) {
    throw cursor.error(span, describeError(error));
  }
}

class DurationParser {
  readonly #cursor: TokenCursor;
  readonly #what: string;
  #depth = 0;

  constructor(cursor: TokenCursor, what: string) {
    this.#cursor = cursor;
    this.#what = what;
  }

  expression(precedenceMin: number): Duration {
    this.#depth += 1;
    if (this.#depth > NESTING_DEPTH_MAX)
      throw this.#cursor.error(this.#cursor.peek(), `the duration is nested deeper than ${NESTING_DEPTH_MAX} levels`);
    let left = this.term();
    for (let count = 0; ; count += 1) {
      const { kind, text } = this.#cursor.peek();
      const precedence = kind === 'symbol' ? PRECEDENCE[text] : undefined;
      if (precedence === undefined || precedence < precedenceMin) break;
      if (count > NESTING_DEPTH_MAX)
        throw this.#cursor.error(this.#cursor.peek(), `more than ${NESTING_DEPTH_MAX} operators in a row`);
      this.#cursor.next();
      const right = this.expression(text === '^' ? precedence : precedence + 1);
      left = { kind: 'operation', operator: text as DurationOperator, left, right };
    }
    this.#depth -= 1;
    return left;
  }

  term(): Duration {
    if (this.#cursor.takeSymbol('+')) return this.#signed();
    if (this.#cursor.takeSymbol('-')) return { kind: 'minus', duration: this.#signed() };
    return this.#primary();
  }

  /** In brackets a sign binds looser than `^`; an offset ends before any operator. */
  #signed(): Duration {
    return this.#depth > 0 ? this.expression(SIGN_PRECEDENCE) : this.#primary();
  }

  #primary(): Duration {
    const token = this.#cursor.next();
    if (token.kind === 'number' || token.kind === 'duration') return { kind: 'seconds', seconds: token.value };
    if (token.kind === 'symbol' && token.text === '(') {
      const duration = this.expression(0);
      this.#cursor.expectSymbol(')', 'to close the parentheses');
      return duration;
    }
    const word = token.text.toLowerCase();
    if (token.kind === 'identifier' && this.#cursor.isSymbol('(')) {
      if (word === 'step' || word === 'range') return this.#queryLength(word);
      if (word === 'min_of' || word === 'max_of') return this.#choice(word);
    }
    throw this.#cursor.error(token, `expected ${this.#what} such as 5m, found ${describeToken(token)}`);
  }

  #queryLength(kind: 'step' | 'range'): Duration {
    this.#cursor.next();
    this.#cursor.expectSymbol(')', `after "${kind}("`);
    return { kind };
  }

  #choice(operator: 'min_of' | 'max_of'): Duration {
    this.#cursor.next();
    const left = this.expression(0);
    this.#cursor.expectSymbol(',', `between the two durations of "${operator}"`);
    const right = this.expression(0);
    this.#cursor.expectSymbol(')', `after the two durations of "${operator}"`);
    return { kind: 'operation', operator, left, right };
  }
}
