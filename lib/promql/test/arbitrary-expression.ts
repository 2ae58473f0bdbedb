/** Random PromQL from a grammar of its own, of which every sentence parses. */
import fc from 'fast-check';

export type Vocabulary = {
  readonly names: readonly string[];
  readonly labels: readonly string[];
  /** Label values to match, in quotation marks. */
  readonly values: fc.Arbitrary<string>;
};

export type ArbitraryExpressions = {
  readonly scalar: fc.Arbitrary<string>;
  readonly matrix: fc.Arbitrary<string>;
  readonly vector: fc.Arbitrary<string>;
};

const RANGE_FUNCTIONS = [
  'rate',
  'increase',
  'delta',
  'irate',
  'idelta',
  'deriv',
  'changes',
  'resets',
  'avg_over_time',
  'sum_over_time',
  'count_over_time',
  'min_over_time',
  'first_over_time',
  'last_over_time',
  'mad_over_time',
  'ts_of_max_over_time',
  'stdvar_over_time',
  'absent_over_time',
];
const VECTOR_FUNCTIONS = [
  'abs',
  'exp',
  'hour',
  'absent',
  'timestamp',
  'start_timestamp',
  'histogram_count',
  'histogram_sum',
  'histogram_avg',
  'histogram_stddev',
  'sort',
  'info',
];
const AGGREGATIONS = ['sum', 'AVG', 'stddev', 'min', 'count', 'group'];
const DURATIONS = [
  '5m',
  '1h30m',
  '90',
  '1d',
  '250ms',
  '0.5',
  '1m * (1 + 2)',
  'step() + 1m',
  'max_of(range(), 10s) ^ 1',
];
const SHIFTS = [' offset 5m', ' offset -1h', ' @ 12.5', ' @ start()', ' offset 1w @ end()', ' @ -3', ' offset step()'];

export function arbitraryExpressions({ names, labels: labelNames, values }: Vocabulary): ArbitraryExpressions {
  const name = fc.constantFrom(...names);
  const label = fc.constantFrom(...labelNames);
  const matcher = fc.oneof(
    fc.tuple(label, fc.constantFrom('=', '!='), values).map(join),
    fc.tuple(label, fc.constantFrom('=~', '!~'), fc.constantFrom('"a.*"', '`\\d+`', "'x|y'", '".*"')).map(join),
  );
  const duration = fc.constantFrom(...DURATIONS);
  const shift = fc.oneof(fc.constant(''), fc.constantFrom(...SHIFTS));
  const selector = fc
    .tuple(name, fc.array(matcher, { maxLength: 2 }))
    .map(([metric, matchers]) => `${metric}{${matchers.join(',')}}`);
  const number = fc.oneof(
    fc.double().map(numberText),
    fc.constantFrom('1e3', '0x1f', '.5', '2.', 'Inf', 'nan', '5m', '0'),
  );
  const labels = fc.array(label, { maxLength: 2 }).map((list) => `(${list.join(', ')})`);

  return fc.letrec<{ vector: string; matrix: string; scalar: string }>((tie) => ({
    scalar: fc.oneof(
      { maxDepth: 3 },
      number,
      fc
        .tuple(tie('scalar'), fc.constantFrom('+', '-', '*', '^', '<= bool', 'atan2'), tie('scalar'))
        .map((parts) => parts.join(' ')),
      tie('vector').map((inner) => `scalar(${inner})`),
      fc.tuple(tie('scalar'), tie('scalar')).map((parts) => `min_of(${parts.join(', ')})`),
      fc.constantFrom('time()', 'step()', 'range()', 'start()', 'end()'),
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
      fc.tuple(selector, shift, fc.constantFrom('', ' smoothed')).map(join),
      fc.tuple(fc.constantFrom(...RANGE_FUNCTIONS), tie('matrix')).map(([run, inner]) => `${run}(${inner})`),
      fc
        .tuple(fc.constantFrom('rate', 'increase', 'delta'), selector, fc.constantFrom('anchored', 'smoothed'))
        .map(([run, inner, extension]) => `${run}(${inner}[3m] ${extension})`),
      fc.tuple(fc.constantFrom(...VECTOR_FUNCTIONS), tie('vector')).map(([run, inner]) => `${run}(${inner})`),
      fc.tuple(tie('scalar'), tie('matrix')).map((parts) => `quantile_over_time(${parts.join(',')})`),
      fc.tuple(tie('scalar'), tie('vector')).map((parts) => `histogram_quantile(${parts.join(',')})`),
      fc.tuple(tie('scalar'), tie('scalar'), tie('vector')).map((parts) => `histogram_fraction(${parts.join(',')})`),
      fc
        .tuple(fc.constantFrom(...AGGREGATIONS), fc.constantFrom('by', 'without'), labels, tie('vector'))
        .map(([op, kind, list, inner]) => `${op} ${kind}${list}(${inner})`),
      fc
        .tuple(fc.constantFrom('topk', 'limitk', 'limit_ratio', 'quantile'), tie('scalar'), tie('vector'), labels)
        .map(([op, k, inner, list]) => `${op}(${k},${inner}) by ${list}`),
      fc
        .tuple(
          tie('vector'),
          fc.constantFrom(
            '+',
            '-',
            '/',
            '==',
            '> bool',
            'or',
            'and',
            'unless',
            '^',
            '</',
            '+ fill(1)',
            '> fill_left(0)',
          ),
          tie('vector'),
        )
        .map((parts) => parts.join(' ')),
      fc
        .tuple(tie('vector'), fc.constantFrom('*', '/', '-', '>/', '</', '<'), tie('scalar'))
        .map((parts) => `(${parts.join(' ')})`),
      fc
        .tuple(
          tie('vector'),
          labels,
          fc.constantFrom('group_left()', 'group_right(x) fill_right(-1)', ''),
          tie('vector'),
        )
        .map(([a, list, group, b]) => `${a} / ignoring ${list} ${group} (${b})`),
      tie('vector').map((inner) => `-${inner}`),
      fc.tuple(tie('vector'), values, values).map(([inner, a, b]) => `label_join(${inner}, ${a}, ${b})`),
      fc.tuple(values, tie('vector')).map(([target, inner]) => `count_values(${target}, ${inner})`),
    ),
  }));
}

function join(parts: readonly string[]): string {
  return parts.join('');
}

function numberText(value: number): string {
  return Number.isNaN(value)
    ? 'NaN'
    : Math.abs(value) === Infinity
      ? `${value < 0 ? '-' : ''}Inf`
      : String(Math.abs(value));
}
