/**
 * Samples of one series that came out of order: in an open run that is kept sorted, and in sealed chunks, which may overlap
 * each other and the samples in order. They are few, so most series have no such object.
 */
import type { Part } from './columns.ts';
import type { SealedChunk } from './head-series.ts';
import { sealColumns } from './merge-chunks.ts';
import { OpenSamples, type SampleValue } from './open-samples.ts';

/** As many as Prometheus holds open by default are too few to compress well; sorted insertion stays cheap up to here. */
const OPEN_SAMPLES_MAX = 128;

export class LateSamples {
  sealed: SealedChunk[] = [];
  readonly #open = new OpenSamples();

  get firstAt(): number {
    const first = this.#open.count > 0 ? this.#open.firstAt : Infinity;
    return this.sealed.reduce((least, { minAt }) => Math.min(least, minAt), first);
  }

  get sampleCount(): number {
    return this.sealed.reduce((sum, { count }) => sum + count, this.#open.count);
  }

  get sizeBytes(): number {
    return this.sealed.reduce((sum, { bytes }) => sum + bytes.length, this.#open.sizeBytes);
  }

  /** False when the open run has a sample of that time: nothing is changed then. */
  insert(at: number, value: SampleValue): boolean {
    if (this.#open.count === OPEN_SAMPLES_MAX) this.seal();
    return this.#open.insert(at, value);
  }

  /** As Prometheus does, only against what is still open. */
  compare(at: number, value: SampleValue): 'absent' | 'same' | 'other' {
    return this.#open.compare(at, value);
  }

  seal(): void {
    this.sealed.push(...sealColumns(this.#open.columns()));
    this.#open.clear();
  }

  /** In the order that they were written in. */
  partsIn(minAt: number, maxAt: number): Part[] {
    const parts: Part[] = this.sealed.filter((chunk) => chunk.maxAt >= minAt && chunk.minAt <= maxAt);
    if (this.#open.count > 0) parts.push(this.#open.columns());
    return parts;
  }

  /** All of them sealed, without making anything so. */
  chunks(): SealedChunk[] {
    return [...this.sealed, ...sealColumns(this.#open.columns())];
  }
}
