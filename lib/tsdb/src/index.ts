export { CHUNK_SAMPLES_MAX, type Columns, decodeChunk, encodeChunk } from './chunk.ts';
export { type AppendOutcome, FUTURE_MS_MAX, type SampleColumns, type SeriesRef } from './head.ts';
export { labelOf, type Labels, labelsKey, METRIC_NAME } from './labels.ts';
export { compileMatcher, type LabelMatcher, type MatchOperator } from './matcher.ts';
export type { SelectLimits, SeriesData, SeriesFilter } from './select.ts';
export { isStale, setStale } from './stale.ts';
export {
  BATCH_SAMPLES_MAX,
  openTsdb,
  type Sample,
  SYNC_PERIOD_MS,
  type Tsdb,
  type TsdbOptions,
  type TsdbStats,
} from './tsdb.ts';
