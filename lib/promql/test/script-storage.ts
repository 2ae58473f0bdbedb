/** The obvious storage: an array of series, looked through for every selector. */
import { RE2JS } from 're2js';
import type { LabelMatcher } from '../src/ast.ts';
import { type Labels, labelOf, labelsKey, type Queryable, type SeriesData } from '../src/queryable.ts';
import type { ScriptSeries, ScriptStep } from './script.ts';

type ScriptLoad = Pick<Extract<ScriptStep, { kind: 'load' }>, 'stepMs' | 'makesHistograms' | 'hasStarts'>;

const STALE_BITS = 0x7ff0_0000_0000_0002n;

export class ScriptStorage implements Queryable {
  readonly #series = new Map<string, { readonly labels: Labels; readonly samples: Map<number, number | 'stale'> }>();
  /** Series that have native histograms or start timestamps, which are not stored. */
  #partial: Labels[] = [];

  clear(): void {
    this.#series.clear();
    this.#partial = [];
  }

  load({ labels, values }: ScriptSeries, { stepMs, makesHistograms, hasStarts }: ScriptLoad): void {
    if (hasStarts) this.#partial.push(labels);
    const key = labelsKey(labels);
    const { samples } = this.#series.get(key) ?? { samples: new Map<number, number | 'stale'>() };
    this.#series.set(key, { labels, samples });
    values.forEach((value, i) => {
      if (value === 'histogram') this.#partial.push(labels);
      else if (value !== undefined) samples.set(i * stepMs, value);
    });
    const classic = makesHistograms ? /^(.*)_(?:bucket|count|sum)$/.exec(labels['__name__'] ?? '') : null;
    if (classic !== null) this.#partial.push({ ...labels, __name__: classic[1] ?? '' });
  }

  isPartial(matchers: readonly LabelMatcher[]): boolean {
    return this.#partial.some((labels) => matchers.every((matcher) => accepts(matcher, labels)));
  }

  select(matchers: readonly LabelMatcher[], minAt: number, maxAt: number): SeriesData[] {
    return [...this.#series.values()]
      .filter(({ labels }) => matchers.every((matcher) => accepts(matcher, labels)))
      .map(({ labels, samples }) => {
        const inRange = [...samples].filter(([at]) => at >= minAt && at <= maxAt).sort(([a], [b]) => a - b);
        const values = new Float64Array(inRange.length);
        inRange.forEach(([, value], i) => {
          if (value === 'stale') new BigUint64Array(values.buffer)[i] = STALE_BITS;
          else values[i] = value;
        });
        return { labels, times: Float64Array.from(inRange, ([at]) => at), values };
      })
      .filter(({ times }) => times.length > 0);
  }
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
