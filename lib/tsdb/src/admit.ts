/** The rules of what a series accepts, as Prometheus has them. Looks only: what is let through is applied by the head. */
import { assert, OperatingError } from '@plumb/base';
import { bitsOf } from './bytes.ts';
import type { HeadSeries } from './head-series.ts';
import { COLUMN_NUMBER_MAX } from './integer-column.ts';
import type { SampleColumns } from './log-record.ts';
import { sameHistogram } from './native-histogram.ts';
import type { SampleValue } from './open-samples.ts';
import { pickSamples } from './overflow.ts';

export type AppendOutcome = {
  /** Samples that are kept, with those that repeat a known one exactly, which changes nothing. */
  readonly acceptedCount: number;
  /** Of the accepted: they came out of order, within the window. */
  readonly lateCount: number;
  /** Of the accepted: they were summed into the overflow series of their metric. */
  readonly foldedCount: number;
  /** Older than the series' last sample, where there is no out-of-order window. */
  readonly outOfOrderCount: number;
  /** At the time of a known sample, with another value. */
  readonly duplicateCount: number;
  /** Older than what is flushed to blocks, or than the out-of-order window. */
  readonly tooOldCount: number;
  /** Further ahead of the clock than `FUTURE_MS_MAX`. */
  readonly tooNewCount: number;
  /** Of series that would have been beyond the limit of series, and even of overflow series. */
  readonly overLimitCount: number;
  /** Refs that are not known, or not any more: ask for them again with `seriesRef`. */
  readonly unknownRefs: readonly number[];
};

/** How far a sample may be ahead of the clock, as in Prometheus: one far ahead would lock its series until then. */
export const FUTURE_MS_MAX = 10 * 60_000;

export type AdmitOptions = {
  readonly seriesOf: (ref: number) => HeadSeries | undefined;
  readonly now: number;
  /** Samples in order begin here: older ones are, or are being, flushed. */
  readonly leastAt: number;
  /** Late samples are taken from here on; Infinity without a window. */
  readonly lateFrom: number;
};

export type Admitted = {
  readonly accepted: SampleColumns;
  readonly late: SampleColumns | undefined;
  readonly outcome: AppendOutcome;
};

/** Which samples of a batch may be kept, and why not the others. @throws OperatingError `invalid` for what is no time. */
export function admitBatch(batch: SampleColumns, { seriesOf, now, leastAt, lateFrom }: AdmitOptions): Admitted {
  const count = batch.refs.length;
  assert(batch.times.length === count && batch.values.length === count, 'columns have one length');
  const bits = bitsOf(batch.values);
  const outcome = { ...NOTHING, unknownRefs: [] as number[] };
  const kept: number[] = [];
  const late: number[] = [];
  const compare = compareWithin(batch, bits);
  for (let i = 0; i < count; i += 1) {
    const at = batch.times[i] as number;
    if (!Number.isInteger(at) || Math.abs(at) > COLUMN_NUMBER_MAX) throw badTime(at);
    const series = seriesOf(batch.refs[i] as number);
    if (series === undefined) {
      outcome.unknownRefs.push(batch.refs[i] as number);
      continue;
    }
    const lastAt = series.batchIndex < 0 ? series.lastAt : (batch.times[series.batchIndex] as number);
    if (at > now + FUTURE_MS_MAX) outcome.tooNewCount += 1;
    else if (at > lastAt && at >= leastAt) {
      series.batchIndex = i;
      kept.push(i);
    } else if (at === lastAt) {
      if (compare.last(series, i)) outcome.acceptedCount += 1;
      else outcome.duplicateCount += 1;
    } else if (at < lateFrom) {
      if (at < leastAt || lateFrom < Infinity) outcome.tooOldCount += 1;
      else outcome.outOfOrderCount += 1;
    } else {
      const known = compare.late(series, i);
      if (known === 'absent') late.push(i);
      else if (known === 'same') outcome.acceptedCount += 1;
      else outcome.duplicateCount += 1;
    }
  }
  for (const i of kept) (seriesOf(batch.refs[i] as number) as HeadSeries).batchIndex = -1;
  outcome.acceptedCount += kept.length + late.length;
  outcome.lateCount = late.length;
  return {
    accepted: kept.length === count ? batch : pickSamples(batch, kept),
    late: late.length === 0 ? undefined : pickSamples(batch, late),
    outcome,
  };
}

type Comparing = {
  readonly last: (series: HeadSeries, i: number) => boolean;
  readonly late: (series: HeadSeries, i: number) => 'absent' | 'same' | 'other';
};

/** Comparing of a batch's samples with what their series have, or with earlier ones of the batch. */
function compareWithin(batch: SampleColumns, bits: Uint32Array): Comparing {
  const lateSeen = new Map<string, number>();
  const valueAt = (i: number): SampleValue => ({
    low: bits[2 * i] as number,
    high: bits[2 * i + 1] as number,
    histogram: batch.histograms?.[i],
  });
  const isSame = (i: number, j: number): boolean => {
    const [a, b] = [valueAt(i), valueAt(j)];
    if (a.histogram !== undefined || b.histogram !== undefined)
      return a.histogram !== undefined && b.histogram !== undefined && sameHistogram(a.histogram, b.histogram);
    return a.low === b.low && a.high === b.high;
  };
  return {
    last: (series, i) => (series.batchIndex < 0 ? series.isLastValue(valueAt(i)) : isSame(i, series.batchIndex)),
    late: (series, i) => {
      const key = `${series.ref} ${batch.times[i]}`;
      const before = lateSeen.get(key);
      if (before !== undefined) return isSame(i, before) ? 'same' : 'other';
      lateSeen.set(key, i);
      return series.late?.compare(batch.times[i] as number, valueAt(i)) ?? 'absent';
    },
  };
}

const NOTHING = {
  acceptedCount: 0,
  lateCount: 0,
  foldedCount: 0,
  outOfOrderCount: 0,
  duplicateCount: 0,
  tooOldCount: 0,
  tooNewCount: 0,
  overLimitCount: 0,
};

function badTime(at: number): OperatingError {
  return new OperatingError('invalid', `${at} is not a time: use whole epoch milliseconds`);
}
