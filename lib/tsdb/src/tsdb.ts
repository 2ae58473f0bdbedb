/**
 * A time-series database in a folder: samples go to a write-ahead log and to the head in memory; periods that have passed
 * are moved to immutable block files. One thread, one owner of the folder; no network, and no clock but the one given.
 *
 * Durability: what `append` accepted is with the operating system when it resolves, so `kill -9` loses nothing of it; it is
 * on the disk at most `SYNC_PERIOD_MS` later, so a power cut loses at most that much. A batch is there wholly or not at all.
 */
import path from 'node:path';
import { type Clock, describeError, type Log, OperatingError, type Timer } from '@plumb/base';
import { BlockStore } from './block-store.ts';
import type { BlockSeries } from './block-writer.ts';
import { type AppendOutcome, Head, type SampleColumns, type SeriesRef } from './head.ts';
import type { HeadSeries } from './head-series.ts';
import type { Labels } from './labels.ts';
import type { LogRecord } from './log-record.ts';
import type { LabelMatcher } from './matcher.ts';
import { mergeChunks } from './merge-chunks.ts';
import {
  labelNamesOf,
  labelValuesOf,
  listSeries,
  type SelectLimits,
  selectSeries,
  type SeriesData,
  type SeriesFilter,
} from './select.ts';
import { setStale } from './stale.ts';
import { type ReplayOutcome, WriteAheadLog } from './write-ahead-log.ts';

/** Samples younger than this may not survive a power cut. A second is what Prometheus' users accept, and cheap. */
export const SYNC_PERIOD_MS = 1_000;
/** Samples of one `append`; a scrape of 100,000 series is large. It bounds the size of a log record. */
export const BATCH_SAMPLES_MAX = 1_000_000;
/** How often it is looked whether something is to be flushed, joined or deleted. */
const MAINTENANCE_PERIOD_MS = 60_000;
/** A flush takes whole periods of this length, half a period after they end, so that late samples still find the head. */
const BLOCK_PERIOD_MS = 2 * 3_600_000;
/** Log behind the last checkpoint that is worth the next one: about 3 million samples, which take a second to replay. */
const CHECKPOINT_LOG_BYTES = 32 * 1_024 * 1_024;
/** About 1 kB of memory each: a gigabyte. */
const SERIES_COUNT_MAX = 1_000_000;

export type TsdbOptions = {
  /** Created when absent. Only one open database may use it. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Blocks are deleted when all their samples are older than this. */
  readonly retentionMs: number;
  readonly blockPeriodMs?: number | undefined;
  /** A checkpoint is written when this much log has gathered behind the last one. It bounds the time to start. */
  readonly checkpointLogBytes?: number | undefined;
  /** Series in the head; samples of series beyond it are refused and counted. */
  readonly seriesCountMax?: number | undefined;
};

/** `'stale'` writes the marker that says that the series ended: see `setStale`. */
export type Sample = { readonly series: SeriesRef | Labels; readonly at: number; readonly value: number | 'stale' };

export type TsdbStats = Totals & {
  readonly seriesCount: number;
  readonly headSampleCount: number;
  readonly headBytes: number;
  readonly blockCount: number;
  readonly blockSampleCount: number;
  readonly blockBytes: number;
  readonly walBytes: number;
  readonly damagedBlockCount: number;
  readonly damagedChunkCount: number;
  /** What opening found in the log; samples are skipped when a block has them already. */
  readonly replay: ReplayOutcome & { readonly skippedSampleCount: number; readonly lengthMs: number };
};

/** Samples since the database was opened, by what became of them. */
type Totals = { readonly [K in Exclude<keyof AppendOutcome, 'unknownRefs'>]: number } & {
  readonly unknownRefCount: number;
};

/**
 * Opens the database in `directory`, replaying its log: every sample that was acknowledged is there.
 *
 * @example
 * await using tsdb = await openTsdb({ directory, clock: systemClock, log, retentionMs: 15 * 86_400_000 });
 * await tsdb.append([{ series: { __name__: 'up', job: 'web' }, at: clock.now(), value: 1 }]);
 * const [up] = tsdb.select([{ name: '__name__', op: '=', value: 'up' }], clock.now() - 60_000, clock.now());
 *
 * @throws OperatingError `invalid` for a folder of another version, `unavailable` when the disk refuses.
 */
export async function openTsdb(options: TsdbOptions): Promise<Tsdb> {
  return new Tsdb(options);
}

export class Tsdb implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #retentionMs: number;
  readonly #periodMs: number;
  readonly #checkpointLogBytes: number;
  readonly #blocks: BlockStore;
  readonly #head: Head;
  readonly #wal: WriteAheadLog;
  readonly #replay: TsdbStats['replay'];
  readonly #timers: readonly Timer[];
  #totals: Totals = NO_TOTALS;
  #maintenance: Promise<void> = Promise.resolve();
  /** A flush made part of the log superfluous. Stays set when writing the checkpoint fails, so that it is tried again. */
  #isCheckpointDue = false;
  #isClosed = false;

  /** Use `openTsdb`. */
  constructor(options: TsdbOptions) {
    const { directory, clock, log, retentionMs, blockPeriodMs, seriesCountMax } = options;
    this.#clock = clock;
    this.#log = log;
    this.#retentionMs = retentionMs;
    this.#periodMs = blockPeriodMs ?? BLOCK_PERIOD_MS;
    this.#checkpointLogBytes = options.checkpointLogBytes ?? CHECKPOINT_LOG_BYTES;
    this.#head = new Head({ periodMs: this.#periodMs, seriesCountMax: seriesCountMax ?? SERIES_COUNT_MAX });
    const startMs = clock.monotonicMs();
    this.#blocks = new BlockStore(path.join(directory, 'blocks'), log);
    this.#head.leastAt = this.#blocks.flushedThrough;
    let skippedSampleCount = 0;
    const { wal, replay } = WriteAheadLog.open(path.join(directory, 'wal'), log, (record) => {
      skippedSampleCount += this.#head.restore(record);
    });
    this.#head.endRestore();
    this.#wal = wal;
    this.#replay = { ...replay, skippedSampleCount, lengthMs: clock.monotonicMs() - startMs };
    log.info('tsdb.opened', { directory, seriesCount: this.#head.seriesCount, ...this.#replay });
    this.#timers = [
      clock.every(SYNC_PERIOD_MS, () => void this.#sync()),
      clock.every(MAINTENANCE_PERIOD_MS, () => void this.maintain()),
    ];
  }

  /**
   * The number that stands for a series, so that its labels are looked at once. Undefined when the head is at its limit of
   * series. Good while the series gets samples: after a flush without any, `append` reports it in `unknownRefs`.
   */
  seriesRef(labels: Labels): SeriesRef | undefined {
    return this.#head.refOf(labels);
  }

  /** `appendColumns` for samples as objects: handy, and slower. */
  async append(samples: readonly Sample[]): Promise<AppendOutcome> {
    const known: { readonly ref: SeriesRef; readonly sample: Sample }[] = [];
    for (const sample of samples) {
      const ref = typeof sample.series === 'number' ? sample.series : this.#head.refOf(sample.series);
      if (ref !== undefined) known.push({ ref, sample });
    }
    const values = Float64Array.from(known, ({ sample }) => (sample.value === 'stale' ? 0 : sample.value));
    known.forEach(({ sample }, i) => {
      if (sample.value === 'stale') setStale(values, i);
    });
    const columns = {
      refs: Uint32Array.from(known, ({ ref }) => ref),
      times: Float64Array.from(known, ({ sample }) => sample.at),
      values,
    };
    return this.#append(columns, samples.length - known.length);
  }

  /**
   * Appends samples in one write to the log: after a crash all of them are there or none. Samples that a series cannot take
   * are refused and counted in the outcome, the others are kept. The columns may be used again once it resolves.
   * @throws OperatingError `exhausted` on a full disk, `unavailable` on other disk errors: nothing was kept then; `invalid`
   * for a time that is not whole milliseconds, or more than `BATCH_SAMPLES_MAX` samples.
   */
  async appendColumns(columns: SampleColumns): Promise<AppendOutcome> {
    return this.#append(columns, 0);
  }

  /**
   * The samples in [minAt, maxAt] of every series that all `matchers` accept, in no particular order; the arrays are the
   * caller's. Synchronous: it reads block files. @throws OperatingError `invalid` for a bad pattern, `exhausted` at a limit.
   */
  select(matchers: readonly LabelMatcher[], minAt: number, maxAt: number, limits: SelectLimits = {}): SeriesData[] {
    return selectSeries(this.#sources(), { matchers, minAt, maxAt }, limits);
  }

  /** The labels of series that may have samples in the range: it is looked up to the block, not to the sample. */
  series(filter: SeriesFilter = {}): Labels[] {
    return listSeries(this.#sources(), filter);
  }

  /** Sorted. */
  labelNames(filter: SeriesFilter = {}): string[] {
    return labelNamesOf(this.series(filter));
  }

  /** Sorted, without the empty value. */
  labelValues(name: string, filter: SeriesFilter = {}): string[] {
    return labelValuesOf(this.series(filter), name);
  }

  stats(): TsdbStats {
    const series = this.#head.series;
    const blocks = this.#blocks.blocks;
    return {
      ...this.#totals,
      seriesCount: series.length,
      headSampleCount: sumOf(series, ({ sampleCount }) => sampleCount),
      headBytes: sumOf(series, ({ sizeBytes }) => sizeBytes),
      blockCount: blocks.length,
      blockSampleCount: sumOf(blocks, ({ facts }) => facts.sampleCount),
      blockBytes: sumOf(blocks, ({ sizeBytes }) => sizeBytes),
      walBytes: this.#wal.sizeBytes,
      damagedBlockCount: this.#blocks.damagedFileCount,
      damagedChunkCount: sumOf(blocks, ({ damagedChunkCount }) => damagedChunkCount),
      replay: this.#replay,
    };
  }

  /**
   * Flushes periods that have passed, joins blocks, deletes old ones. Runs by itself every minute; one run at a time.
   * Never rejects: what fails is logged and tried again by the next run.
   */
  async maintain(): Promise<void> {
    const run = async (): Promise<void> => {
      if (this.#isClosed) return;
      try {
        await this.#flush();
        await this.#blocks.compact(this.#periodMs);
        this.#blocks.retainFrom(this.#clock.now() - this.#retentionMs);
      } catch (error) {
        this.#log.error('tsdb.maintenance-failed', { error: describeError(error) });
      }
    };
    this.#maintenance = this.#maintenance.then(run);
    await this.#maintenance;
  }

  /** Waits for maintenance, syncs the log and closes. The head needs no flush: the next open replays it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const timer of this.#timers) timer.cancel();
    await this.#maintenance;
    this.#wal[Symbol.dispose]();
    this.#blocks[Symbol.dispose]();
  }

  #append(columns: SampleColumns, overLimitCount: number): AppendOutcome {
    if (this.#isClosed) throw new OperatingError('unavailable', 'the database is closed: open it again');
    if (columns.refs.length > BATCH_SAMPLES_MAX) {
      throw new OperatingError(
        'invalid',
        `a batch has at most ${BATCH_SAMPLES_MAX} samples: split the ${columns.refs.length}`,
      );
    }
    const { accepted, outcome } = this.#head.admit(columns, this.#clock.now());
    const records: LogRecord[] = [];
    if (this.#head.unlogged.length > 0) records.push({ kind: 'series', entries: this.#head.unlogged });
    if (accepted.refs.length > 0) records.push({ kind: 'samples', ...accepted });
    if (records.length > 0) this.#wal.append(records);
    this.#head.markLogged();
    this.#head.apply(accepted);
    const { unknownRefs, ...counts } = { ...outcome, overLimitCount };
    const ownTotals: Totals = { ...counts, unknownRefCount: unknownRefs.length };
    this.#totals = mapTotals((name) => this.#totals[name] + ownTotals[name]);
    return { ...counts, unknownRefs };
  }

  async #sync(): Promise<void> {
    try {
      await this.#wal.sync();
    } catch (error) {
      this.#log.error('tsdb.sync-failed', { error: describeError(error) });
    }
  }

  /** Moves each period that ended half a period before the newest sample into a block of its own. */
  async #flush(): Promise<void> {
    const newestAt = this.#head.series.reduce((latest, { lastAt }) => Math.max(latest, lastAt), -Infinity);
    const startOf = (at: number): number => Math.floor(at / this.#periodMs) * this.#periodMs;
    const flushAt = startOf(newestAt - this.#periodMs / 2);
    const oldestAt = (): number =>
      this.#head.series.reduce((first, series) => Math.min(first, series.firstAt), Infinity);
    for (let startAt = startOf(oldestAt()); startAt < flushAt; startAt = startOf(oldestAt())) {
      await this.#flushPeriod(startAt, startAt + this.#periodMs);
      this.#isCheckpointDue = true;
    }
    if (!this.#isCheckpointDue && this.#wal.segmentBytes < this.#checkpointLogBytes) return;
    const closed = this.#wal.rotate();
    await this.#wal.checkpoint(closed, this.#head.records());
    this.#isCheckpointDue = false;
  }

  async #flushPeriod(startAt: number, endAt: number): Promise<void> {
    this.#head.leastAt = endAt; // From here on nothing is added to the period, so what is written is all there is.
    const block = await this.#blocks.write(seriesBefore(this.#head.series, endAt), { startAt, endAt });
    this.#blocks.publish(block);
    this.#head.dropBefore(endAt);
    const { number, facts, sizeBytes } = block;
    this.#log.info('tsdb.block.flushed', {
      number,
      seriesCount: facts.seriesCount,
      sampleCount: facts.sampleCount,
      sizeBytes,
    });
  }

  #sources(): Parameters<typeof selectSeries>[0] {
    return { blocks: this.#blocks.blocks, head: this.#head.index };
  }
}

const TOTAL_NAMES = [
  'acceptedCount',
  'outOfOrderCount',
  'duplicateCount',
  'tooOldCount',
  'tooNewCount',
  'overLimitCount',
  'unknownRefCount',
] as const satisfies readonly (keyof Totals)[];
const NO_TOTALS = mapTotals(() => 0);

function mapTotals(valueOf: (name: keyof Totals) => number): Totals {
  return Object.fromEntries(TOTAL_NAMES.map((name) => [name, valueOf(name)])) as Totals;
}

function* seriesBefore(series: readonly HeadSeries[], cutAt: number): Generator<BlockSeries> {
  for (const one of series.toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
    const chunks = one.chunksBefore(cutAt);
    if (chunks.length > 0) yield { labels: one.labels, chunks: mergeChunks(chunks) };
  }
}

function sumOf<T>(items: readonly T[], valueOf: (item: T) => number): number {
  return items.reduce((sum, item) => sum + valueOf(item), 0);
}
