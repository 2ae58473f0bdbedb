/** Functions of histograms, classic and native: `histogram_quantile` and its kin. */
import { type Annotate, notes } from './annotations.ts';
import { METRIC_NAME } from './ast.ts';
import {
  BUCKET_LABEL,
  bucketFraction,
  bucketQuantile,
  type CumulativeBucket,
  parseBound,
} from './classic-histogram.ts';
import { fractionOfHistogram, quantileOfHistogram, varianceOfHistogram } from './native-histogram/quantile.ts';
import type { NativeHistogram } from './native-histogram/native-histogram.ts';
import { filterLabels, type Labels, labelOf, labelsKey, withLabel } from './queryable.ts';
import { type Column, emptyColumn } from './vector.ts';

/** Functions of a native histogram. */
export const HISTOGRAM_FUNCTIONS: Readonly<Record<string, (histogram: NativeHistogram) => number>> = {
  histogram_avg: ({ sum, count }) => sum / count,
  histogram_count: ({ count }) => count,
  histogram_sum: ({ sum }) => sum,
  histogram_stddev: (histogram) => Math.sqrt(varianceOfHistogram(histogram)),
  histogram_stdvar: varianceOfHistogram,
};

/** Those for which the buckets matter only to find resets. */
export const STATISTICS_FUNCTIONS: ReadonlySet<string> = new Set(['histogram_avg', 'histogram_count', 'histogram_sum']);

/** The quantile of each histogram, a step at a time. */
export function histogramQuantiles(quantiles: Float64Array, columns: readonly Column[], annotate: Annotate): Column[] {
  return mapHistograms(columns, annotate, {
    native: (histogram, step, name) => {
      const { value, nanEffect } = quantileOfHistogram(quantiles[step] as number, histogram);
      if (nanEffect !== 'none') annotate(notes.nanQuantile(name, nanEffect === 'result' ? 'NaN' : 'skewed higher'));
      return value;
    },
    classic: (buckets, step, name) => {
      const { value, isForced } = bucketQuantile(quantiles[step] as number, buckets);
      if (isForced) annotate(notes.forcedMonotonicity(name));
      return value;
    },
  });
}

/** Several quantiles of each histogram, told apart by a label. */
export function labelledQuantiles(
  quantiles: readonly Float64Array[],
  columns: readonly Column[],
  { label, annotate }: { readonly label: string; readonly annotate: Annotate },
): Column[] {
  return quantiles.flatMap((values) =>
    histogramQuantiles(values, columns, annotate).flatMap((column) => byQuantile(column, values, label)),
  );
}

/** A column for each value that the quantile takes over the steps. */
function byQuantile(column: Column, quantiles: Float64Array, label: string): Column[] {
  return [...new Set(quantiles)].map((quantile) => ({
    ...column,
    labels: withLabel(column.labels, label, formatQuantile(quantile)),
    present: column.present.map((isPresent, step) => (Object.is(quantiles[step], quantile) ? isPresent : 0)),
  }));
}

/** As OpenMetrics writes numbers: always a fraction or an exponent. */
function formatQuantile(quantile: number): string {
  if (Number.isNaN(quantile)) return 'NaN';
  if (!Number.isFinite(quantile)) return quantile > 0 ? '+Inf' : '-Inf';
  const text = String(quantile);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** The share of observations between two values. */
export function histogramFractions(
  { lowers, uppers }: { readonly lowers: Float64Array; readonly uppers: Float64Array },
  columns: readonly Column[],
  annotate: Annotate,
): Column[] {
  return mapHistograms(columns, annotate, {
    native: (histogram, step, name) => {
      const { value, nanEffect } = fractionOfHistogram(lowers[step] as number, uppers[step] as number, histogram);
      if (nanEffect !== 'none') annotate(notes.fractionOfNans(name));
      return value;
    },
    classic: (buckets, step) => bucketFraction(lowers[step] as number, uppers[step] as number, buckets),
  });
}

type HistogramCases = {
  readonly native: (histogram: NativeHistogram, step: number, name: string) => number;
  /** Of buckets in order of their bounds. */
  readonly classic: (buckets: readonly CumulativeBucket[], step: number, name: string) => number;
};

type ClassicGroup = {
  readonly labels: Labels;
  readonly buckets: { readonly upper: number; readonly column: Column }[];
  /** Where a native histogram of the same labels is: nothing is answered there. */
  readonly conflicts: Uint8Array;
};

/**
 * One column for each native histogram, and one for each set of labels but `le` of classic ones. Series whose `le` is not a
 * number are left out, with a warning; so are both where there is a classic and a native one at the same step.
 */
function mapHistograms(columns: readonly Column[], annotate: Annotate, cases: HistogramCases): Column[] {
  const groups = groupClassic(columns, annotate);
  const natives = columns
    .filter(({ histograms }) => histograms !== undefined)
    .map((column) => mapNative(column, groups.get(labelsKey(column.labels)), annotate, cases));
  return [...natives, ...[...groups.values()].map((group) => mapClassic(group, cases))];
}

function groupClassic(columns: readonly Column[], annotate: Annotate): Map<string, ClassicGroup> {
  const groups = new Map<string, ClassicGroup>();
  for (const column of columns) {
    const isFloat = column.present.some(
      (isPresent, step) => isPresent === 1 && column.histograms?.[step] === undefined,
    );
    if (!isFloat) continue;
    const bound = labelOf(column.labels, BUCKET_LABEL);
    const upper = parseBound(bound);
    if (upper === undefined) {
      annotate(notes.badBucketLabel(labelOf(column.labels, METRIC_NAME), bound));
      continue;
    }
    const labels = filterLabels(column.labels, (name) => name !== BUCKET_LABEL);
    const key = labelsKey(labels);
    const group = groups.get(key) ?? { labels, buckets: [], conflicts: new Uint8Array(column.present.length) };
    group.buckets.push({ upper, column });
    groups.set(key, group);
  }
  for (const { buckets } of groups.values())
    buckets.sort((a, b) => (a.upper < b.upper ? -1 : a.upper > b.upper ? 1 : 0));
  return groups;
}

function mapNative(
  column: Column,
  classic: ClassicGroup | undefined,
  annotate: Annotate,
  cases: HistogramCases,
): Column {
  const { labels, present, histograms = [] } = column;
  const result = emptyColumn(labels, present.length, true);
  const name = labelOf(labels, METRIC_NAME);
  histograms.forEach((histogram, step) => {
    if (histogram === undefined || present[step] !== 1) return;
    if (classic !== undefined && bucketsAt(classic, step).length > 0) {
      annotate(notes.mixedClassicAndNative(name));
      classic.conflicts[step] = 1;
      return;
    }
    result.values[step] = cases.native(histogram, step, name);
    result.present[step] = 1;
  });
  return result;
}

function mapClassic(group: ClassicGroup, cases: HistogramCases): Column {
  const result = emptyColumn(group.labels, group.conflicts.length, true);
  const name = labelOf(group.labels, METRIC_NAME);
  for (let step = 0; step < group.conflicts.length; step += 1) {
    const buckets = group.conflicts[step] === 1 ? [] : bucketsAt(group, step);
    if (buckets.length === 0) continue;
    result.values[step] = cases.classic(buckets, step, name);
    result.present[step] = 1;
  }
  return result;
}

function bucketsAt({ buckets }: ClassicGroup, step: number): CumulativeBucket[] {
  return buckets
    .filter(({ column }) => column.present[step] === 1 && column.histograms?.[step] === undefined)
    .map(({ upper, column }) => ({ upper, count: column.values[step] as number }));
}
