/**
 * One reader of a publisher, as the publisher sees it: a place in the log, and nothing that grows. It is asked for the
 * next item when its stream has credit; a reader that does not ask costs nothing but its place, and when the log has
 * moved past that, it begins with a snapshot again, on the same path as at first.
 */
import { assert, type OperatingError } from '@plumb/base';
import type { FeedGroup, FeedSource } from './feed-group.ts';
import type { FeedItem, FeedPosition } from './feed-item.ts';
import type { FeedSnapshot } from './feed-snapshot.ts';
import { SharedValue } from './shared-value.ts';

type Result<T> = IteratorResult<SharedValue<FeedItem<T>>, undefined>;

/** Items without entries, by the rough count of credits. */
const BARE_ITEM_BYTES = 64;

export type FeedCursorOptions<T> = {
  readonly source: FeedSource<T>;
  readonly group: FeedGroup<T>;
  readonly from: FeedPosition | undefined;
  /** Called before each wait for something to tell. */
  readonly onWait: (cursor: FeedCursor<T>) => void;
  /** Called once. */
  readonly onEnd: (cursor: FeedCursor<T>) => void;
};

export class FeedCursor<T> implements AsyncIterator<SharedValue<FeedItem<T>>, undefined> {
  readonly #options: FeedCursorOptions<T>;
  /** Up to where the reader was told what there is for it, and up to where that was looked for. */
  #told = 0;
  #seen = 0;
  #isPlaced = false;
  #first: FeedItem<T> | undefined;
  #reading: { readonly snapshot: FeedSnapshot<T>; nextPart: number } | undefined;
  /** A mark is due when nothing else is there to tell: at first, and when nothing was told between two ticks. */
  #isMarkDue = true;
  #isQuiet = false;
  #waiter: PromiseWithResolvers<Result<T>> | undefined;
  #end: { readonly error?: unknown } | undefined;

  constructor(options: FeedCursorOptions<T>) {
    this.#options = options;
    const { source, from } = options;
    if (from === undefined || from.epoch !== source.epoch || !source.log.reaches(from.seq)) return;
    this.#place(from.seq);
    this.#first = { kind: 'resume', epoch: from.epoch, seq: from.seq };
  }

  /** Changes that this reader was not told of yet. */
  get lag(): number {
    return this.#options.source.log.lastSeq - this.#seen;
  }

  next(): Promise<Result<T>> {
    assert(this.#waiter === undefined, 'a feed is asked for one item at a time');
    if (this.#end !== undefined) return this.#ended();
    const item = this.#take();
    if (item !== undefined) return Promise.resolve({ done: false, value: item });
    this.#waiter = Promise.withResolvers<Result<T>>();
    this.#options.onWait(this);
    return this.#waiter.promise;
  }

  /** Something may be there for who waits. Where it is not, the wait goes on. */
  wake(): void {
    const waiter = this.#waiter;
    if (waiter === undefined) return;
    const item = this.#take();
    if (item === undefined) return this.#options.onWait(this);
    this.#waiter = undefined;
    waiter.resolve({ done: false, value: item });
  }

  /** A period of marks has passed. */
  tick(): void {
    if (this.#isQuiet) this.#isMarkDue = true;
    this.#isQuiet = true;
    if (this.#isMarkDue) this.wake();
  }

  async return(): Promise<Result<T>> {
    this.end({});
    return { done: true, value: undefined };
  }

  /** Ends the feed for its reader, with an error where there is one. Safe to repeat. */
  end(end: { readonly error?: OperatingError }): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#reading?.snapshot.end();
    this.#reading = undefined;
    this.#options.onEnd(this);
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (waiter !== undefined) this.#ended().then(waiter.resolve, waiter.reject);
  }

  async #ended(): Promise<Result<T>> {
    const { error } = this.#end ?? {};
    this.#end = {};
    if (error !== undefined) throw error;
    return { done: true, value: undefined };
  }

  #take(): SharedValue<FeedItem<T>> | undefined {
    const item = this.#takeStart() ?? this.#takeUpdates() ?? this.#takeMark();
    if (item !== undefined) this.#isQuiet = false;
    return item;
  }

  /** What comes before updates: the parts of a snapshot, or that none is needed. */
  #takeStart(): SharedValue<FeedItem<T>> | undefined {
    if (this.#first !== undefined) {
      const first = new SharedValue(this.#first, BARE_ITEM_BYTES);
      this.#first = undefined;
      return first;
    }
    const { source, group } = this.#options;
    if (this.#reading === undefined && this.#isPlaced && source.log.reaches(this.#seen)) return undefined;
    if (this.#reading?.snapshot.isKept === false) this.#endReading();
    if (this.#reading === undefined) {
      this.#reading = { snapshot: group.snapshot(), nextPart: 0 };
      this.#reading.snapshot.begin();
    }
    const { snapshot, nextPart } = this.#reading;
    const part = snapshot.part(nextPart);
    assert(part !== undefined, 'a snapshot has at least one part');
    this.#reading.nextPart += 1;
    if (snapshot.part(nextPart + 1) !== undefined) return part;
    this.#endReading();
    this.#place(snapshot.seq);
    return part;
  }

  #takeUpdates(): SharedValue<FeedItem<T>> | undefined {
    for (;;) {
      const { item, upTo } = this.#options.group.next(this.#told, this.#seen);
      if (upTo === this.#seen) return undefined;
      this.#seen = upTo;
      if (item === undefined) continue;
      this.#told = upTo;
      return item;
    }
  }

  #takeMark(): SharedValue<FeedItem<T>> | undefined {
    if (!this.#isMarkDue) return undefined;
    this.#isMarkDue = false;
    const after = this.#told;
    this.#told = this.#seen;
    return new SharedValue<FeedItem<T>>({ kind: 'mark', after, seq: this.#told }, BARE_ITEM_BYTES);
  }

  #endReading(): void {
    this.#reading?.snapshot.end();
    this.#reading = undefined;
  }

  #place(seq: number): void {
    this.#told = seq;
    this.#seen = seq;
    this.#isPlaced = true;
  }
}
