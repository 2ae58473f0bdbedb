/**
 * A time-series database in a folder: samples go to a write-ahead log and to the head in memory; periods that have passed
 * are moved to immutable block files. One thread, one owner of the folder; no network, and no clock but the one given.
 *
 * Durability: what `append` accepted is with the operating system when it resolves, so `kill -9` loses nothing of it; it is
 * on the disk at most `SYNC_PERIOD_MS` later, so a power cut loses at most that much. A batch is there wholly or not at all.
 */
import fs from 'node:fs';
import path from 'node:path';
import { type Clock, describeError, type Log, OperatingError, type Timer } from '@plumb/base';
import type { AppendOutcome } from './admit.ts';
import { Block } from './block.ts';
import { BlockStore } from './block-store.ts';
import { writeBlock } from './block-writer.ts';
import { ByteWriter } from './bytes.ts';
import { diskError, syncDirectory } from './durable-file.ts';
import { type Exemplar, ExemplarRing, type ExemplarSeries } from './exemplars.ts';
import { Flusher } from './flusher.ts';
import { Head, type SeriesRef } from './head.ts';
import type { Labels } from './labels.ts';
import { encodeRecord, type ExemplarEntry, type LogRecord, type SampleColumns } from './log-record.ts';
import { replayFrames } from './log-replay.ts';
import { compileMatcher, type LabelMatcher } from './matcher.ts';
import { LABEL_LIMITS } from './overflow.ts';
import {
  labelNamesOf,
  labelValuesOf,
  listSeries,
  type SelectLimits,
  selectSeries,
  type SeriesData,
  type SeriesFilter,
} from './select.ts';
import { type BucketQuery, type BucketSeries, selectBuckets } from './select-buckets.ts';
import { setStale } from './stale.ts';
import { TIERS, Tiers } from './tiers.ts';
import { mapTotals, NO_TOTALS, type Sample, type Totals, type TsdbOptions, type TsdbStats } from './tsdb-options.ts';
import { WriteAheadLog } from './write-ahead-log.ts';

/** Samples younger than this may not survive a power cut. A second is what Prometheus' users accept, and cheap. */
export const SYNC_PERIOD_MS = 1_000;
/** Samples of one `append`; a scrape of 100,000 series is large. It bounds the size of a log record. */
export const BATCH_SAMPLES_MAX = 1_000_000;
/** How often it is looked whether something is to be flushed, joined or deleted. */
const MAINTENANCE_PERIOD_MS = 60_000;
/** A flush takes whole periods of this length, half a period after they end, so that late samples still find the head. */
const BLOCK_PERIOD_MS = 2 * 3_600_000;
/**
 * Log behind the last checkpoint that is worth the next one: about 1.1 million samples, which take a fifth of a second to
 * replay. Where the checkpoint itself is larger than four times this, a quarter of it counts, so that writing stays in proportion.
 */
const CHECKPOINT_LOG_BYTES = 12 * 1_024 * 1_024;
/** At so many times that, an append waits for the checkpoint: the time to start stays bounded whatever comes in. */
const CHECKPOINT_WAIT_FACTOR = 1.5;
/** About 1 kB of memory each: a gigabyte. */
const SERIES_COUNT_MAX = 1_000_000;
const HOUR_MS = 3_600_000;
/** As in Prometheus' examples: about 20 MB. */
const EXEMPLAR_COUNT_MAX = 100_000;

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
  readonly #retentionBytes: number;
  readonly #periodMs: number;
  readonly #checkpointLogBytes: number;
  readonly #blocks: BlockStore;
  readonly #tiers: Tiers;
  readonly #head: Head;
  readonly #exemplars: ExemplarRing;
  readonly #flusher: Flusher;
  readonly #wal: WriteAheadLog;
  readonly #replay: TsdbStats['replay'];
  readonly #timers: readonly Timer[];
  #totals: Totals = NO_TOTALS;
  #maintenance: Promise<void> = Promise.resolve();
  /** A flush made part of the log superfluous. Stays set when writing the checkpoint fails, so that it is tried again. */
  #isCheckpointDue = false;
  /** A run for the log's sake is on its way. */
  #isLogRunPending = false;
  /** What the head's chunks are read from until there is another checkpoint. */
  #checkpoint: Block | undefined;
  #isClosed = false;

  /** Use `openTsdb`. */
  constructor(options: TsdbOptions) {
    const { directory, clock, log, retentionMs, blockPeriodMs, seriesCountMax } = options;
    this.#clock = clock;
    this.#log = log;
    this.#retentionMs = retentionMs;
    this.#retentionBytes = options.retentionBytes ?? Infinity;
    this.#periodMs = blockPeriodMs ?? BLOCK_PERIOD_MS;
    this.#checkpointLogBytes = options.checkpointLogBytes ?? CHECKPOINT_LOG_BYTES;
    this.#exemplars = new ExemplarRing(options.exemplarCountMax ?? EXEMPLAR_COUNT_MAX);
    this.#head = new Head({
      periodMs: this.#periodMs,
      seriesCountMax: seriesCountMax ?? SERIES_COUNT_MAX,
      labelLimits: options.labelLimits ?? LABEL_LIMITS,
      lateWindowMs: options.outOfOrderWindowMs ?? 0,
      exemplars: this.#exemplars,
      onOverflow: (labels) =>
        log.warn('tsdb.series-over-budget', { seriesCount: this.#head.seriesCount, firstFolded: labels }),
    });
    const startMs = clock.monotonicMs();
    this.#blocks = new BlockStore(path.join(directory, 'blocks'), log);
    this.#tiers = new Tiers(directory, log, this.#periodMs % HOUR_MS === 0 ? (options.tiers ?? TIERS) : []);
    this.#flusher = new Flusher(this.#head, this.#blocks, { periodMs: this.#periodMs, log });
    this.#head.leastAt = this.#blocks.flushedThrough;
    const { wal, replay, skippedSampleCount } = this.#openLog(path.join(directory, 'wal'));
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
   * The number that stands for a series, so that its labels are looked at once. Beyond the limit of series it is that of
   * an overflow series, which many share; undefined when there are too many of these as well. Good while the series gets
   * samples: after a flush without any, `append` reports it in `unknownRefs`.
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
    const values = Float64Array.from(known, ({ sample: { value } }) => (typeof value === 'number' ? value : 0));
    known.forEach(({ sample }, i) => {
      if (sample.value === 'stale') setStale(values, i);
    });
    const hasHistogram = known.some(({ sample: { value } }) => typeof value === 'object');
    const columns = {
      refs: Uint32Array.from(known, ({ ref }) => ref),
      times: Float64Array.from(known, ({ sample }) => sample.at),
      values,
      histograms: hasHistogram
        ? known.map(({ sample: { value } }) => (typeof value === 'object' ? value : undefined))
        : undefined,
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
   * Appends exemplars of known series, durable as samples are. One that is not behind the last one of its series, or whose
   * series is not known, is left out. Returns how many were kept. @throws OperatingError as `appendColumns`.
   */
  async appendExemplars(exemplars: readonly (Exemplar & { readonly series: SeriesRef | Labels })[]): Promise<number> {
    this.#requireOpen();
    const kept: ExemplarEntry[] = [];
    const newest = new Map<SeriesRef, number>();
    for (const { series, at, value, labels } of exemplars) {
      const ref = typeof series === 'number' ? series : this.#head.refOf(series);
      if (ref === undefined || !this.#head.isKnown(ref)) continue;
      if (at <= (newest.get(ref) ?? -Infinity) || !this.#exemplars.accepts(ref, { at, value, labels })) continue;
      newest.set(ref, at);
      kept.push({ ref, at, value, labels });
    }
    if (kept.length === 0) return 0;
    const unlogged = this.#head.unlogged;
    const series: LogRecord[] = unlogged.length > 0 ? [{ kind: 'series', entries: unlogged }] : [];
    this.#wal.append([...series, { kind: 'exemplars', exemplars: kept }]);
    this.#head.markLogged();
    for (const exemplar of kept) this.#exemplars.add(exemplar.ref, exemplar);
    return kept.length;
  }

  /** The exemplars in [minAt, maxAt] of every series that all `matchers` accept, each in order of time. */
  exemplars(matchers: readonly LabelMatcher[], minAt: number, maxAt: number): ExemplarSeries[] {
    return this.#head.index.find(matchers.map(compileMatcher)).flatMap(({ ref, labels }) => {
      const exemplars = this.#exemplars.of(ref, minAt, maxAt);
      return exemplars.length === 0 ? [] : [{ labels, exemplars }];
    });
  }

  /**
   * The samples in [minAt, maxAt] of every series that all `matchers` accept, in no particular order; the arrays are the
   * caller's. Synchronous: it reads block files. @throws OperatingError `invalid` for a bad pattern, `exhausted` at a limit.
   */
  select(matchers: readonly LabelMatcher[], minAt: number, maxAt: number, limits: SelectLimits = {}): SeriesData[] {
    return selectSeries(this.#sources(), { matchers, minAt, maxAt }, limits);
  }

  /**
   * The samples in (startAt, endAt] of every series that all `matchers` accept, as aggregates over buckets of `stepMs`. Where
   * `stepMs` is a multiple of a tier's step it costs what the tier holds, and goes back as far as the tier does.
   * @throws OperatingError `invalid` for ends that are not multiples of the step or a bad pattern, `exhausted` at a limit.
   */
  selectBuckets(query: BucketQuery, limits: SelectLimits = {}): BucketSeries[] {
    return selectBuckets(this.#sources(), this.#settledTierBlocks(query.stepMs), query, limits);
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
    const damagedOf = (block: Block): number => block.damagedChunkCount;
    return {
      ...this.#totals,
      seriesCount: series.length,
      overflowSeriesCount: this.#head.overflowSeriesCount,
      headSampleCount: sumOf(series, ({ sampleCount }) => sampleCount),
      headBytes: sumOf(series, ({ sizeBytes }) => sizeBytes),
      exemplarCount: this.#exemplars.count,
      blockCount: blocks.length,
      blockSampleCount: sumOf(blocks, ({ facts }) => facts.sampleCount),
      blockBytes: sumOf(blocks, ({ sizeBytes }) => sizeBytes),
      tierBytes: this.#tiers.sizeBytes,
      walBytes: this.#wal.sizeBytes,
      damagedBlockCount: this.#blocks.damagedFileCount,
      damagedChunkCount: sumOf(blocks, damagedOf) + (this.#checkpoint?.damagedChunkCount ?? 0),
      replay: this.#replay,
    };
  }

  /**
   * Deletes the samples in [minAt, maxAt] of every series that all `matchers` accept. Queries do not find them from the
   * moment it resolves, also after a crash; compaction then frees the space. Samples that come later are taken as ever.
   * @throws OperatingError `invalid` without a matcher or for a bad pattern; `exhausted` or `unavailable` when the disk refuses:
   * then it is done in part, and may be called again.
   */
  async deleteSeries(matchers: readonly LabelMatcher[], minAt: number, maxAt: number): Promise<void> {
    const compiled = matchers.map(compileMatcher);
    if (compiled.every(({ matchesEmpty }) => matchesEmpty))
      throw new OperatingError('invalid', 'the matchers accept every series: name at least one that a label must have');
    await this.#exclusively(async () => {
      this.#blocks.deleteRange(matchers, minAt, maxAt);
      this.#tiers.deleteRange(matchers, minAt, maxAt);
      const found = this.#head.index.find(compiled);
      if (found.length === 0) return;
      const refs = Uint32Array.from(found, ({ ref }) => ref);
      this.#wal.append([{ kind: 'delete', refs, minAt, maxAt }]);
      this.#wal.syncNow();
      for (const series of found) series.deleteRange(minAt, maxAt);
    });
  }

  /**
   * Writes all that is acknowledged into `directory`, which must not exist: a folder that `openTsdb` opens, on this machine
   * or another. Blocks are second names of the same files, so it takes little time and space.
   * @throws OperatingError `already-exists`, `exhausted`, `unavailable`.
   */
  async snapshot(directory: string): Promise<void> {
    await this.#exclusively(async () => {
      if (fs.existsSync(directory))
        throw new OperatingError('already-exists', `${directory} is there already: name a folder that is not`);
      const unfinished = `${directory}.tmp`;
      fs.rmSync(unfinished, { recursive: true, force: true });
      try {
        this.#blocks.linkInto(path.join(unfinished, 'blocks'));
        this.#tiers.linkInto(unfinished);
        this.#wal.linkInto(path.join(unfinished, 'wal'), await this.#writeCheckpoint());
        fs.renameSync(unfinished, directory);
        syncDirectory(path.dirname(directory));
      } catch (error) {
        fs.rmSync(unfinished, { recursive: true, force: true });
        throw diskError('the snapshot could not be written', error);
      }
    });
  }

  /**
   * Flushes periods that have passed, joins blocks, deletes old ones. Runs by itself every minute; one run at a time.
   * Never rejects: what fails is logged and tried again by the next run.
   */
  async maintain(): Promise<void> {
    await this.#inTurn(async () => {
      if (await this.#flusher.flush()) this.#isCheckpointDue = true;
      await this.#writeCheckpointIfDue();
      await this.#blocks.compact(this.#periodMs);
      const leastAt = this.#clock.now() - this.#retentionMs;
      await this.#tiers.derive(
        this.#blocks.final({ periodMs: this.#periodMs, lateAt: this.#head.oldestLateAt, leastAt }),
      );
      this.#blocks.retainFrom(leastAt);
      this.#blocks.retainBytes(this.#retentionBytes - this.#wal.sizeBytes - this.#tiers.sizeBytes);
      this.#tiers.retain(this.#clock.now());
    });
  }

  /** Waits for maintenance, syncs the log and closes. The head needs no flush: the next open replays it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const timer of this.#timers) timer.cancel();
    await this.#maintenance;
    this.#wal[Symbol.dispose]();
    this.#checkpoint?.[Symbol.dispose]();
    this.#tiers[Symbol.dispose]();
    this.#blocks[Symbol.dispose]();
  }

  async #append(columns: SampleColumns, overLimitCount: number): Promise<AppendOutcome> {
    this.#requireOpen();
    if (columns.refs.length > BATCH_SAMPLES_MAX) {
      throw new OperatingError(
        'invalid',
        `a batch has at most ${BATCH_SAMPLES_MAX} samples: split the ${columns.refs.length}`,
      );
    }
    const { accepted, late, outcome } = this.#head.admit(columns, this.#clock.now());
    const records: LogRecord[] = [];
    if (this.#head.unlogged.length > 0) records.push({ kind: 'series', entries: this.#head.unlogged });
    if (accepted.refs.length > 0 || late !== undefined) records.push({ kind: 'samples', ...accepted, late });
    if (records.length > 0) this.#wal.append(records);
    this.#head.markLogged();
    this.#head.apply(accepted, late);
    const { unknownRefs, ...counts } = { ...outcome, overLimitCount };
    const ownTotals: Totals = { ...counts, unknownRefCount: unknownRefs.length };
    this.#totals = mapTotals((name) => this.#totals[name] + ownTotals[name]);
    await this.#boundLog();
    return { ...counts, unknownRefs };
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new OperatingError('unavailable', 'the database is closed: open it again');
  }

  /** Has a checkpoint written when the log has grown, and waits for it when it has grown far more. */
  async #boundLog(): Promise<void> {
    const dueBytes = this.#checkpointDueBytes();
    if (this.#wal.segmentBytes < dueBytes) return;
    if (!this.#isLogRunPending) {
      this.#isLogRunPending = true;
      void this.#inTurn(async () => {
        try {
          await this.#writeCheckpointIfDue();
        } finally {
          this.#isLogRunPending = false;
        }
      });
    }
    if (this.#wal.segmentBytes >= dueBytes * CHECKPOINT_WAIT_FACTOR) await this.#maintenance;
  }

  #checkpointDueBytes(): number {
    return Math.max(this.#checkpointLogBytes, this.#wal.checkpointBytes / 4);
  }

  /** Runs `work` after what is running, unless the database is closed. What it throws is logged. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    const run = async (): Promise<void> => {
      if (this.#isClosed) return;
      try {
        await work();
      } catch (error) {
        this.#log.error('tsdb.maintenance-failed', { error: describeError(error) });
      }
    };
    this.#maintenance = this.#maintenance.then(run);
    await this.#maintenance;
  }

  /** Runs `work` after what is running; what it throws is the caller's. */
  async #exclusively(work: () => Promise<void>): Promise<void> {
    let failure: unknown;
    await this.#inTurn(async () => {
      try {
        this.#requireOpen();
        await work();
      } catch (error) {
        failure = error;
      }
    });
    this.#requireOpen();
    if (failure !== undefined) throw failure;
  }

  async #sync(): Promise<void> {
    try {
      await this.#wal.sync();
    } catch (error) {
      this.#log.error('tsdb.sync-failed', { error: describeError(error) });
    }
  }

  #openLog(directory: string): ReturnType<typeof WriteAheadLog.open> & { readonly skippedSampleCount: number } {
    let skippedSampleCount = 0;
    const visit = (record: LogRecord): void => {
      skippedSampleCount += this.#head.restore(record);
    };
    const opened = WriteAheadLog.open(directory, this.#log, {
      visit,
      restore: (file) => {
        this.#checkpoint = new Block(0, file, this.#log);
        skippedSampleCount += this.#head.restoreCheckpoint(this.#checkpoint);
        replayFrames(this.#checkpoint.index.records, 0, visit);
      },
    });
    return { ...opened, skippedSampleCount };
  }

  async #writeCheckpointIfDue(): Promise<void> {
    if (this.#isCheckpointDue || this.#wal.segmentBytes >= this.#checkpointDueBytes()) await this.#writeCheckpoint();
  }

  /** Returns its file. */
  async #writeCheckpoint(): Promise<string> {
    const closed = this.#wal.rotate();
    const range = { startAt: 0, endAt: 0, replaces: [] };
    const file = await this.#wal.checkpoint(closed, (file) =>
      writeBlock(file, this.#head.contents(), { ...range, kind: 'checkpoint', records: () => this.#exemplarRecords() }),
    );
    this.#isCheckpointDue = false;
    // Writing it has read every chunk of the one before that is still needed.
    this.#checkpoint?.[Symbol.dispose]();
    this.#checkpoint = undefined;
    return file;
  }

  #exemplarRecords(): Uint8Array {
    const exemplars = [...this.#exemplars.all()].filter(({ ref }) => this.#head.isKnown(ref));
    const out = new ByteWriter();
    if (exemplars.length > 0) encodeRecord({ kind: 'exemplars', exemplars }, out);
    return out.view();
  }

  /** Of a tier, the blocks that say what the samples say: of samples that still are, nothing lies over them or is deleted. */
  #settledTierBlocks(stepMs: number): readonly Block[] {
    const replaced = this.#blocks.blocks.flatMap(({ facts }) => facts.replaces);
    const unsettled = this.#blocks.unsettled(this.#head.oldestLateAt).map(({ number }) => number);
    const unusable = new Set([...replaced, ...unsettled]);
    return this.#tiers.blocksFor(stepMs).filter(({ number }) => !unusable.has(number));
  }

  #sources(): Parameters<typeof selectSeries>[0] {
    return { blocks: this.#blocks.blocks, head: this.#head.index };
  }
}

function sumOf<T>(items: readonly T[], valueOf: (item: T) => number): number {
  return items.reduce((sum, item) => sum + valueOf(item), 0);
}
