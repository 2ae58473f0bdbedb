import { OperatingError } from '@plumb/base';
import { expect, test } from 'vitest';
import { formatExpression } from './format.ts';
import { parseExpression } from './parser.ts';
import { metricNamesOf, walkExpression } from './walk.ts';

/** The message of the parse error, with a caret under the place that it names. */
function errorOf(text: string): string {
  try {
    parseExpression(text);
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    const { position, length } = error.details as {
      position: { line: number; column: number; offset: number };
      length: number;
    };
    const line = text.split('\n')[position.line - 1] ?? '';
    expect(
      text
        .split('\n')
        .slice(0, position.line - 1)
        .join('\n').length +
        Math.sign(position.line - 1) +
        position.column -
        1,
    ).toBe(position.offset);
    return `${line}\n${' '.repeat(position.column - 1)}${'^'.repeat(length)}\n${error.message}`;
  }
  return 'no error';
}

test('operators bind as Prometheus has it', () => {
  const check = (text: string, expected: string): void => expect(grouped(text)).toBe(expected);
  check('1 + 2 * 3', '(1 + (2 * 3))');
  check('-2 ^ 2', '(-(2 ^ 2))');
  check('2 ^ 3 ^ 2', '(2 ^ (3 ^ 2))');
  check('2 ^ -1 * 3', '((2 ^ (-1)) * 3)');
  check('a - b - c', '((a - b) - c)');
  check('a or b and c unless d', '(a or ((b and c) unless d))');
  check('a + b > bool 1 == c', '(((a + b) > 1) == c)');
  check('-a offset 5m', '(-a offset 5m)');
  check('a atan2 b % c', '((a atan2 b) % c)');
});

/** The text with every operator in parentheses of its own. */
function grouped(text: string): string {
  const group = (node: ReturnType<typeof parseExpression>): string => {
    if (node.kind === 'binary') return `(${group(node.left)} ${node.operator} ${group(node.right)})`;
    if (node.kind === 'unary') return `(${node.operator}${group(node.expression)})`;
    return formatExpression(node);
  };
  return group(parseExpression(text));
}

test('what is parsed is printed in one canonical form', () => {
  const check = (text: string, expected: string): void =>
    expect(formatExpression(parseExpression(text))).toBe(expected);
  check('SUM(rate(x [5m]))BY(job,)', 'sum by (job) (rate(x[5m]))');
  check('{"http.requests", "status.code"=~`5..`}', '{__name__="http.requests", "status.code"=~"5.."}');
  check("up{job='a\\'b\\n'}", `up{job="a'b\\n"}`);
  check('x offset 90s @ 1.5', 'x @ 1.5 offset 1m30s');
  check('max_over_time(rate(x[5m])[1h:] @ end())', 'max_over_time(rate(x[5m])[1h:] @ end())');
  check('a * on(job) group_left b', 'a * on (job) group_left () b');
  check('x[300]', 'x[5m]');
  check('1h', '3600');
  check('sum # of all\n(x)', 'sum(x)');
  check('bottomk without (a) (2, x)', 'bottomk without (a) (2, x)');
  check('{__name__="inf"}', '{__name__="inf"}');
});

test('errors name the place, what is wrong and what to do', () => {
  expect(errorOf('rate(requests_total)')).toMatchInlineSnapshot(`
    "rate(requests_total)
         ^^^^^^^^^^^^^^
    parse error at 1:6: "rate" takes a range vector here, not an instant vector: add a range such as [5m]"
  `);
  expect(errorOf('sum(rat(x[5m]))')).toMatchInlineSnapshot(`
    "sum(rat(x[5m]))
        ^^^
    parse error at 1:5: function "rat" is not known: did you mean "rate"?"
  `);
  expect(errorOf('1 </ 2')).toMatchInlineSnapshot(`
    "1 </ 2
      ^^
    parse error at 1:3: "</" cuts native histograms off: it takes an instant vector on its left, not a scalar"
  `);
  expect(errorOf('sum by (job (x)')).toMatchInlineSnapshot(`
    "sum by (job (x)
                ^
    parse error at 1:13: expected "," or ")" in the labels of "by", found symbol "(""
  `);
  expect(errorOf('a +\n  * b')).toMatchInlineSnapshot(`
    "  * b
      ^
    parse error at 2:3: unexpected "*": expected a metric, a number, a function or "(""
  `);
  expect(errorOf('x{job=web}')).toMatchInlineSnapshot(`
    "x{job=web}
          ^^^
    parse error at 1:7: expected a string in quotation marks, found identifier "web""
  `);
  expect(errorOf('{job=""}')).toMatchInlineSnapshot(`
    "{job=""}
    ^^^^^^^^
    parse error at 1:1: the selector could match every series: add a matcher that an absent label does not satisfy"
  `);
  expect(errorOf('x{job=~"("}')).toMatchInlineSnapshot(`
    "x{job=~"("}
           ^^^
    parse error at 1:8: the regular expression is wrong: error parsing regexp: missing closing ): \`(\`"
  `);
  expect(errorOf('x[5min]')).toMatchInlineSnapshot(`
    "x[5min]
      ^^^^
    parse error at 1:3: "5min" is neither a number nor a duration such as 5m or 1h30m"
  `);
  expect(errorOf('1 == 2')).toMatchInlineSnapshot(`
    "1 == 2
      ^^
    parse error at 1:3: a comparison of scalars needs "bool": write == bool"
  `);
  expect(errorOf('a and 1')).toMatchInlineSnapshot(`
    "a and 1
      ^^^
    parse error at 1:3: "and" takes instant vectors on both sides, not a scalar"
  `);
  expect(errorOf('x[5m] + 1')).toMatchInlineSnapshot(`
    "x[5m] + 1
    ^^^^^
    parse error at 1:1: "+" takes scalars and instant vectors, not a range vector"
  `);
  expect(errorOf('"text')).toMatchInlineSnapshot(`
    ""text
    ^^^^^
    parse error at 1:1: the string is not closed: add a quotation mark"
  `);
  expect(errorOf('x ! y')).toMatchInlineSnapshot(`
    "x ! y
      ^
    parse error at 1:3: unexpected character "!""
  `);
  expect(errorOf('')).toMatchInlineSnapshot(`
    "
    ^
    parse error at 1:1: unexpected end of the expression: expected a metric, a number, a function or "(""
  `);
});

test('modifiers that are newer than Prometheus 3.0 stand where they may', () => {
  const check = (text: string, expected: string): void =>
    expect(formatExpression(parseExpression(text))).toBe(expected);
  check('x smoothed', 'x smoothed');
  check('rate(x[5m] ANCHORED offset 1m)', 'rate(x[5m] offset 1m anchored)');
  check('a + fill(0) b', 'a + fill_left (0) fill_right (0) b');
  check('a == bool on(x) group_left fill_right(-Inf) b', 'a == bool on (x) group_left () fill_right (-Inf) b');
  check('a </ 0.5 > b', 'a </ 0.5 > b');
  check('limit_ratio by (a) (-0.5, x)', 'limit_ratio by (a) (-0.5, x)');
  check('info(x, {a=~".*"})', 'info(x, {a=~".*"})');
  for (const [text, expected] of [
    ['x anchored', '"anchored" can only follow a range'],
    ['x smoothed smoothed', 'there is "smoothed" already'],
    ['x smoothed[5m]', 'the range comes before "smoothed"'],
    ['last_over_time(x[5m:1m] smoothed)', '"smoothed" can only follow a selector'],
    ['a + fill(0) fill_left(1) b', '"fill_left" fills a side that has a value already'],
    ['a and fill(0) b', '"fill" cannot be used with the set operator "and"'],
    ['a + fill(x) b', 'expected a number in "fill", found identifier "x"'],
    ['info(x, y + 1)', '"info" takes a label selector'],
  ] as const) {
    expect(errorOf(text)).toContain(expected);
  }
});

test('lengths of time can be computed, and those that depend on the query keep their expression', () => {
  const check = (text: string, expected: string): void =>
    expect(formatExpression(parseExpression(text))).toBe(expected);
  check('x[2m * (1 + 4)]', 'x[10m]');
  check('x[1h % 25m:(1m)]', 'x[10m:1m]');
  check('x offset -(2 ^ 3)', 'x offset -8s');
  check('x offset 100 + 2', 'x offset 1m40s + 2');
  check('x[step() * 2]', 'x[(step()) * (2)]');
  check('x offset -min_of(range(), 1m)', 'x offset (-(min_of(range(), 60)))');
  for (const [text, expected] of [
    ['x[5m / 0]', 'a duration is divided by zero'],
    ['x[1m - 2m]', 'a range must be longer than nothing'],
    ['x[up]', 'expected a range such as 5m, found identifier "up"'],
    [`x[${'('.repeat(5_000)}]`, 'nested deeper than'],
    [`x[1${' + 1'.repeat(5_000)}]`, 'operators in a row'],
  ] as const) {
    expect(errorOf(text)).toContain(expected);
  }
});

test('hostile depth and length are refused, not followed', () => {
  expect(errorOf('('.repeat(5_000))).toContain('nested deeper than');
  expect(errorOf('-'.repeat(5_000))).toContain('nested deeper than');
  expect(errorOf(`x${' + x'.repeat(5_000)}`)).toContain('operators in a row');
  expect(() => parseExpression('x'.repeat(1_000_000))).toThrow(/longer than/);
});

test('words of the language can be names of metrics and labels', () => {
  for (const text of [
    'sum{on="1"}',
    'rate',
    'start{end="1"}',
    'x{by="a", offset="b"}',
    'count offset 5m',
    'sum by (sum, inf) (avg)',
  ]) {
    expect(errorOf(text)).toBe('no error');
  }
});

test('walking finds every node, and the metrics that are read', () => {
  const expression = parseExpression(
    'sum(rate(b[5m])) / on() {__name__="a"} > quantile(0.5, {job="x"}) + max_over_time(c[5m:1m])',
  );
  expect(metricNamesOf(expression)).toEqual(['a', 'b', 'c']);
  expect([...walkExpression(expression)].length).toBe(14);
});
