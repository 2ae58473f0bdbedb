export { type Annotation, type AnnotationKind, ANNOTATIONS_MAX } from './annotations.ts';
export {
  type Aggregate,
  type Binary,
  type Call,
  type Duration,
  type Expression,
  type LabelMatcher,
  type MatchOperator,
  type Selector,
  withoutParentheses,
} from './ast.ts';
export { DEFAULT_LIMITS, type EvaluationLimits } from './budget.ts';
export { typeOf } from './check.ts';
export { evaluateInstant, evaluateRange, type EvaluationOptions, type InstantResult, LOOKBACK_MS } from './evaluate.ts';
export { formatDuration, formatExpression, formatNumber } from './format.ts';
export {
  addHistograms,
  type Combined,
  divideHistogram,
  meanOfHistograms,
  multiplyHistogram,
  subtractHistograms,
  sumHistograms,
} from './native-histogram/arithmetic.ts';
export { toSchema } from './native-histogram/align.ts';
export { detectsReset } from './native-histogram/detect-reset.ts';
export { formatHistogram } from './native-histogram/format-histogram.ts';
export { type ClassicBucket, histogramFromClassic } from './native-histogram/from-classic.ts';
export {
  type Bucket,
  type Buckets,
  bucketsOf,
  compacted,
  createHistogram,
  CUSTOM_SCHEMA,
  equalHistograms,
  type NativeHistogram,
  type ResetHint,
  SCHEMA_MAX,
  SCHEMA_MIN,
} from './native-histogram/native-histogram.ts';
export { fractionOfHistogram, quantileOfHistogram } from './native-histogram/quantile.ts';
export { type BucketSpan, bucketsFromSpans, countsFromDeltas, deltasOf, spansOf } from './native-histogram/spans.ts';
export type { Position, Span } from './parse-error.ts';
export { EXPRESSION_LENGTH_MAX, parseExpression } from './parser.ts';
export { parseMatchers } from './parse-matchers.ts';
export type { Histograms, Labels, Queryable, SelectLimits, SeriesData } from './queryable.ts';
export { SIGNATURES, type ValueType } from './signatures.ts';
export { childrenOf, metricNamesOf, selectorsOf, walkExpression } from './walk.ts';
