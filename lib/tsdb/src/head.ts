/**
 * The head: every series that is written to, by number and by label. In memory only; `Tsdb` writes what `admit` lets
 * through to the log before `apply` makes it visible.
 */
import { admitBatch, type Admitted } from './admit.ts';
import type { Block } from './block.ts';
import type { BlockSeries } from './block-writer.ts';
import { bitsOf } from './bytes.ts';
import { joinParts } from './columns.ts';
import type { ExemplarRing } from './exemplars.ts';
import { HeadSeries, type SealedChunk } from './head-series.ts';
import { LabelIndex } from './label-index.ts';
import { keyOfPairs, type Labels, labelsFromPairs, sortedLabels } from './labels.ts';
import type { LogRecord, SampleColumns, SeriesEntry } from './log-record.ts';
import {
  foldOverflow,
  isOverflow,
  isWithin,
  type LabelLimits,
  OVERFLOW_SERIES_MAX,
  overflowLabelsOf,
} from './overflow.ts';

/** A series of this open database; a number that stays good until the series has had no sample for a while. */
export type SeriesRef = number;

/** In a checkpoint, what is added to the ref of a series for its late samples. */
const LATE_REF = 2 ** 31;

/** Late samples that a flush takes: those that come meanwhile stay. */
export type LateChunks = ReadonlyMap<HeadSeries, readonly SealedChunk[]>;

export type HeadOptions = {
  readonly periodMs: number;
  readonly seriesCountMax: number;
  readonly labelLimits: LabelLimits;
  /** How far behind the newest sample of all a sample may come out of order; 0 for not at all. */
  readonly lateWindowMs: number;
  readonly exemplars: ExemplarRing;
  /** A series was folded, for the first time since the head was made. */
  readonly onOverflow: (labels: Labels) => void;
};

export class Head {
  readonly index = new LabelIndex();
  /** Samples in order before this are refused: they are, or are being, flushed. */
  leastAt = -Infinity;
  /** Of all samples. */
  newestAt = -Infinity;
  /** By ref: refs are given out in order, so an array is dense, and twice as fast as a Map. */
  readonly #byRef: (HeadSeries | undefined)[] = [undefined];
  readonly #byKey = new Map<string, HeadSeries>();
  readonly #overflowRefs = new Set<SeriesRef>();
  readonly #options: HeadOptions;
  #hasWarned = false;
  #unlogged: SeriesEntry[] = [];
  #aliases: SeriesRef[] = [];

  constructor(options: HeadOptions) {
    this.#options = options;
  }

  get series(): readonly HeadSeries[] {
    return [...this.#byKey.values()];
  }

  get seriesCount(): number {
    return this.#byKey.size;
  }

  get overflowSeriesCount(): number {
    return this.#overflowRefs.size;
  }

  /**
   * The number of a series, made when there is none. Beyond the limit of series or of labels it is that of an overflow
   * series; undefined when there are too many of these as well.
   */
  refOf(labels: Labels): SeriesRef | undefined {
    const { seriesCountMax, labelLimits } = this.#options;
    const pairs = sortedLabels(labels).map(([name, value]) => [name.toWellFormed(), value.toWellFormed()] as const);
    const key = keyOfPairs(pairs);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known.ref;
    const isOver = this.#byKey.size - this.#overflowRefs.size >= seriesCountMax || !isWithin(pairs, labelLimits);
    if (!isOver) return this.#create(pairs, key);
    if (!this.#hasWarned) this.#options.onOverflow(labels);
    this.#hasWarned = true;
    const overflowPairs = sortedLabels(overflowLabelsOf(labelsFromPairs(pairs), labelLimits));
    const overflowKey = keyOfPairs(overflowPairs);
    const overflow = this.#byKey.get(overflowKey);
    if (overflow !== undefined) return overflow.ref;
    return this.#overflowRefs.size >= OVERFLOW_SERIES_MAX ? undefined : this.#create(overflowPairs, overflowKey);
  }

  /** Series that no log record names yet. They stay listed until `markLogged`. */
  get unlogged(): readonly SeriesEntry[] {
    return this.#unlogged;
  }

  markLogged(): void {
    this.#unlogged = [];
  }

  isKnown(ref: SeriesRef): boolean {
    return this.#byRef[ref] !== undefined;
  }

  /** Which samples of a batch may be kept, and why not the others. Changes nothing. */
  admit(columns: SampleColumns, now: number): Admitted {
    const { batch, foldedCount, sumCount } = this.#fold(columns);
    const { lateWindowMs } = this.#options;
    const { accepted, late, outcome } = admitBatch(batch, {
      seriesOf: (ref) => this.#byRef[ref],
      now,
      leastAt: this.leastAt,
      lateFrom: lateWindowMs === 0 ? Infinity : Math.max(this.newestAt, -Number.MAX_VALUE) - lateWindowMs,
    });
    const acceptedCount = outcome.acceptedCount + foldedCount - sumCount;
    return { accepted, late, outcome: { ...outcome, acceptedCount, foldedCount } };
  }

  /** Makes samples that `admit` let through part of the head. */
  apply(accepted: SampleColumns, late: SampleColumns | undefined): void {
    const { refs, times, values, histograms } = accepted;
    const { periodMs } = this.#options;
    const bits = bitsOf(values);
    for (let i = 0; i < refs.length; i += 1) {
      const at = times[i] as number;
      const series = this.#byRef[refs[i] as number];
      series?.append(at, bits[2 * i] as number, bits[2 * i + 1] as number, periodMs, histograms?.[i]);
      if (at > this.newestAt) this.newestAt = at;
    }
    if (late !== undefined) this.#applyLate(late);
  }

  /** Applies a record of the log, which may repeat what is known already. Returns the count of samples it had to skip. */
  restore(record: LogRecord): number {
    switch (record.kind) {
      case 'series':
        for (const entry of record.entries) this.#restoreSeries(entry);
        return 0;
      case 'samples':
        if (record.late !== undefined) this.#applyLate(record.late);
        return this.#restoreSamples(record);
      case 'chunk':
        return this.#restoreChunk(record.ref, record.chunk);
      case 'delete':
        for (const ref of record.refs) this.#byRef[ref]?.deleteRange(record.minAt, record.maxAt);
        return 0;
      case 'exemplars':
        for (const exemplar of record.exemplars)
          if (this.isKnown(exemplar.ref) && this.#options.exemplars.accepts(exemplar.ref, exemplar))
            this.#options.exemplars.add(exemplar.ref, exemplar);
        return 0;
    }
  }

  /** Takes over the series of a checkpoint, whose chunks are read when they are needed. Returns the samples it skipped. */
  restoreCheckpoint(checkpoint: Block): number {
    let skippedCount = 0;
    for (let ordinal = 0; ordinal < checkpoint.index.seriesCount; ordinal += 1) {
      const entry = { ref: checkpoint.index.ref(ordinal), labels: checkpoint.index.labels(ordinal) };
      const isLate = entry.ref >= LATE_REF;
      const series = isLate ? this.#byRef[entry.ref - LATE_REF] : undefined;
      if (!isLate) this.#restoreSeries(entry);
      for (const chunk of checkpoint.storedChunks(ordinal)) {
        if (isLate) series?.addLateChunk(chunk);
        else skippedCount += this.#restoreChunk(entry.ref, chunk);
      }
    }
    return skippedCount;
  }

  /** Ends the restoring: from here on a series has one ref. */
  endRestore(): void {
    for (const ref of this.#aliases) this.#byRef[ref] = undefined;
    this.#aliases = [];
  }

  /** Every series with all that it has: what a checkpoint holds. */
  *contents(): Generator<BlockSeries> {
    for (const series of this.series) {
      const { ref, labels } = series;
      yield { ref, labels, chunks: series.chunks() };
      if (series.late !== undefined) yield { ref: ref + LATE_REF, labels, chunks: series.lateChunks() };
    }
  }

  /** Infinity when no series has late samples. */
  get oldestLateAt(): number {
    let oldest = Infinity;
    for (const { late } of this.#byKey.values()) if (late !== undefined) oldest = Math.min(oldest, late.firstAt);
    return oldest;
  }

  /** The late samples of every series that has some, sealed, as they are at this moment. */
  lateChunks(): LateChunks {
    const found = new Map<HeadSeries, readonly SealedChunk[]>();
    for (const series of this.series) {
      if (series.late === undefined) continue;
      series.late.seal();
      found.set(series, [...series.late.sealed]);
    }
    return found;
  }

  /** Forgets what lies in [startAt, endAt), of late samples those of `late`, and series that have nothing left. */
  drop(startAt: number, endAt: number, late: LateChunks): void {
    const gone = this.series.filter((series) => !series.drop(startAt, endAt, late.get(series) ?? []));
    for (const series of gone) {
      this.#byRef[series.ref] = undefined;
      this.#byKey.delete(series.key);
      this.#overflowRefs.delete(series.ref);
    }
    this.index.delete(new Set(gone));
  }

  #fold(batch: SampleColumns): ReturnType<typeof foldOverflow> {
    if (this.#overflowRefs.size === 0) return { batch, foldedCount: 0, sumCount: 0 };
    return foldOverflow(batch, (ref) => this.#overflowRefs.has(ref));
  }

  #create(pairs: readonly (readonly [string, string])[], key: string): SeriesRef {
    const entry = { ref: this.#byRef.length, labels: labelsFromPairs(pairs) };
    this.#add(entry, key);
    this.#unlogged.push(entry);
    return entry.ref;
  }

  #add({ ref, labels }: SeriesEntry, key: string): void {
    const series = new HeadSeries(ref, key, labels);
    this.#setRef(ref, series);
    this.#byKey.set(key, series);
    this.index.add(series);
    if (isOverflow(labels)) this.#overflowRefs.add(ref);
  }

  #setRef(ref: SeriesRef, series: HeadSeries): void {
    while (this.#byRef.length <= ref) this.#byRef.push(undefined);
    this.#byRef[ref] = series;
  }

  #applyLate({ refs, times, values, histograms }: SampleColumns): void {
    const bits = bitsOf(values);
    for (let i = 0; i < refs.length; i += 1) {
      const value = { low: bits[2 * i] as number, high: bits[2 * i + 1] as number, histogram: histograms?.[i] };
      this.#byRef[refs[i] as number]?.appendLate(times[i] as number, value);
    }
  }

  /**
   * A series that was forgotten and came back has two refs in a log whose checkpoint a crash prevented: both are the one
   * series. Only the first is given out.
   */
  #restoreSeries(entry: SeriesEntry): void {
    const key = keyOfPairs(sortedLabels(entry.labels));
    const known = this.#byKey.get(key);
    if (known === undefined) {
      this.#add(entry, key);
    } else if (known.ref !== entry.ref) {
      this.#setRef(entry.ref, known);
      this.#aliases.push(entry.ref);
    }
  }

  #restoreSamples({ refs, times, values, histograms }: SampleColumns): number {
    const { periodMs } = this.#options;
    const bits = bitsOf(values);
    let skippedCount = 0;
    for (let i = 0; i < refs.length; i += 1) {
      const series = this.#byRef[refs[i] as number];
      const at = times[i] as number;
      if (series === undefined || at < this.leastAt || at <= series.lastAt) {
        skippedCount += 1;
      } else {
        series.append(at, bits[2 * i] as number, bits[2 * i + 1] as number, periodMs, histograms?.[i]);
        if (at > this.newestAt) this.newestAt = at;
      }
    }
    return skippedCount;
  }

  /** A chunk that follows what its series has stays as it is; of others, what is not known yet is appended. */
  #restoreChunk(ref: SeriesRef, chunk: SealedChunk): number {
    const series = this.#byRef[ref];
    if (series === undefined || chunk.maxAt < this.leastAt) return chunk.count;
    const { periodMs } = this.#options;
    const isOfOnePeriod = Math.floor(chunk.minAt / periodMs) === Math.floor(chunk.maxAt / periodMs);
    if (isOfOnePeriod && chunk.minAt > series.lastAt && chunk.minAt >= this.leastAt) {
      series.addSealed(chunk);
      this.newestAt = Math.max(this.newestAt, chunk.maxAt);
      return 0;
    }
    const { times, values, histograms } = joinParts([chunk], -Infinity, Infinity);
    return this.#restoreSamples({ refs: new Uint32Array(times.length).fill(ref), times, values, histograms });
  }
}
