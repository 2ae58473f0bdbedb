/**
 * Values over time, the currency of evaluation: every expression is evaluated for all steps of a query at once, into
 * columns of one value a step. An instant query is a query of one step, so both kinds share one path.
 */
import { OperatingError } from '@plumb/base';
import { isMetadataLabel } from './ast.ts';
import { formatString } from './string-literal.ts';
import type { NativeHistogram } from './native-histogram/native-histogram.ts';
import { filterLabels, type Histograms, type Labels, labelsKey } from './queryable.ts';

/** The steps of a query: `startAt + i * stepMs`, epoch ms. */
export type Grid = { readonly startAt: number; readonly stepMs: number; readonly count: number };

/** One series of a vector. `present[i]` is 1 where it has a value at step i; elsewhere the value means nothing. */
export type Column = {
  readonly labels: Labels;
  /** The metric's name no longer fits the values and is dropped at the end: until then `label_replace` can still use it. */
  readonly dropsName: boolean;
  readonly values: Float64Array;
  readonly present: Uint8Array;
  /** By step, in a column that has native histograms: where there is one, it is the value. */
  readonly histograms?: Histograms | undefined;
};

/** One value of a column. */
export type Sample = number | NativeHistogram;

/** A column that is being filled. */
export type MutableColumn = Column & { histograms?: (NativeHistogram | undefined)[] | undefined };

export type Value =
  | { readonly kind: 'scalar'; readonly values: Float64Array }
  | { readonly kind: 'vector'; readonly columns: readonly Column[] }
  | { readonly kind: 'string'; readonly text: string };

export function stepAt({ startAt, stepMs }: Grid, step: number): number {
  return startAt + step * stepMs;
}

export function emptyColumn(labels: Labels, count: number, dropsName = false): MutableColumn {
  return { labels, dropsName, values: new Float64Array(count), present: new Uint8Array(count), histograms: undefined };
}

/** The value at a step at which the column is present. */
export function sampleAt({ values, histograms }: Column, step: number): Sample {
  return histograms?.[step] ?? (values[step] as number);
}

export function setSample(column: MutableColumn, step: number, sample: Sample): void {
  column.present[step] = 1;
  if (typeof sample === 'number') {
    column.values[step] = sample;
    return;
  }
  column.histograms ??= Array.from({ length: column.present.length });
  column.histograms[step] = sample;
}

/** The column where its values are numbers; the column itself when all are. */
export function numbersOf(column: Column): Column {
  const { histograms } = column;
  if (histograms === undefined) return column;
  const present = column.present.map((isPresent, step) => (histograms[step] === undefined ? isPresent : 0));
  return { ...column, present, histograms: undefined };
}

/** A column of what a function makes of the histograms of another, present only there. */
export function mapHistograms(column: Column, valueOf: (histogram: NativeHistogram, step: number) => Sample): Column {
  const result = emptyColumn(column.labels, column.present.length, true);
  column.histograms?.forEach((histogram, step) => {
    if (histogram !== undefined && column.present[step] === 1) setSample(result, step, valueOf(histogram, step));
  });
  return result;
}

/** A column whose values are a function of another's numbers; where that has histograms it is absent. */
export function mapColumn(mixed: Column, valueOf: (value: number, step: number) => number, dropsName = true): Column {
  const column = numbersOf(mixed);
  const { labels, present } = column;
  const values = new Float64Array(present.length);
  for (let step = 0; step < present.length; step += 1) {
    if (present[step] === 1) values[step] = valueOf(column.values[step] as number, step);
  }
  return { labels, dropsName: dropsName || column.dropsName, values, present };
}

export function hasValues({ present }: Column): boolean {
  return present.includes(1);
}

/** The series of an answer: names that are to be dropped are, and columns that have become the same series are joined. */
export function finishColumns(columns: readonly Column[]): Column[] {
  return mergeColumns(
    columns
      .filter(hasValues)
      .map((column) =>
        column.dropsName
          ? { ...column, dropsName: false, labels: filterLabels(column.labels, (name) => !isMetadataLabel(name)) }
          : column,
      ),
  );
}

/** Joins columns of equal labels. @throws OperatingError `invalid` when two have a value at one step. */
export function mergeColumns(columns: readonly Column[]): Column[] {
  const byKey = new Map<string, Column>();
  for (const column of columns) {
    const key = labelsKey(column.labels);
    const known = byKey.get(key);
    byKey.set(key, known === undefined ? column : joinTwo(known, column));
  }
  return [...byKey.values()];
}

function joinTwo(a: Column, b: Column): Column {
  const joined: MutableColumn = {
    ...a,
    dropsName: a.dropsName || b.dropsName,
    values: a.values.slice(),
    present: a.present.slice(),
    histograms: a.histograms?.slice(),
  };
  for (let step = 0; step < b.present.length; step += 1) {
    if (b.present[step] !== 1) continue;
    if (joined.present[step] === 1) {
      throw new OperatingError('invalid', 'vector cannot contain metrics with the same labelset', {
        details: { labels: a.labels },
      });
    }
    setSample(joined, step, sampleAt(b, step));
  }
  return joined;
}

/** `{job="web"}`, for messages. */
export function formatLabels(labels: Labels): string {
  const pairs = Object.keys(labels)
    .sort()
    .map((name) => `${name}=${formatString(labels[name] ?? '')}`);
  return `{${pairs.join(', ')}}`;
}
