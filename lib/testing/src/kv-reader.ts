/** A reader of a watch from a revision, that checks each event against the model. */
import type { HistoryEvent, KeyRange, Kv } from '@plumb/kv';
import { expect } from 'vitest';
import type { KvModel } from './kv-model.ts';
import { until } from './until.ts';

export type KvReaderOptions = {
  readonly range: KeyRange;
  readonly fromRevision: number;
  readonly progress: boolean;
  /** Lets an event that is ready arrive. */
  readonly settle: () => Promise<void>;
};

export class KvReader {
  readonly #model: KvModel;
  readonly #options: KvReaderOptions;
  /** The first revision that is not known to have been read. */
  #position: number;
  #watch: AsyncIterator<HistoryEvent>;
  #isReading = false;
  #ready: IteratorResult<HistoryEvent> | undefined;
  #isOver = false;

  constructor(kv: Kv, model: KvModel, options: KvReaderOptions) {
    this.#model = model;
    this.#options = options;
    this.#position = options.fromRevision;
    this.#watch = this.#open(kv);
  }

  /** After a restart of the store: what had arrived counts, the rest comes from the new one. */
  async resume(kv: Kv): Promise<void> {
    if (this.#isReading) await this.readNext();
    this.#isReading = false;
    this.#ready = undefined;
    this.#watch = this.#open(kv);
  }

  /** Reads the next event if it is ready now; false when there was none. */
  async readNext(): Promise<boolean> {
    if (this.#isOver) return false;
    if (!this.#isReading) {
      this.#isReading = true;
      void this.#watch.next().then((result) => (this.#ready = result));
    }
    await this.#options.settle();
    const result = this.#ready;
    if (result === undefined || result.done === true) return false;
    this.#isReading = false;
    this.#ready = undefined;
    this.#check(result.value);
    return true;
  }

  /** Reads what there is. Everything up to the model's revision must have come then. */
  async readAll(): Promise<void> {
    await until('the reader has everything', async () => {
      while (await this.readNext()) continue;
      if (!this.#isOver) expect(this.#model.changes(this.#options.range, this.#position)).toEqual([]);
      return true;
    });
  }

  #check(event: HistoryEvent): void {
    const due = this.#model.changes(this.#options.range, this.#position)[0];
    switch (event.kind) {
      case 'change':
        expect(event).toEqual(due);
        this.#position = event.revision + 1;
        return;
      case 'progress':
        expect(due?.revision ?? Number.POSITIVE_INFINITY).toBeGreaterThan(event.revision);
        this.#position = Math.max(this.#position, event.revision + 1);
        return;
      case 'compacted':
        expect(event.oldestRevision).toBeGreaterThan(this.#position);
        expect(event.oldestRevision).toBeLessThanOrEqual(this.#model.oldestRevision);
        this.#isOver = true;
    }
  }

  #open(kv: Kv): AsyncIterator<HistoryEvent> {
    const { range, progress } = this.#options;
    const { signal } = new AbortController();
    return kv
      .watchFrom(range, { signal, fromRevision: this.#position, progress, previous: true })
      [Symbol.asyncIterator]();
  }
}
