// Goal: whatever tree there is, its text parses to the same tree. Method: random texts from a grammar of their own, printed
// and parsed until nothing changes; the tree of the first printing must be the tree of the text, places aside.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Expression } from './ast.ts';
import { formatExpression } from './format.ts';
import { parseExpression } from './parser.ts';

const name = fc.constantFrom('up', 'a:b', 'sum', 'by', '__x', 'metric_total');
const label = fc.constantFrom('job', 'le', 'on', '"odd.name"');
const text = fc.string({ unit: 'binary', maxLength: 5 }).map((value) => JSON.stringify(value.toWellFormed()));
const matcher = fc.oneof(
  fc.tuple(label, fc.constantFrom('=', '!='), text).map((parts) => parts.join('')),
  fc
    .tuple(label, fc.constantFrom('=~', '!~'), fc.constantFrom('"a.*"', '`\\d+`', "'x|y'"))
    .map((parts) => parts.join('')),
);
const duration = fc.constantFrom('5m', '1h30m', '90', '1d', '250ms', '0.5');
const shift = fc.oneof(
  fc.constant(''),
  fc.constantFrom(' offset 5m', ' offset -1h', ' @ 12.5', ' @ start()', ' offset 1w @ end()', ' @ -3'),
);
const selector = fc
  .tuple(name, fc.array(matcher, { maxLength: 3 }))
  .map(([metric, matchers]) => `${metric}{${matchers.join(',')}}`);
const number = fc.oneof(fc.double().map(numberText), fc.constantFrom('1e3', '0x1f', '.5', '2.', 'Inf', 'nan', '5m'));
const labels = fc.array(label, { maxLength: 2 }).map((list) => `(${list.join(', ')})`);

function numberText(value: number): string {
  return Number.isNaN(value)
    ? 'NaN'
    : Math.abs(value) === Infinity
      ? `${value < 0 ? '-' : ''}Inf`
      : String(Math.abs(value));
}

const { vector } = fc.letrec<{ vector: string; matrix: string; scalar: string }>((tie) => ({
  scalar: fc.oneof(
    { maxDepth: 3 },
    number,
    fc
      .tuple(tie('scalar'), fc.constantFrom('+', '-', '*', '^', '<= bool', 'atan2'), tie('scalar'))
      .map((parts) => parts.join(' ')),
    tie('vector').map((inner) => `scalar(${inner})`),
    tie('scalar').map((inner) => `-${inner}`),
    tie('scalar').map((inner) => `(${inner})`),
  ),
  matrix: fc.oneof(
    { maxDepth: 3 },
    fc.tuple(selector, duration, shift).map(([inner, range, moved]) => `${inner}[${range}]${moved}`),
    fc.tuple(tie('vector'), duration, shift).map(([inner, range, moved]) => `(${inner})[${range}:1m]${moved}`),
  ),
  vector: fc.oneof(
    { maxDepth: 4 },
    fc.tuple(selector, shift).map((parts) => parts.join('')),
    tie('matrix').map((inner) => `rate(${inner})`),
    fc.tuple(tie('scalar'), tie('matrix')).map((parts) => `quantile_over_time(${parts.join(',')})`),
    fc
      .tuple(fc.constantFrom('sum', 'AVG', 'stddev'), fc.constantFrom('by', 'without'), labels, tie('vector'))
      .map(([op, kind, list, inner]) => `${op} ${kind}${list}(${inner})`),
    fc.tuple(tie('scalar'), tie('vector'), labels).map(([k, inner, list]) => `topk(${k},${inner}) by ${list}`),
    fc
      .tuple(tie('vector'), fc.constantFrom('+', '==', '> bool', 'or', 'and', 'unless', '^'), tie('vector'))
      .map((parts) => parts.join(' ')),
    fc
      .tuple(tie('vector'), labels, fc.constantFrom('group_left()', 'group_right(x)', ''), tie('vector'))
      .map(([a, list, group, b]) => `${a} / ignoring ${list} ${group} (${b})`),
    tie('vector').map((inner) => `+${inner}`),
    fc.tuple(tie('vector'), text, text).map(([inner, a, b]) => `label_join(${inner}, ${a}, ${b})`),
  ),
}));

test('a printed expression parses to the tree that was printed', () => {
  fc.assert(
    fc.property(vector, (source) => {
      const tree = parseExpression(source);
      const printed = formatExpression(tree);
      const again = parseExpression(printed);
      expect(withoutSpans(again)).toEqual(withoutSpans(tree));
      expect(formatExpression(again)).toBe(printed);
    }),
    { numRuns: 500 },
  );
});

test('any text is parsed or refused as invalid with a place inside it', () => {
  const word = fc.oneof(
    vector,
    fc.string({ maxLength: 4 }),
    fc.constantFrom('(', ')', '[', ']', '{', 'by', 'offset', '@', '"', ','),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 5 }), (words) => {
      const source = words.join(' ');
      try {
        parseExpression(source);
      } catch (error) {
        const offset = (error as { details?: { position?: { offset?: number } } }).details?.position?.offset ?? -1;
        expect(error).toMatchObject({ name: 'OperatingError', code: 'invalid' });
        expect(offset >= 0 && offset <= source.length).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});

function withoutSpans(expression: Expression): unknown {
  return JSON.parse(
    JSON.stringify(expression, (key, value: unknown) =>
      key === 'span' ? undefined : typeof value === 'number' ? String(value) : value,
    ),
  );
}
