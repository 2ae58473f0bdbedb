import fs from 'node:fs';
import { OperatingError } from '@plumb/base';
import { expect, test } from 'vitest';
import { LINE_LENGTH_MAX, parseExposition, scanExposition } from './exposition.ts';
import { formatSeries } from './series-text.ts';

const samplesOf = (text: string): string[] =>
  parseExposition(text).samples.map(
    ({ labels, value, at }) => `${formatSeries(labels)} ${value}${at === undefined ? '' : ` @${at}`}`,
  );

test('samples are read with labels, escapes, blanks, special values and timestamps', () => {
  const check = (line: string, expected: string): void => expect(samplesOf(line)).toEqual([expected]);
  check('up 1', 'up 1');
  check('up 1\n', 'up 1');
  check('  up\t1', 'up 1');
  check('a:b_c{} 2.5e3', 'a:b_c 2500');
  check('x{b="2",a="1"} -0.5', 'x{a="1",b="2"} -0.5');
  check('x{ a = "1" , b = "2" , } 3', 'x{a="1",b="2"} 3');
  check('x {a="1"} 3', 'x{a="1"} 3');
  check('x{a="}{ \\" , #"} 1', 'x{a="}{ \\" , #"} 1');
  check('x{path="C:\\\\DIR",text="a\\nb"} 1', 'x{path="C:\\\\DIR",text="a\\nb"} 1');
  check('x{empty=""} 1', 'x 1');
  check('x +Inf', 'x Infinity');
  check('x -inf', 'x -Infinity');
  check('x NaN', 'x NaN');
  check('x 1 1700000000123', 'x 1 @1700000000123');
  check('x{a="é 💧"} 1', 'x{a="é 💧"} 1');
});

test('metadata is read, and comments for people are not', () => {
  const text = [
    '# a remark',
    '#',
    '# HELP http_requests_total Requests, with a \\\\ and a\\nline.',
    '# TYPE http_requests_total counter',
    'http_requests_total 1',
    '# UNIT size_bytes bytes',
    '# TYPE size_bytes gauge',
    '# TYPE constructor untyped',
  ].join('\n');
  expect(parseExposition(text).metadata).toEqual([
    { metric: 'http_requests_total', type: 'counter', help: 'Requests, with a \\ and a\nline.', unit: '' },
    { metric: 'size_bytes', type: 'gauge', help: '', unit: 'bytes' },
    { metric: 'constructor', type: 'unknown', help: '', unit: '' },
  ]);
});

test('OpenMetrics: seconds, exemplars, the end mark, and counters under the name of their samples', () => {
  const text = '# TYPE hits counter\nhits_total{a="1"} 5 1700000000.5 # {trace_id="x # y"} 1 1\n# EOF\n';
  const { samples, metadata } = parseExposition(text, 'openmetrics');
  expect(samples).toEqual([{ labels: { __name__: 'hits_total', a: '1' }, value: 5, at: 1_700_000_000_500 }]);
  expect(metadata).toMatchObject([{ metric: 'hits_total', type: 'counter' }]);
  expect(() => parseExposition('hits_total 5\n', 'openmetrics')).toThrow('the text was cut off');
  expect(() => parseExposition('# EOF\nhits_total 5\n', 'openmetrics')).toThrow('line 2 comes after "# EOF"');
});

test('a fault names its line and what stands there', () => {
  const check = (line: string, message: string): void => {
    try {
      parseExposition(`ok 1\n${line}\n`);
      expect.unreachable(line);
    } catch (error) {
      expect(error).toBeInstanceOf(OperatingError);
      expect(error).toMatchObject({ code: 'invalid', details: { line: 2 } });
      expect((error as Error).message).toBe(`line 2 ${message}`);
    }
  };
  check('x', 'has no value after "x"');
  check('x{a="1" 1', 'has labels that are not closed by "}"');
  check('x{a="1} 1', 'has labels that are not closed by "}"');
  check('x{a=1} 1', 'has "a=1}" where a label like code="200" belongs');
  check('x{1a="1"} 1', 'has "1a="1"}" where a label like code="200" belongs');
  check('x{a="1",a="2"} 1', 'has the label a twice');
  check('x{__proto__="1"} 1', 'has the label __proto__: names with "__" are reserved');
  check('1x 1', 'begins with "1x", which is not a metric name');
  check('x-y 1', 'has "-y" inside a metric name');
  check('x 0x10', 'has "0x10" where a number belongs');
  check('x 1_000', 'has "1_000" where a number belongs');
  check('x 1 soon', 'has "soon" where a timestamp belongs');
  check('x 1 1.5', 'has "1.5" where a timestamp belongs');
  check('x 1 2 3', 'has "3" after its end');
  check(
    '# TYPE x rate',
    'has the type "rate"; a type is one of counter, gauge, histogram, summary, untyped, unknown, info, stateset, gaugehistogram',
  );
  check(`x{a="${'y'.repeat(LINE_LENGTH_MAX)}"} 1`, `is longer than ${LINE_LENGTH_MAX} characters`);
  check(`x{${Array.from({ length: 65 }, (_, i) => `l${i}="1"`).join()}} 1`, 'has more than 64 labels');
});

test('a real exposition of prom-client is read whole', () => {
  const text = fs.readFileSync(new URL('testdata/tipjar.prom.txt', import.meta.url), 'utf8');
  const { samples, metadata } = parseExposition(text);
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(samples).toHaveLength(lines.length);
  expect(metadata).toHaveLength(text.match(/^# TYPE/gm)?.length ?? 0);
  // Our own writer and reader agree on each series.
  expect(samples.map(({ labels }) => formatSeries(labels)).sort()).toEqual(
    parseExposition(samples.map(({ labels }) => `${formatSeries(labels)} 1`).join('\n'))
      .samples.map(({ labels }) => formatSeries(labels))
      .sort(),
  );
});

test('the raw text of a series is the same at each scrape, so that a map can know it', () => {
  const texts: string[] = [];
  for (const value of [1, 2]) scanExposition(`x{a="1"} ${value} 17\n`, 'text', (series) => texts.push(series));
  expect(texts).toEqual(['x{a="1"}', 'x{a="1"}']);
});
