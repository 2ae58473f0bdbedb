/**
 * What becomes of series beyond the budget: they are folded into one overflow series per metric, job and instance, whose
 * value is the sum of theirs in a batch. So a label that explodes costs its detail, not the memory of the machine, and a
 * rate over the overflow series is still the rate of all that is in it.
 */
import { pickColumns } from './columns.ts';
import { type Labels, labelOf, METRIC_NAME } from './labels.ts';
import type { SampleColumns } from './log-record.ts';
import { isStale } from './stale.ts';

/** The label that says `"true"` on an overflow series. */
export const OVERFLOW_LABEL = 'plumb_overflow';
/** Metrics times targets could explode as well: beyond this, samples are refused. */
export const OVERFLOW_SERIES_MAX = 1_000;

export type LabelLimits = {
  readonly countMax: number;
  /** In UTF-16 code units, as the next. */
  readonly nameLengthMax: number;
  readonly valueLengthMax: number;
};

/** Twice what careful exporters need; a value may hold a long URL, but not a page. */
export const LABEL_LIMITS: LabelLimits = { countMax: 64, nameLengthMax: 512, valueLengthMax: 16_384 };

/** The labels that are kept on an overflow series. */
const KEPT_NAMES = [METRIC_NAME, 'job', 'instance'];

export function isOverflow(labels: Labels): boolean {
  return labelOf(labels, OVERFLOW_LABEL) === 'true';
}

export function overflowLabelsOf(labels: Labels, { valueLengthMax }: LabelLimits): Labels {
  const kept = KEPT_NAMES.map((name) => [name, labelOf(labels, name).slice(0, valueLengthMax)] as const);
  return Object.fromEntries([...kept.filter(([, value]) => value !== ''), [OVERFLOW_LABEL, 'true']]);
}

export function isWithin(pairs: readonly (readonly [string, string])[], limits: LabelLimits): boolean {
  const { countMax, nameLengthMax, valueLengthMax } = limits;
  return (
    pairs.length <= countMax &&
    pairs.every(([name, value]) => name.length <= nameLengthMax && value.length <= valueLengthMax)
  );
}

/** The batch with the samples of each overflow series at one time summed to one, behind all others; ends are left out. */
export function foldOverflow(
  batch: SampleColumns,
  isFolded: (ref: number) => boolean,
): { readonly batch: SampleColumns; readonly foldedCount: number; readonly sumCount: number } {
  const { refs, times, values } = batch;
  const plain: number[] = [];
  const sums = new Map<string, { readonly ref: number; readonly at: number; value: number }>();
  let foldedCount = 0;
  for (let i = 0; i < refs.length; i += 1) {
    const ref = refs[i] as number;
    if (!isFolded(ref)) {
      plain.push(i);
      continue;
    }
    foldedCount += 1;
    if (isStale(values, i) || batch.histograms?.[i] !== undefined) continue;
    const at = times[i] as number;
    const sum = sums.get(`${ref} ${at}`);
    if (sum === undefined) sums.set(`${ref} ${at}`, { ref, at, value: values[i] as number });
    else sum.value += values[i] as number;
  }
  if (foldedCount === 0) return { batch, foldedCount, sumCount: 0 };
  const kept = pickSamples(batch, plain);
  const folded = [...sums.values()];
  const count = plain.length + folded.length;
  const joined = { refs: new Uint32Array(count), times: new Float64Array(count), values: new Float64Array(count) };
  joined.refs.set(kept.refs);
  joined.times.set(kept.times);
  joined.values.set(kept.values);
  folded.forEach(({ ref, at, value }, i) => {
    joined.refs[plain.length + i] = ref;
    joined.times[plain.length + i] = at;
    joined.values[plain.length + i] = value;
  });
  return { batch: { ...joined, histograms: kept.histograms }, foldedCount, sumCount: folded.length };
}

/** The samples at `indexes`. */
export function pickSamples(batch: SampleColumns, indexes: readonly number[]): SampleColumns {
  return { refs: Uint32Array.from(indexes, (index) => batch.refs[index] as number), ...pickColumns(batch, indexes) };
}
