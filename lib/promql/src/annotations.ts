/**
 * What a query's answer should be read with: warnings of what is wrong, infos of what may be. The texts are those of
 * Prometheus (util/annotations), which people search for, with the place in the expression at the end.
 */
import { type Position, positionOf, type Span } from './parse-error.ts';

export type AnnotationKind = 'warning' | 'info';

export type Annotation = {
  readonly kind: AnnotationKind;
  /** `PromQL warning: … (1:21)`; without the place when the expression was given as a tree. */
  readonly text: string;
  readonly position?: Position | undefined;
};

/** A note without its place. */
export type Note = { readonly kind: AnnotationKind; readonly reason: string };

/** Distinct annotations of one query. More than a screen of them tell nothing more; what comes after is left out. */
export const ANNOTATIONS_MAX = 100;

/** Gathers annotations of one evaluation, each text once, in order of their first mention. */
export class Annotations {
  readonly #expression: string | undefined;
  readonly #byText = new Map<string, Annotation>();

  constructor(expression: string | undefined) {
    this.#expression = expression;
  }

  add({ kind, reason }: Note, { start }: Span): void {
    if (this.#byText.size >= ANNOTATIONS_MAX) return;
    const position = this.#expression === undefined ? undefined : positionOf(this.#expression, start);
    const place = position === undefined ? '' : ` (${position.line}:${position.column})`;
    const text = `PromQL ${kind}: ${reason}${place}`;
    if (!this.#byText.has(text)) this.#byText.set(text, { kind, text, position });
  }

  list(): readonly Annotation[] {
    return [...this.#byText.values()];
  }
}

/** Adds notes about one series at one place; what functions of windows are given. */
export type Annotate = (note: Note) => void;

const warning = (reason: string): Note => ({ kind: 'warning', reason });
const info = (reason: string): Note => ({ kind: 'info', reason });
const quoted = (text: string): string => JSON.stringify(text);
const ofMetric = (name: string): string => (name === '' ? '' : ` for metric name ${quoted(name)}`);

/** `1.1`, `NaN`, `+Inf`: as `%g` of Go writes what people give as parameters. */
function number(value: number): string {
  return Number.isFinite(value) || Number.isNaN(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
}

/** How histograms were put together. */
export type HistogramWork = 'addition' | 'subtraction' | 'aggregation';

export const notes = {
  badBucketLabel: (metric: string, value: string): Note =>
    warning(`bucket label "le" is missing or has a malformed value of ${quoted(value)}${ofMetric(metric)}`),
  binaryLayoutMismatch: (operator: string): Note =>
    warning(`incompatible bucket layout encountered for binary operator ${operator}`),
  binaryTypeMismatch: (left: string, operator: string, right: string): Note =>
    info(`incompatible sample types encountered for binary operator ${quoted(operator)}: ${left} ${operator} ${right}`),
  collidingResets: (work: HistogramWork): Note => warning(`conflicting counter resets during histogram ${work}`),
  forcedMonotonicity: (metric: string): Note =>
    info(
      'input to histogram_quantile needed to be fixed for monotonicity (see ' +
        `https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)${ofMetric(metric)}`,
    ),
  fractionOfNans: (metric: string): Note =>
    info(`input to histogram_fraction has NaN observations, which are excluded from all fractions${ofMetric(metric)}`),
  histogramIgnored: (aggregation: string): Note => info(`ignored histogram in ${aggregation} aggregation`),
  histogramsIgnoredInRange: (metric: string): Note =>
    info(`ignored histograms in a range containing both floats and histograms for metric name ${quoted(metric)}`),
  invalidQuantile: (q: number): Note => warning(`quantile value should be between 0 and 1, got ${number(q)}`),
  invalidRatio: (ratio: number, cappedTo: number): Note =>
    warning(`ratio value should be between -1 and 1, got ${number(ratio)}, capping to ${cappedTo}`),
  mixedAggregation: (): Note => warning('encountered a mix of histograms and floats for aggregation'),
  mixedClassicAndNative: (metric: string): Note =>
    warning(`vector contains a mix of classic and native histograms${ofMetric(metric)}`),
  mixedRange: (metric: string): Note =>
    warning(`encountered a mix of histograms and floats for metric name ${quoted(metric)}`),
  mixedSchemas: (metric: string): Note =>
    warning(
      `vector contains a mix of histograms with exponential and custom buckets schemas for metric name ${quoted(metric)}`,
    ),
  nanQuantile: (metric: string, effect: 'NaN' | 'skewed higher'): Note =>
    info(`input to histogram_quantile has NaN observations, result is ${effect}${ofMetric(metric)}`),
  notCounter: (metric: string): Note => warning(`this native histogram metric is not a counter: ${quoted(metric)}`),
  notGauge: (metric: string): Note => warning(`this native histogram metric is not a gauge: ${quoted(metric)}`),
  overlappingStart: (metric: string): Note =>
    warning(`sample has start time that overlaps with previous sample timestamp for metric ${quoted(metric)}`),
  possiblyNoCounter: (metric: string): Note =>
    info(`metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quoted(metric)}`),
  possiblyNoCounterType: (metric: string, type: string): Note =>
    info(
      'metric might not be a counter, __type__ label is not set to "counter" or "histogram", ' +
        `got ${quoted(type)}: ${quoted(metric)}`,
    ),
  reconciledBounds: (work: HistogramWork): Note => info(`mismatched custom buckets were reconciled during ${work}`),
  sortWithoutEffect: (): Note =>
    warning('sort is ineffective for range queries since results are always ordered by labels'),
} as const;
