/**
 * The obvious storage: an array of series, looked through for every selector. What it says of resets between histograms is
 * what the chunks of Prometheus do: nothing of the first of a run, `not-reset` of those that go on from it.
 */
import { RE2JS } from 're2js';
import { METRIC_NAME, type LabelMatcher } from '../src/ast.ts';
import { detectsReset } from '../src/native-histogram/detect-reset.ts';
import { histogramFromClassic } from '../src/native-histogram/from-classic.ts';
import type { NativeHistogram } from '../src/native-histogram/native-histogram.ts';
import { type Labels, labelOf, labelsKey, type Queryable, type SeriesData, withLabel } from '../src/queryable.ts';
import type { ScriptLoad, ScriptSeries } from './script.ts';

type Stored = number | 'stale' | NativeHistogram;
type StoredSeries = {
  readonly labels: Labels;
  readonly samples: Map<number, Stored>;
  readonly startTimes: Map<number, number>;
};

const STALE_BITS = 0x7ff0_0000_0000_0002n;

export class ScriptStorage implements Queryable {
  readonly #series = new Map<string, StoredSeries>();

  clear(): void {
    this.#series.clear();
  }

  load({ series, starts, stepMs, makesHistograms }: ScriptLoad): void {
    for (const { labels, values } of series) {
      const { samples } = this.#seriesOf(labels);
      values.forEach((value, i) => {
        if (value === undefined) return;
        samples.set(i * stepMs, typeof value === 'object' ? value.histogram : value);
      });
    }
    for (const { labels, offsetsMs } of starts) {
      const { startTimes } = this.#seriesOf(labels);
      offsetsMs.forEach((offsetMs, i) => {
        if (offsetMs !== undefined) startTimes.set(i * stepMs, i * stepMs + offsetMs);
      });
    }
    if (makesHistograms) this.#addHistograms(series, stepMs);
  }

  select(matchers: readonly LabelMatcher[], minAt: number, maxAt: number): SeriesData[] {
    return [...this.#series.values()]
      .filter(({ labels }) => matchers.every((matcher) => accepts(matcher, labels)))
      .map((series) => dataOf(series, minAt, maxAt))
      .filter(({ times }) => times.length > 0);
  }

  #seriesOf(labels: Labels): StoredSeries {
    const key = labelsKey(labels);
    const series = this.#series.get(key) ?? { labels, samples: new Map(), startTimes: new Map() };
    this.#series.set(key, series);
    return series;
  }

  /** The native histograms that the classic ones among the series make. */
  #addHistograms(series: readonly ScriptSeries[], stepMs: number): void {
    const parts = series.flatMap(({ labels, values }) => {
      const [, name, part] = /^(.*)_(bucket|count|sum)$/.exec(labels[METRIC_NAME] ?? '') ?? [];
      const upper = Number((labels['le'] ?? '').replace(/^\+?Inf$/i, 'Infinity'));
      if (name === undefined || (part === 'bucket' && Number.isNaN(upper))) return [];
      const base = withLabel(withLabel(labels, 'le', ''), METRIC_NAME, name);
      return [{ base, part, upper, values }];
    });
    for (const group of Map.groupBy(parts, ({ base }) => labelsKey(base)).values()) {
      const { samples } = this.#seriesOf((group[0] as (typeof parts)[number]).base);
      const length = Math.max(...group.map(({ values }) => values.length));
      for (let i = 0; i < length; i += 1) {
        const known = group.flatMap(({ part, upper, values }) => {
          const count = values[i];
          return typeof count === 'number' ? [{ part, upper, count }] : [];
        });
        if (known.length === 0) continue;
        const numberOf = (name: string): number | undefined => known.find(({ part }) => part === name)?.count;
        const buckets = known.filter(({ part }) => part === 'bucket');
        samples.set(i * stepMs, histogramFromClassic(buckets, { count: numberOf('count'), sum: numberOf('sum') }));
      }
    }
  }
}

function dataOf({ labels, samples, startTimes }: StoredSeries, minAt: number, maxAt: number): SeriesData {
  const hinted = withHints([...samples].sort(([a], [b]) => a - b));
  const inRange = hinted.filter(([at]) => at >= minAt && at <= maxAt);
  const values = new Float64Array(inRange.length);
  inRange.forEach(([, value], i) => {
    if (value === 'stale') new BigUint64Array(values.buffer)[i] = STALE_BITS;
    else if (typeof value === 'number') values[i] = value;
  });
  const hasHistograms = inRange.some(([, value]) => typeof value === 'object');
  return {
    labels,
    times: Float64Array.from(inRange, ([at]) => at),
    values,
    histograms: hasHistograms ? inRange.map(([, value]) => (typeof value === 'object' ? value : undefined)) : undefined,
    startTimes: startTimes.size === 0 ? undefined : Float64Array.from(inRange, ([at]) => startTimes.get(at) ?? 0),
  };
}

/** A run ends at a reset, at anything but a counter, and where a chunk does. */
function withHints(samples: readonly [number, Stored][]): [number, Stored][] {
  let before: NativeHistogram | undefined;
  return samples.map(([at, sample]): [number, Stored] => {
    const last = before;
    before = typeof sample === 'object' && sample.resetHint !== 'gauge' ? sample : undefined;
    if (typeof sample !== 'object' || sample.resetHint === 'gauge') return [at, sample];
    const goesOn =
      last !== undefined && sample.resetHint !== 'reset' && !detectsReset(last, { ...sample, resetHint: 'unknown' });
    return [at, { ...sample, resetHint: goesOn ? 'not-reset' : 'unknown' }];
  });
}

function accepts({ name, op, value }: LabelMatcher, labels: Labels): boolean {
  const actual = labelOf(labels, name);
  switch (op) {
    case '=':
      return actual === value;
    case '!=':
      return actual !== value;
    case '=~':
      return RE2JS.compile(value, RE2JS.DOTALL).matches(actual);
    case '!~':
      return !RE2JS.compile(value, RE2JS.DOTALL).matches(actual);
  }
}
