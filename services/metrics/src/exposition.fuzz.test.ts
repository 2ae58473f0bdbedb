import { OperatingError } from '@plumb/base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseExposition } from './exposition.ts';
import { formatSeries, parseSeries } from './series-text.ts';

const name = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,10}$/);
const label = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_]{0,8}$/);
const labels = fc.dictionary(label, fc.string({ unit: 'grapheme', minLength: 1 }), { maxKeys: 5 });

test('whatever is written as a series is read back as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ name, labels, value: fc.double(), at: fc.option(fc.nat()) })), (series) => {
      const written = series.map((one) => ({ ...one, labels: { ...one.labels, __name__: one.name } }));
      const text = written
        .map((one) => `${formatSeries(one.labels)} ${goNumber(one.value)}${one.at === null ? '' : ` ${one.at}`}\n`)
        .join('');
      const { samples } = parseExposition(text);
      expect(samples.map((sample) => ({ ...sample, labels: { ...sample.labels } }))).toEqual(
        written.map(({ labels: expected, value, at }) => ({ labels: expected, value, at: at ?? undefined })),
      );
    }),
  );
});

test('no text makes the reader do anything but answer or name a line', () => {
  const token = fc.oneof(
    fc.constantFrom(
      'x',
      '{',
      '}',
      '"',
      '\\',
      ',',
      '=',
      ' ',
      '\n',
      '#',
      '# TYPE ',
      '# HELP ',
      '# UNIT ',
      '# EOF',
      'NaN',
      '1',
    ),
    fc.string({ maxLength: 4 }),
  );
  fc.assert(
    fc.property(fc.array(token, { maxLength: 40 }), fc.constantFrom('text', 'openmetrics'), (tokens, format) => {
      const text = tokens.join('');
      try {
        for (const { labels: read } of parseExposition(text, format).samples) {
          expect(parseSeries(formatSeries(read))).toEqual(read);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(OperatingError);
        const { line } = (error as OperatingError).details as { line: number };
        expect(line).toBeLessThanOrEqual(text.split('\n').length);
      }
    }),
    { numRuns: 500 },
  );
});

/** As Go writes it: JavaScript's own text, but for the infinities. */
function goNumber(value: number): string {
  if (Object.is(value, -0)) return '-0';
  return Number.isFinite(value) || Number.isNaN(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
}
