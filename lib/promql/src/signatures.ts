/** The functions of PromQL: what they take and give, and which of Prometheus' are not supported. */

export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string';

export type Signature = {
  readonly args: readonly ValueType[];
  /** How many of the last arguments may be left out. */
  readonly optionalCount?: number;
  /** The last argument may be repeated. */
  readonly isVariadic?: boolean;
  readonly result: ValueType;
};

const vectorToVector: Signature = { args: ['vector'], result: 'vector' };
const matrixToVector: Signature = { args: ['matrix'], result: 'vector' };
const dateOfVector: Signature = { args: ['vector'], optionalCount: 1, result: 'vector' };

export const SIGNATURES: Readonly<Record<string, Signature>> = {
  abs: vectorToVector,
  absent: vectorToVector,
  absent_over_time: matrixToVector,
  acos: vectorToVector,
  acosh: vectorToVector,
  asin: vectorToVector,
  asinh: vectorToVector,
  atan: vectorToVector,
  atanh: vectorToVector,
  avg_over_time: matrixToVector,
  ceil: vectorToVector,
  changes: matrixToVector,
  clamp: { args: ['vector', 'scalar', 'scalar'], result: 'vector' },
  clamp_max: { args: ['vector', 'scalar'], result: 'vector' },
  clamp_min: { args: ['vector', 'scalar'], result: 'vector' },
  cos: vectorToVector,
  cosh: vectorToVector,
  count_over_time: matrixToVector,
  day_of_month: dateOfVector,
  day_of_week: dateOfVector,
  day_of_year: dateOfVector,
  days_in_month: dateOfVector,
  deg: vectorToVector,
  delta: matrixToVector,
  deriv: matrixToVector,
  exp: vectorToVector,
  first_over_time: matrixToVector,
  floor: vectorToVector,
  histogram_fraction: { args: ['scalar', 'scalar', 'vector'], result: 'vector' },
  histogram_quantile: { args: ['scalar', 'vector'], result: 'vector' },
  hour: dateOfVector,
  idelta: matrixToVector,
  increase: matrixToVector,
  irate: matrixToVector,
  label_join: { args: ['vector', 'string', 'string', 'string'], optionalCount: 1, isVariadic: true, result: 'vector' },
  label_replace: { args: ['vector', 'string', 'string', 'string', 'string'], result: 'vector' },
  last_over_time: matrixToVector,
  ln: vectorToVector,
  log10: vectorToVector,
  log2: vectorToVector,
  max_over_time: matrixToVector,
  min_over_time: matrixToVector,
  mad_over_time: matrixToVector,
  minute: dateOfVector,
  month: dateOfVector,
  pi: { args: [], result: 'scalar' },
  predict_linear: { args: ['matrix', 'scalar'], result: 'vector' },
  present_over_time: matrixToVector,
  quantile_over_time: { args: ['scalar', 'matrix'], result: 'vector' },
  rad: vectorToVector,
  rate: matrixToVector,
  resets: matrixToVector,
  round: { args: ['vector', 'scalar'], optionalCount: 1, result: 'vector' },
  scalar: { args: ['vector'], result: 'scalar' },
  sgn: vectorToVector,
  sin: vectorToVector,
  sinh: vectorToVector,
  sort: vectorToVector,
  sort_by_label: { args: ['vector', 'string'], optionalCount: 1, isVariadic: true, result: 'vector' },
  sort_by_label_desc: { args: ['vector', 'string'], optionalCount: 1, isVariadic: true, result: 'vector' },
  sort_desc: vectorToVector,
  sqrt: vectorToVector,
  stddev_over_time: matrixToVector,
  stdvar_over_time: matrixToVector,
  sum_over_time: matrixToVector,
  tan: vectorToVector,
  tanh: vectorToVector,
  time: { args: [], result: 'scalar' },
  timestamp: vectorToVector,
  ts_of_first_over_time: matrixToVector,
  ts_of_last_over_time: matrixToVector,
  ts_of_max_over_time: matrixToVector,
  ts_of_min_over_time: matrixToVector,
  vector: { args: ['scalar'], result: 'vector' },
  year: dateOfVector,
};

/** Functions and aggregations of Prometheus that exist and are not supported: native histograms and experiments. */
export const UNSUPPORTED_NAMES: readonly string[] = [
  'double_exponential_smoothing',
  'end',
  'histogram_avg',
  'histogram_count',
  'histogram_quantiles',
  'histogram_stddev',
  'histogram_stdvar',
  'histogram_sum',
  'info',
  'limit_ratio',
  'max_of',
  'min_of',
  'range',
  'start',
  'step',
];
