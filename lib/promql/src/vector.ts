/**
 * Values over time, the currency of evaluation: every expression is evaluated for all steps of a query at once, into
 * columns of one value a step. An instant query is a query of one step, so both kinds share one path.
 */
import { OperatingError } from '@plumb/base';
import { isMetadataLabel } from './ast.ts';
import { filterLabels, type Labels, labelsKey } from './queryable.ts';

/** The steps of a query: `startAt + i * stepMs`, epoch ms. */
export type Grid = { readonly startAt: number; readonly stepMs: number; readonly count: number };

/** One series of a vector. `present[i]` is 1 where it has a value at step i; elsewhere the value means nothing. */
export type Column = {
  readonly labels: Labels;
  /** The metric's name no longer fits the values and is dropped at the end: until then `label_replace` can still use it. */
  readonly dropsName: boolean;
  readonly values: Float64Array;
  readonly present: Uint8Array;
};

export type Value =
  | { readonly kind: 'scalar'; readonly values: Float64Array }
  | { readonly kind: 'vector'; readonly columns: readonly Column[] }
  | { readonly kind: 'string'; readonly text: string };

export function stepAt({ startAt, stepMs }: Grid, step: number): number {
  return startAt + step * stepMs;
}

export function emptyColumn(labels: Labels, count: number, dropsName = false): Column {
  return { labels, dropsName, values: new Float64Array(count), present: new Uint8Array(count) };
}

/** A column whose values are a function of another's. */
export function mapColumn(column: Column, valueOf: (value: number, step: number) => number, dropsName = true): Column {
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

/** Drops names that are to be dropped, and joins columns that have become the same series. */
export function finishColumns(columns: readonly Column[]): Column[] {
  return mergeColumns(
    columns.map((column) =>
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
  const joined = { ...a, dropsName: a.dropsName || b.dropsName, values: a.values.slice(), present: a.present.slice() };
  for (let step = 0; step < b.present.length; step += 1) {
    if (b.present[step] !== 1) continue;
    if (joined.present[step] === 1) {
      throw new OperatingError(
        'invalid',
        `vector cannot contain metrics with the same labelset: ${formatLabels(a.labels)}`,
      );
    }
    joined.present[step] = 1;
    joined.values[step] = b.values[step] as number;
  }
  return joined;
}

/** `{job="web"}`, for messages. */
export function formatLabels(labels: Labels): string {
  const pairs = Object.keys(labels)
    .sort()
    .map((name) => `${name}=${JSON.stringify(labels[name])}`);
  return `{${pairs.join(', ')}}`;
}
