/** Samples of one series that are still written to: typed arrays that grow, ascending in time without repeats. */
import { bitsOf } from './bytes.ts';
import type { Columns } from './chunk.ts';
import { firstAtOrAfter } from './columns.ts';
import { type HistogramSample, sameHistogram } from './native-histogram.ts';

/** A sample's value by its bits, so that a NaN stays the one it is; or a histogram, and then the bits mean nothing. */
export type SampleValue = {
  readonly low: number;
  readonly high: number;
  readonly histogram: HistogramSample | undefined;
};

/** Enough for a series that was only just met, then as many as a run ever has. */
const CAPACITY_INITIAL = 16;
const GROWTH = 8;
/** A series of a checkpoint takes no memory for samples before there is one. */
const NONE: Float64Array = new Float64Array(0);
const NO_BITS: Uint32Array = new Uint32Array(0);

export class OpenSamples {
  count = 0;
  #times = NONE;
  #values = NONE;
  #bits = NO_BITS;
  #histograms: (HistogramSample | undefined)[] | undefined;

  /** NaN when there is none. */
  get firstAt(): number {
    return this.count === 0 ? NaN : (this.#times[0] as number);
  }

  get sizeBytes(): number {
    return this.#times.length * 16;
  }

  /** `at` is behind the last sample. */
  push(at: number, low: number, high: number, histogram?: HistogramSample): void {
    const { count } = this;
    if (count === this.#times.length) this.#grow();
    this.#times[count] = at;
    this.#bits[2 * count] = low;
    this.#bits[2 * count + 1] = high;
    if (histogram !== undefined || this.#histograms !== undefined) {
      this.#histograms ??= Array.from<undefined>({ length: count });
      this.#histograms[count] = histogram;
    }
    this.count = count + 1;
  }

  /** Puts a sample in its place. False when there is one of that time already: nothing is changed then. */
  insert(at: number, { low, high, histogram }: SampleValue): boolean {
    const index = this.#indexOf(at);
    if (index < this.count && this.#times[index] === at) return false;
    this.push(at, low, high, histogram);
    const last = this.count - 1;
    this.#times.copyWithin(index + 1, index, last);
    this.#bits.copyWithin(2 * index + 2, 2 * index, 2 * last);
    this.#times[index] = at;
    this.#bits[2 * index] = low;
    this.#bits[2 * index + 1] = high;
    if (this.#histograms !== undefined) this.#histograms.splice(index, 0, this.#histograms.pop());
    return true;
  }

  /** What is known of the sample at `at`: nothing, that it is this very one, or that it is another. */
  compare(at: number, { low, high, histogram }: SampleValue): 'absent' | 'same' | 'other' {
    const index = this.#indexOf(at);
    if (index >= this.count || this.#times[index] !== at) return 'absent';
    const own = this.#histograms?.[index];
    if (own !== undefined || histogram !== undefined)
      return own !== undefined && histogram !== undefined && sameHistogram(own, histogram) ? 'same' : 'other';
    return this.#bits[2 * index] === low && this.#bits[2 * index + 1] === high ? 'same' : 'other';
  }

  /** Views, good until the next change. */
  columns(): Columns {
    const [times, values] = [this.#times.subarray(0, this.count), this.#values.subarray(0, this.count)];
    return this.#histograms === undefined ? { times, values } : { times, values, histograms: this.#histograms };
  }

  clear(): void {
    this.count = 0;
    this.#histograms = undefined;
  }

  #indexOf(at: number): number {
    const last = this.count - 1;
    if (last >= 0 && (this.#times[last] as number) <= at) return this.#times[last] === at ? last : this.count;
    return firstAtOrAfter(this.#times.subarray(0, this.count), at);
  }

  /** One block of memory for both columns: making these is what a restart waits for. */
  #grow(): void {
    const capacity = this.#times.length === 0 ? CAPACITY_INITIAL : this.#times.length * GROWTH;
    const memory = new ArrayBuffer(capacity * 16);
    const times = new Float64Array(memory, 0, capacity);
    const values = new Float64Array(memory, capacity * 8, capacity);
    times.set(this.#times);
    values.set(this.#values);
    this.#times = times;
    this.#values = values;
    this.#bits = bitsOf(values);
  }
}
