/**
 * The recent samples of one series: an open chunk in two typed arrays, and sealed chunks as bytes. Samples ascend in time
 * without repeats; `TimeSeriesDatabase` sees to that before it appends.
 */
import { bitsOf } from './bytes.ts';
import { type Columns, encodeChunk } from './chunk.ts';
import type { Part } from './columns.ts';
import type { Labels } from './labels.ts';

export type SealedChunk = {
  readonly minAt: number;
  readonly maxAt: number;
  readonly count: number;
  readonly bytes: Uint8Array;
};

/** The open chunk is raw, 16 bytes a sample, so it is kept short; flushing joins short chunks to full ones. */
const OPEN_SAMPLES_MAX = 128;
const OPEN_SAMPLES_INITIAL = 16;

export class HeadSeries {
  readonly ref: number;
  readonly key: string;
  readonly labels: Labels;
  lastAt = -Infinity;
  /** Where in the batch that is being admitted the series' last sample is; -1 outside of that. */
  batchIndex = -1;
  readonly sealed: SealedChunk[] = [];
  #times = new Float64Array(OPEN_SAMPLES_INITIAL);
  #values = new Float64Array(OPEN_SAMPLES_INITIAL);
  #bits = bitsOf(this.#values);
  #count = 0;

  constructor(ref: number, key: string, labels: Labels) {
    this.ref = ref;
    this.key = key;
    this.labels = labels;
  }

  /** Infinity when there is no sample. */
  get firstAt(): number {
    return this.sealed[0]?.minAt ?? (this.#count > 0 ? (this.#times[0] as number) : Infinity);
  }

  get sampleCount(): number {
    return this.sealed.reduce((sum, { count }) => sum + count, this.#count);
  }

  get sizeBytes(): number {
    return this.sealed.reduce((sum, { bytes }) => sum + bytes.length, this.#times.length * 16);
  }

  /** Appends a value given by its bits, so that a NaN stays the one it is. Seals first when `at` begins a new period. */
  append(at: number, low: number, high: number, periodMs: number): void {
    const isNewPeriod = this.#count > 0 && periodOf(at, periodMs) !== periodOf(this.#times[0] as number, periodMs);
    if (isNewPeriod || this.#count === OPEN_SAMPLES_MAX) this.seal();
    if (this.#count === this.#times.length) this.#grow();
    this.#times[this.#count] = at;
    this.#bits[2 * this.#count] = low;
    this.#bits[2 * this.#count + 1] = high;
    this.#count += 1;
    this.lastAt = at;
  }

  /** Tells whether the last sample has these very bits. False when it is sealed already. */
  isLastValue(low: number, high: number): boolean {
    const at = 2 * (this.#count - 1);
    return this.#count > 0 && this.#bits[at] === low && this.#bits[at + 1] === high;
  }

  /** Adds a sealed chunk that begins after the last sample. */
  addSealed(chunk: SealedChunk): void {
    this.seal();
    this.sealed.push(chunk);
    this.lastAt = chunk.maxAt;
  }

  /** Turns the open chunk into a sealed one. */
  seal(): void {
    if (this.#count === 0) return;
    const columns = this.open();
    const { times } = columns;
    const [minAt, maxAt] = [times[0] as number, times[times.length - 1] as number];
    this.sealed.push({ minAt, maxAt, count: this.#count, bytes: encodeChunk(columns) });
    this.#count = 0;
  }

  /** Seals the open chunk if it begins before `cutAt`, and returns the sealed chunks that begin before it. */
  chunksBefore(cutAt: number): SealedChunk[] {
    if (this.#count > 0 && (this.#times[0] as number) < cutAt) this.seal();
    return this.sealed.filter(({ minAt }) => minAt < cutAt);
  }

  /** Forgets the chunks of `chunksBefore(cutAt)`. Returns whether any sample is left. */
  dropBefore(cutAt: number): boolean {
    const kept = this.sealed.filter(({ minAt }) => minAt >= cutAt);
    this.sealed.length = 0;
    this.sealed.push(...kept);
    return kept.length > 0 || this.#count > 0;
  }

  /** What together holds every sample in [minAt, maxAt], with some before and after it. Good until the next append. */
  partsIn(minAt: number, maxAt: number): Part[] {
    const parts: Part[] = this.sealed.filter((chunk) => chunk.maxAt >= minAt && chunk.minAt <= maxAt);
    if (this.#count > 0 && this.lastAt >= minAt && (this.#times[0] as number) <= maxAt) parts.push(this.open());
    return parts;
  }

  /** The open chunk: views, good until the next append. */
  open(): Columns {
    return { times: this.#times.subarray(0, this.#count), values: this.#values.subarray(0, this.#count) };
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2);
    const values = new Float64Array(this.#times.length * 2);
    times.set(this.#times);
    values.set(this.#values);
    this.#times = times;
    this.#values = values;
    this.#bits = bitsOf(values);
  }
}

function periodOf(at: number, periodMs: number): number {
  return Math.floor(at / periodMs);
}
