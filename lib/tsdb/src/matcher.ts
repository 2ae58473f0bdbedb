/**
 * Label matchers as plain data, and their tests. Regular expressions are RE2 (linear time, so a hostile pattern cannot hang
 * the store) and anchored at both ends; `.` matches a line break too, as in Prometheus.
 */
import { describeError, OperatingError } from '@plumb/base';
import { RE2JS } from 're2js';
import { type Labels, labelOf } from './labels.ts';

export type MatchOperator = '=' | '!=' | '=~' | '!~';
export type LabelMatcher = { readonly name: string; readonly op: MatchOperator; readonly value: string };

export type ValueTest = (value: string) => boolean;
export type CompiledMatcher = LabelMatcher & {
  readonly test: ValueTest;
  /** The label may be absent: an absent label counts as the empty value. */
  readonly matchesEmpty: boolean;
  /** All values that can match, where that is a short list. */
  readonly values: readonly string[] | undefined;
};

/** @throws OperatingError `invalid` for a pattern that RE2 does not accept. */
export function compileMatcher(matcher: LabelMatcher): CompiledMatcher {
  const { test, values } = positiveTest(matcher);
  const isNegative = matcher.op === '!=' || matcher.op === '!~';
  const ownTest: ValueTest = isNegative ? (value) => !test(value) : test;
  return { ...matcher, test: ownTest, matchesEmpty: ownTest(''), values: isNegative ? undefined : values };
}

export function matchesAll(matchers: readonly CompiledMatcher[], labels: Labels): boolean {
  return matchers.every(({ name, test }) => test(labelOf(labels, name)));
}

type PositiveTest = { readonly test: ValueTest; readonly values?: readonly string[] | undefined };

function positiveTest({ op, value }: LabelMatcher): PositiveTest {
  switch (op) {
    case '=':
    case '!=':
      return { test: (text) => text === value, values: [value] };
    case '=~':
    case '!~':
      return compilePattern(value);
  }
}

/** Alternatives of plain text, the commonest pattern by far (dashboards write them), become a set; RE2 does the rest. */
function compilePattern(pattern: string): PositiveTest {
  if (/^[\w\-:/ ]*(\|[\w\-:/ ]*)*$/.test(pattern)) {
    const values = new Set(pattern.split('|'));
    return { test: (text) => values.has(text), values: [...values] };
  }
  if (pattern === '.*') return { test: () => true };
  if (pattern === '.+') return { test: (text) => text !== '' };
  const compiled = compileRe2(pattern);
  // A value is met once per series that has it; RE2 in JavaScript takes microseconds, a Map does not.
  const known = new Map<string, boolean>();
  return {
    test: (text) => {
      const answer = known.get(text) ?? compiled.matches(text);
      known.set(text, answer);
      return answer;
    },
  };
}

function compileRe2(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL);
  } catch (error) {
    throw new OperatingError('invalid', `"${pattern}" is not an RE2 regular expression: ${describeError(error)}`);
  }
}
