/** What an evaluation reads from. `Tsdb` of @plumb/tsdb is one; a test's array of series is another. */
import type { LabelMatcher } from './ast.ts';
import type { NativeHistogram } from './native-histogram/native-histogram.ts';

export type Labels = Readonly<Record<string, string>>;

/** Samples of one series: epoch ms, ascending, and values, of which some may be stale markers (see `isStaleAt`). */
export type SeriesData = {
  readonly labels: Labels;
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** As long as `times`, in a series that has native histograms: where there is one, the value means nothing. */
  readonly histograms?: Histograms | undefined;
  /** As long as `times`, where it is known since when a counter counts: epoch ms, 0 where it is not. */
  readonly startTimes?: Float64Array | undefined;
};

export type Histograms = readonly (NativeHistogram | undefined)[];

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

/** The order of series in an answer: by name and value of each label in turn, as Prometheus has it. */
export function compareLabels(a: Labels, b: Labels): number {
  return compareLabelOrder(labelOrder(a), labelOrder(b));
}

/** What `compareLabelOrder` compares: names, ascending, each with its value behind it. */
export type LabelOrder = { readonly order: readonly string[] };

export function labelOrder(labels: Labels): LabelOrder {
  const order: string[] = [];
  for (const name of Object.keys(labels).sort()) order.push(name, labels[name] as string);
  return { order };
}

export function compareLabelOrder({ order: a }: LabelOrder, { order: b }: LabelOrder): number {
  for (let i = 0; i < a.length && i < b.length; i += 1) {
    const [left, right] = [a[i] as string, b[i] as string];
    if (left !== right) return left < right ? -1 : 1;
  }
  return a.length - b.length;
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

/** The series without stale markers; the series itself when it has none. */
export function withoutStale(series: SeriesData): SeriesData {
  const { times, values, histograms, startTimes } = series;
  const bits = bitsOf(values);
  let staleCount = 0;
  for (let i = 0; i < times.length; i += 1) if (isStaleAt(bits, i)) staleCount += 1;
  if (staleCount === 0) return series;
  const kept = new Int32Array(times.length - staleCount);
  let at = 0;
  for (let i = 0; i < times.length; i += 1) {
    if (isStaleAt(bits, i)) continue;
    kept[at] = i;
    at += 1;
  }
  return {
    labels: series.labels,
    times: Float64Array.from(kept, (i) => times[i] as number),
    values: Float64Array.from(kept, (i) => values[i] as number),
    histograms: histograms === undefined ? undefined : Array.from(kept, (i) => histograms[i]),
    startTimes: startTimes === undefined ? undefined : Float64Array.from(kept, (i) => startTimes[i] as number),
  };
}
