/** What an evaluation reads from. `Tsdb` of @plumb/tsdb is one; a test's array of series is another. */
import type { LabelMatcher } from './ast.ts';

export type Labels = Readonly<Record<string, string>>;

/** Samples of one series: epoch ms, ascending, and values, of which some may be stale markers (see `isStaleAt`). */
export type SeriesData = { readonly labels: Labels; readonly times: Float64Array; readonly values: Float64Array };

export type SelectLimits = {
  readonly seriesCountMax?: number | undefined;
  readonly sampleCountMax?: number | undefined;
};

export type Queryable = {
  /**
   * Every series that all matchers accept, with its samples in [minAt, maxAt], in any order. Throws OperatingError
   * `exhausted` rather than return more than `limits` allow.
   */
  readonly select: (
    matchers: readonly LabelMatcher[],
    minAt: number,
    maxAt: number,
    limits: SelectLimits,
  ) => readonly SeriesData[];
};

/** The staleness marker of Prometheus: the NaN with the bits 0x7ff0000000000002. `bits` are the values' words, low first. */
export function isStaleAt(bits: Uint32Array, index: number): boolean {
  return bits[2 * index] === 2 && bits[2 * index + 1] === 0x7ff0_0000;
}

export function bitsOf(values: Float64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
}

/** The value of a label; empty when the set has none. */
export function labelOf(labels: Labels, name: string): string {
  return Object.hasOwn(labels, name) ? (labels[name] ?? '') : '';
}

/** One text per label set, whatever the order of its properties. */
export function labelsKey(labels: Labels): string {
  let key = '';
  for (const name of Object.keys(labels).sort()) key += `${name}\uDC00${labels[name]}\uDC01`;
  return key;
}

/** The labels that `keep` accepts. */
export function filterLabels(labels: Labels, keep: (name: string) => boolean): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => keep(name)));
}

/** The labels with one set, or removed by an empty value. */
export function withLabel(labels: Labels, name: string, value: string): Labels {
  const rest = filterLabels(labels, (other) => other !== name);
  return value === '' ? rest : Object.fromEntries([...Object.entries(rest), [name, value]]);
}
