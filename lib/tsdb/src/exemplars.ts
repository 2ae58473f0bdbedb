/**
 * Exemplars: for some samples, the trace that they came from. As in Prometheus a ring in memory holds the newest of all
 * series; the log keeps them too, so that they are there after a restart.
 */
import type { Labels } from './labels.ts';

export type Exemplar = {
  /** Epoch ms. */
  readonly at: number;
  readonly value: number;
  /** Such as `trace_id`. */
  readonly labels: Labels;
};

export type ExemplarSeries = { readonly labels: Labels; readonly exemplars: readonly Exemplar[] };

export class ExemplarRing {
  readonly #countMax: number;
  /** By ref; each in order of time. */
  readonly #bySeries = new Map<number, Exemplar[]>();
  /** Refs in the order that their exemplars came in; a ring, once it is full. */
  readonly #order: number[] = [];
  #next = 0;

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  get count(): number {
    return this.#order.length;
  }

  /** Whether `add` would keep it: it is behind the series' last one, as in Prometheus. */
  accepts(ref: number, { at }: Exemplar): boolean {
    const last = this.#bySeries.get(ref)?.at(-1);
    return this.#countMax > 0 && (last === undefined || at > last.at);
  }

  /** Adds one that `accepts` accepts; at the limit the oldest of all makes room. */
  add(ref: number, { at, value, labels }: Exemplar): void {
    if (this.#order.length < this.#countMax) {
      this.#order.push(ref);
    } else {
      const oldest = this.#order[this.#next] as number;
      const own = this.#bySeries.get(oldest);
      own?.shift();
      if (own?.length === 0) this.#bySeries.delete(oldest);
      this.#order[this.#next] = ref;
      this.#next = (this.#next + 1) % this.#countMax;
    }
    const known = this.#bySeries.get(ref);
    if (known === undefined) this.#bySeries.set(ref, [{ at, value, labels }]);
    else known.push({ at, value, labels });
  }

  /** Those of a series in [minAt, maxAt], in order of time. */
  of(ref: number, minAt: number, maxAt: number): Exemplar[] {
    return (this.#bySeries.get(ref) ?? []).filter(({ at }) => at >= minAt && at <= maxAt);
  }

  /** All of them, so that adding them in this order gives the same ring. */
  *all(): Generator<Exemplar & { readonly ref: number }> {
    const taken = new Map<number, number>();
    for (let i = 0; i < this.#order.length; i += 1) {
      const ref = this.#order[(this.#next + i) % this.#order.length] as number;
      const index = taken.get(ref) ?? 0;
      taken.set(ref, index + 1);
      const exemplar = this.#bySeries.get(ref)?.[index];
      if (exemplar !== undefined) yield { ref, ...exemplar };
    }
  }
}
