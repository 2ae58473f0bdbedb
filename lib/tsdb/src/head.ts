/**
 * The head: every series that is written to, by number and by label, and the rules of what a series accepts. In memory
 * only; `Tsdb` writes what `admit` lets through to the log before `apply` makes it visible.
 */
import { assert, OperatingError } from '@plumb/base';
import { bitsOf } from './bytes.ts';
import { decodeChunk } from './chunk.ts';
import { COLUMN_NUMBER_MAX } from './integer-column.ts';
import { HeadSeries, type SealedChunk } from './head-series.ts';
import { LabelIndex } from './label-index.ts';
import { keyOfPairs, type Labels, labelsFromPairs, sortedLabels } from './labels.ts';
import type { LogRecord, SeriesEntry } from './log-record.ts';

/** A series of this open database; a number that stays good until the series has had no sample for a while. */
export type SeriesRef = number;

/** Samples as columns: what `append` writes and what the log keeps. */
export type SampleColumns = {
  readonly refs: Uint32Array;
  readonly times: Float64Array;
  readonly values: Float64Array;
};

export type AppendOutcome = {
  /** Samples that are kept, with those that repeat the last one exactly, which changes nothing. */
  readonly acceptedCount: number;
  /** Older than the series' last sample. */
  readonly outOfOrderCount: number;
  /** At the time of the series' last sample, with another value. */
  readonly duplicateCount: number;
  /** Older than what is flushed to blocks. */
  readonly tooOldCount: number;
  /** Further ahead of the clock than `FUTURE_MS_MAX`. */
  readonly tooNewCount: number;
  /** Of series that would have been beyond the limit of series. */
  readonly overLimitCount: number;
  /** Refs that are not known, or not any more: ask for them again with `seriesRef`. */
  readonly unknownRefs: readonly SeriesRef[];
};

/** How far a sample may be ahead of the clock, as in Prometheus: one far ahead would lock its series until then. */
export const FUTURE_MS_MAX = 10 * 60_000;

export class Head {
  readonly index = new LabelIndex();
  /** Samples before this are refused: they are, or are being, flushed. */
  leastAt = -Infinity;
  /** By ref: refs are given out in order, so an array is dense, and twice as fast as a Map. */
  readonly #byRef: (HeadSeries | undefined)[] = [undefined];
  readonly #byKey = new Map<string, HeadSeries>();
  readonly #periodMs: number;
  readonly #seriesCountMax: number;
  #unlogged: SeriesEntry[] = [];
  #aliases: SeriesRef[] = [];

  constructor(options: { readonly periodMs: number; readonly seriesCountMax: number }) {
    this.#periodMs = options.periodMs;
    this.#seriesCountMax = options.seriesCountMax;
  }

  get series(): readonly HeadSeries[] {
    return [...this.#byKey.values()];
  }

  get seriesCount(): number {
    return this.#byKey.size;
  }

  /** The number of a series, made when there is none; undefined at the limit of series. */
  refOf(labels: Labels): SeriesRef | undefined {
    const pairs = sortedLabels(labels).map(([name, value]) => [name.toWellFormed(), value.toWellFormed()] as const);
    const key = keyOfPairs(pairs);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known.ref;
    if (this.#byKey.size >= this.#seriesCountMax) return undefined;
    const entry = { ref: this.#byRef.length, labels: labelsFromPairs(pairs) };
    this.#add(entry, key);
    this.#unlogged.push(entry);
    return entry.ref;
  }

  /** Series that no log record names yet. They stay listed until `markLogged`. */
  get unlogged(): readonly SeriesEntry[] {
    return this.#unlogged;
  }

  markLogged(): void {
    this.#unlogged = [];
  }

  /** Which samples of a batch may be kept, and why not the others. Changes nothing. */
  admit(batch: SampleColumns, now: number): { readonly accepted: SampleColumns; readonly outcome: AppendOutcome } {
    const count = batch.refs.length;
    assert(batch.times.length === count && batch.values.length === count, 'columns have one length');
    const bits = bitsOf(batch.values);
    const outcome = { ...NOTHING, unknownRefs: [] as SeriesRef[] };
    const kept: number[] = [];
    for (let i = 0; i < count; i += 1) {
      const series = this.#byRef[batch.refs[i] as number];
      const at = batch.times[i] as number;
      if (!Number.isInteger(at) || Math.abs(at) > COLUMN_NUMBER_MAX) throw badTime(at);
      if (series === undefined) {
        outcome.unknownRefs.push(batch.refs[i] as number);
        continue;
      }
      const before = series.batchIndex;
      const lastAt = before < 0 ? series.lastAt : (batch.times[before] as number);
      const [low, high] = [bits[2 * i] as number, bits[2 * i + 1] as number];
      if (at < this.leastAt) outcome.tooOldCount += 1;
      else if (at > now + FUTURE_MS_MAX) outcome.tooNewCount += 1;
      else if (at < lastAt) outcome.outOfOrderCount += 1;
      else if (at === lastAt) {
        const isSame =
          before < 0 ? series.isLastValue(low, high) : bits[2 * before] === low && bits[2 * before + 1] === high;
        if (isSame) outcome.acceptedCount += 1;
        else outcome.duplicateCount += 1;
      } else {
        outcome.acceptedCount += 1;
        series.batchIndex = i;
        kept.push(i);
      }
    }
    for (const i of kept) (this.#byRef[batch.refs[i] as number] as HeadSeries).batchIndex = -1;
    return { accepted: kept.length === count ? batch : pick(batch, kept), outcome };
  }

  /** Makes samples that `admit` let through part of the head. */
  apply({ refs, times, values }: SampleColumns): void {
    const bits = bitsOf(values);
    for (let i = 0; i < refs.length; i += 1) {
      const series = this.#byRef[refs[i] as number];
      series?.append(times[i] as number, bits[2 * i] as number, bits[2 * i + 1] as number, this.#periodMs);
    }
  }

  /** Applies a record of the log, which may repeat what is known already. Returns the count of samples it had to skip. */
  restore(record: LogRecord): number {
    switch (record.kind) {
      case 'series':
        for (const entry of record.entries) this.#restoreSeries(entry);
        return 0;
      case 'samples':
        return this.#restoreSamples(record);
      case 'chunk':
        return this.#restoreChunk(record.ref, record.chunk);
    }
  }

  /** Ends the restoring: from here on a series has one ref. */
  endRestore(): void {
    for (const ref of this.#aliases) this.#byRef[ref] = undefined;
    this.#aliases = [];
  }

  /** The whole head as records: what a checkpoint holds. */
  *records(): Generator<LogRecord> {
    for (const series of this.series) {
      yield { kind: 'series', entries: [{ ref: series.ref, labels: series.labels }] };
      for (const chunk of series.sealed) yield { kind: 'chunk', ref: series.ref, chunk };
      const open = series.open();
      if (open.times.length > 0)
        yield { kind: 'samples', refs: new Uint32Array(open.times.length).fill(series.ref), ...open };
    }
  }

  /** Forgets chunks that begin before `cutAt`, and series that have nothing left. */
  dropBefore(cutAt: number): void {
    for (const series of this.series) {
      if (series.dropBefore(cutAt)) continue;
      this.#byRef[series.ref] = undefined;
      this.#byKey.delete(series.key);
      this.index.delete(series);
    }
  }

  #add({ ref, labels }: SeriesEntry, key: string): void {
    const series = new HeadSeries(ref, key, labels);
    this.#setRef(ref, series);
    this.#byKey.set(key, series);
    this.index.add(series);
  }

  #setRef(ref: SeriesRef, series: HeadSeries): void {
    while (this.#byRef.length <= ref) this.#byRef.push(undefined);
    this.#byRef[ref] = series;
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

  #restoreSamples({ refs, times, values }: SampleColumns): number {
    const bits = bitsOf(values);
    let skippedCount = 0;
    for (let i = 0; i < refs.length; i += 1) {
      const series = this.#byRef[refs[i] as number];
      const at = times[i] as number;
      if (series === undefined || at < this.leastAt || at <= series.lastAt) skippedCount += 1;
      else series.append(at, bits[2 * i] as number, bits[2 * i + 1] as number, this.#periodMs);
    }
    return skippedCount;
  }

  /** A chunk that follows what its series has stays sealed, so that a checkpoint costs next to nothing to read. */
  #restoreChunk(ref: SeriesRef, chunk: SealedChunk): number {
    const series = this.#byRef[ref];
    const isWhole = series !== undefined && chunk.minAt > series.lastAt && chunk.minAt >= this.leastAt;
    const isOfOnePeriod = Math.floor(chunk.minAt / this.#periodMs) === Math.floor(chunk.maxAt / this.#periodMs);
    if (isWhole && isOfOnePeriod) {
      series.addSealed(chunk);
      return 0;
    }
    const { times, values } = decodeChunk(chunk.bytes);
    return this.#restoreSamples({ refs: new Uint32Array(times.length).fill(ref), times, values });
  }
}

const NOTHING = {
  acceptedCount: 0,
  outOfOrderCount: 0,
  duplicateCount: 0,
  tooOldCount: 0,
  tooNewCount: 0,
  overLimitCount: 0,
};

function badTime(at: number): OperatingError {
  return new OperatingError('invalid', `${at} is not a time: use whole epoch milliseconds`);
}

function pick({ refs, times, values }: SampleColumns, indexes: readonly number[]): SampleColumns {
  const picked = {
    refs: new Uint32Array(indexes.length),
    times: new Float64Array(indexes.length),
    values: new Float64Array(indexes.length),
  };
  const [from, to] = [bitsOf(values), bitsOf(picked.values)];
  indexes.forEach((index, i) => {
    picked.refs[i] = refs[index] as number;
    picked.times[i] = times[index] as number;
    to[2 * i] = from[2 * index] as number;
    to[2 * i + 1] = from[2 * index + 1] as number;
  });
  return picked;
}
