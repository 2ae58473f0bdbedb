/**
 * The recent samples of one series: an open run in typed arrays, sealed chunks as bytes, and those that came late. Samples
 * in order ascend in time without repeats; `Head` sees to that before it appends.
 */
import { bitsOf } from './bytes.ts';
import type { Columns } from './chunk.ts';
import { joinParts, type Part, pickColumns } from './columns.ts';
import type { Labels } from './labels.ts';
import { LateSamples } from './late-samples.ts';
import { rawChunks, sealColumns } from './merge-chunks.ts';
import type { HistogramSample } from './native-histogram.ts';
import { OpenSamples, type SampleValue } from './open-samples.ts';
import { withoutRange } from './tombstones.ts';

export type SealedChunk = {
  readonly minAt: number;
  readonly maxAt: number;
  readonly count: number;
  /** Empty when the chunk was found to be damaged. */
  readonly bytes: Uint8Array;
  /** Of a chunk that is on disk, so that asking does not read it. */
  readonly sizeBytes?: number | undefined;
};

/** The open run is raw, 16 bytes a sample, so it is kept short; flushing joins short chunks to full ones. */
const OPEN_SAMPLES_MAX = 128;

export class HeadSeries {
  readonly ref: number;
  readonly key: string;
  readonly labels: Labels;
  lastAt = -Infinity;
  /** Where in the batch that is being admitted the series' last sample is; -1 outside of that. */
  batchIndex = -1;
  /** In order of time, without overlap. */
  sealed: SealedChunk[] = [];
  late: LateSamples | undefined;
  readonly #open = new OpenSamples();
  /** The period of the open run ends here. */
  #periodEndAt = -Infinity;

  constructor(ref: number, key: string, labels: Labels) {
    this.ref = ref;
    this.key = key;
    this.labels = labels;
  }

  /** Of the samples in order; Infinity when there is none. */
  get firstAt(): number {
    return this.sealed[0]?.minAt ?? (this.#open.count > 0 ? this.#open.firstAt : Infinity);
  }

  get sampleCount(): number {
    return this.sealed.reduce((sum, { count }) => sum + count, this.#open.count + (this.late?.sampleCount ?? 0));
  }

  /** Of chunks that are still on disk only, what they would take. */
  get sizeBytes(): number {
    const openBytes = this.#open.sizeBytes + (this.late?.sizeBytes ?? 0);
    return this.sealed.reduce((sum, chunk) => sum + (chunk.sizeBytes ?? chunk.bytes.length), openBytes);
  }

  /** Appends a value given by its bits, so that a NaN stays the one it is. Seals first when `at` begins another period. */
  append(at: number, low: number, high: number, periodMs: number, histogram?: HistogramSample): void {
    if (at >= this.#periodEndAt || this.#open.count === OPEN_SAMPLES_MAX) {
      this.seal();
      this.#periodEndAt = (Math.floor(at / periodMs) + 1) * periodMs;
    }
    this.#open.push(at, low, high, histogram);
    this.lastAt = at;
  }

  /** Adds a sample that is not behind the last one. False when it is known to repeat the time of another. */
  appendLate(at: number, value: SampleValue): boolean {
    this.late ??= new LateSamples();
    return this.late.insert(at, value);
  }

  /** Whether the last sample in order is this very one. */
  isLastValue(value: SampleValue): boolean {
    if (this.#open.count > 0) return this.#open.compare(this.lastAt, value) === 'same';
    const last = this.sealed.at(-1);
    if (last === undefined || last.bytes.length === 0) return false;
    const { values, histograms } = joinParts([last], this.lastAt, this.lastAt);
    const bits = bitsOf(values.slice());
    const samples = new OpenSamples();
    samples.push(this.lastAt, bits[0] as number, bits[1] as number, histograms?.[0]);
    return samples.compare(this.lastAt, value) === 'same';
  }

  /** Adds a sealed chunk that begins after the last sample. */
  addSealed(chunk: SealedChunk): void {
    this.seal();
    this.sealed.push(chunk);
    this.lastAt = chunk.maxAt;
  }

  addLateChunk(chunk: SealedChunk): void {
    this.late ??= new LateSamples();
    this.late.sealed.push(chunk);
  }

  /** Turns the open run into sealed chunks. */
  seal(): void {
    if (this.#open.count === 0) return;
    this.sealed.push(...sealColumns(this.#open.columns()));
    this.#open.clear();
  }

  /** All samples in order as chunks; changes nothing. */
  chunks(): SealedChunk[] {
    return [...this.sealed, ...rawChunks(this.#open.columns())].filter(isGood);
  }

  /** All late samples as chunks; changes nothing. */
  lateChunks(): SealedChunk[] {
    return this.late?.chunks().filter(isGood) ?? [];
  }

  /** What there is in [startAt, endAt), in order and of `late`, as chunks that follow each other. */
  chunksIn(startAt: number, endAt: number, late: readonly SealedChunk[]): SealedChunk[] {
    if (this.#open.count > 0 && this.#open.firstAt < endAt) this.seal();
    const inOrder = this.sealed.filter(({ minAt }) => minAt >= startAt && minAt < endAt);
    const ownLate = late.filter(({ minAt, maxAt }) => maxAt >= startAt && minAt < endAt);
    if (ownLate.length === 0) return inOrder;
    return sealColumns(joinParts([...inOrder, ...ownLate], startAt, endAt - 1));
  }

  /**
   * Forgets what lies in [startAt, endAt), where no chunk in order crosses either end; of the late samples those of `late`,
   * since others may have come in between. Returns whether any sample is left.
   */
  drop(startAt: number, endAt: number, late: readonly SealedChunk[]): boolean {
    this.sealed = this.sealed.filter(({ minAt }) => minAt < startAt || minAt >= endAt);
    if (late.length > 0) this.#keepLate((at) => at < startAt || at >= endAt, late);
    return this.sealed.length > 0 || this.#open.count > 0 || this.late !== undefined;
  }

  /** Deletes the samples in [minAt, maxAt]; returns how many there were. `lastAt` stays: what is older is still refused. */
  deleteRange(minAt: number, maxAt: number): number {
    const before = this.sampleCount;
    const keeps = (at: number): boolean => at < minAt || at > maxAt;
    if (this.#open.count > 0 && this.lastAt >= minAt && this.#open.firstAt <= maxAt) this.seal();
    this.sealed = withoutRange(this.sealed, { minAt, maxAt });
    this.late?.seal();
    if (this.late !== undefined) this.#keepLate(keeps, this.late.sealed);
    return before - this.sampleCount;
  }

  /** What together holds every sample in [minAt, maxAt], with some before and after it. Good until the next append. */
  partsIn(minAt: number, maxAt: number): Part[] {
    const parts: Part[] = this.sealed.filter((chunk) => chunk.maxAt >= minAt && chunk.minAt <= maxAt);
    if (this.#open.count > 0 && this.lastAt >= minAt && this.#open.firstAt <= maxAt) parts.push(this.#open.columns());
    return this.late === undefined ? parts : [...parts, ...this.late.partsIn(minAt, maxAt)];
  }

  /** Of the late chunks that are `among` those, only the samples that `keeps` accepts. */
  #keepLate(keeps: (at: number) => boolean, among: readonly SealedChunk[]): void {
    if (this.late === undefined) return;
    this.late.sealed = this.late.sealed.flatMap((chunk) => {
      if (!among.includes(chunk)) return [chunk];
      const columns = joinParts([chunk], -Infinity, Infinity);
      const left = filterColumns(columns, keeps);
      return left === columns && left.times.length > 0 ? [chunk] : sealColumns(left);
    });
    if (this.late.sampleCount === 0) this.late = undefined;
  }
}

function isGood({ bytes }: SealedChunk): boolean {
  return bytes.length > 0;
}

function filterColumns(columns: Columns, keeps: (at: number) => boolean): Columns {
  const indexes = [...columns.times.keys()].filter((i) => keeps(columns.times[i] as number));
  return indexes.length === columns.times.length ? columns : pickColumns(columns, indexes);
}
