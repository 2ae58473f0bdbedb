/** What a database is opened with, and what it says of itself. */
import type { Clock, Log } from '@plumb/base';
import type { AppendOutcome } from './admit.ts';
import type { SeriesRef } from './head.ts';
import type { Labels } from './labels.ts';
import type { HistogramSample } from './native-histogram.ts';
import type { LabelLimits } from './overflow.ts';
import type { TierOptions } from './tiers.ts';
import type { ReplayOutcome } from './write-ahead-log.ts';

export type TsdbOptions = {
  /** Created when absent. Only one open database may use it. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Blocks are deleted when all their samples are older than this. */
  readonly retentionMs: number;
  /** The oldest blocks are deleted when all files together are larger than this. Absent: no such limit. */
  readonly retentionBytes?: number | undefined;
  /** How far behind the newest sample of all a sample may come out of order. Default 0: not at all, as in Prometheus. */
  readonly outOfOrderWindowMs?: number | undefined;
  /** A multiple of the hour, or there are no tiers. */
  readonly blockPeriodMs?: number | undefined;
  /** A checkpoint is written when this much log has gathered behind the last one. It bounds the time to start. */
  readonly checkpointLogBytes?: number | undefined;
  /** Series in the head; beyond it, series are folded into overflow series: see `OVERFLOW_LABEL`. */
  readonly seriesCountMax?: number | undefined;
  /** Series whose labels are beyond these are folded as well. */
  readonly labelLimits?: LabelLimits | undefined;
  /** Aggregates that are kept beside the samples, by ascending step, each a multiple of the one before. Default `TIERS`. */
  readonly tiers?: readonly TierOptions[] | undefined;
  /** Exemplars that are kept, of all series together: the newest. */
  readonly exemplarCountMax?: number | undefined;
};

/** `'stale'` writes the marker that says that the series ended: see `setStale`. */
export type Sample = {
  readonly series: SeriesRef | Labels;
  readonly at: number;
  readonly value: number | 'stale' | HistogramSample;
};

export type TsdbStats = Totals & {
  readonly seriesCount: number;
  /** Of these, overflow series. */
  readonly overflowSeriesCount: number;
  readonly headSampleCount: number;
  readonly headBytes: number;
  readonly exemplarCount: number;
  readonly blockCount: number;
  readonly blockSampleCount: number;
  readonly blockBytes: number;
  readonly tierBytes: number;
  readonly walBytes: number;
  readonly damagedBlockCount: number;
  readonly damagedChunkCount: number;
  /** What opening found in the log; samples are skipped when a block has them already. */
  readonly replay: ReplayOutcome & { readonly skippedSampleCount: number; readonly lengthMs: number };
};

/** Samples since the database was opened, by what became of them. */
export type Totals = { readonly [K in Exclude<keyof AppendOutcome, 'unknownRefs'>]: number } & {
  readonly unknownRefCount: number;
};

const TOTAL_NAMES = [
  'acceptedCount',
  'lateCount',
  'foldedCount',
  'outOfOrderCount',
  'duplicateCount',
  'tooOldCount',
  'tooNewCount',
  'overLimitCount',
  'unknownRefCount',
] as const satisfies readonly (keyof Totals)[];

export const NO_TOTALS = mapTotals(() => 0);

export function mapTotals(valueOf: (name: keyof Totals) => number): Totals {
  return Object.fromEntries(TOTAL_NAMES.map((name) => [name, valueOf(name)])) as Totals;
}
