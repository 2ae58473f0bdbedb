// Goal: whatever tree there is, its text parses to the same tree. Method: random texts from a grammar of their own, printed
// and parsed until nothing changes; the tree of the first printing must be the tree of the text, places aside.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryExpressions } from '../test/arbitrary-expression.ts';
import type { Expression } from './ast.ts';
import { formatExpression } from './format.ts';
import { parseExpression } from './parser.ts';

const { vector } = arbitraryExpressions({
  names: ['up', 'a:b', 'sum', 'by', '__x', 'metric_total', 'fill', 'step'],
  labels: ['job', 'le', 'on', '"odd.name"'],
  values: fc.oneof(
    fc.string({ unit: 'binary', maxLength: 5 }).map((value) => JSON.stringify(value.toWellFormed())),
    fc.constantFrom('"\\xff\\x41"', '"\\xe4\\xb8"'),
  ),
});

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
