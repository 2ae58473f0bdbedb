import { type Clock, OperatingError, type Timer } from '@plumb/base';
import { FeedCursor } from './feed-cursor.ts';
import { FeedGroup, type FeedSource } from './feed-group.ts';
import type { Feed, FeedPosition, FeedRequest } from './feed-item.ts';
import { MARK_EVERY_MS } from './publish-limits.ts';
import { createTopicFilter, type TopicFilter } from './topic-filter.ts';
import { atTurnEnd } from './turn.ts';

/** The readers of one publisher: wakes those who wait when a turn with changes ends, and marks time for the idle. */
export class Feeds<T> {
  readonly #source: FeedSource<T>;
  readonly #clock: Clock;
  readonly #feedsMax: number;
  readonly #groups = new Map<string, FeedGroup<T>>();
  readonly #cursors = new Set<FeedCursor<T>>();
  #waiting = new Set<FeedCursor<T>>();
  #isWakePlanned = false;
  #marks: Timer | undefined;
  #isClosed = false;

  constructor(source: FeedSource<T>, { clock, feedsMax }: { readonly clock: Clock; readonly feedsMax: number }) {
    this.#source = source;
    this.#clock = clock;
    this.#feedsMax = feedsMax;
  }

  feed({ prefixes, from }: FeedRequest, signal: AbortSignal | undefined): Feed<T> {
    const filter = createTopicFilter(prefixes);
    return { [Symbol.asyncIterator]: () => this.#open(filter, from, signal) };
  }

  onChange(): void {
    if (this.#isWakePlanned || this.#waiting.size === 0) return;
    this.#isWakePlanned = true;
    atTurnEnd(() => {
      this.#isWakePlanned = false;
      this.#wakeWaiting();
    });
  }

  stats(): { readonly sharedBytes: number; readonly feedCount: number; readonly lagMax: number } {
    const { batches, snapshots } = this.#source;
    let lagMax = 0;
    for (const { lag } of this.#cursors) lagMax = Math.max(lagMax, lag);
    return { sharedBytes: batches.sizeBytes + snapshots.sizeBytes, feedCount: this.#cursors.size, lagMax };
  }

  close(): void {
    this.#isClosed = true;
    const error = new OperatingError('unavailable', 'the publisher was closed');
    for (const cursor of this.#cursors) cursor.end({ error });
  }

  #open(filter: TopicFilter, from: FeedPosition | undefined, signal: AbortSignal | undefined): FeedCursor<T> {
    if (this.#isClosed) throw new OperatingError('unavailable', 'the publisher was closed');
    if (this.#cursors.size >= this.#feedsMax) {
      throw new OperatingError(
        'exhausted',
        `the publisher has ${this.#feedsMax} readers: try again when some have left`,
      );
    }
    const group = this.#groupOf(filter);
    group.readerCount += 1;
    const stop = (): void => cursor.end({});
    const cursor = new FeedCursor<T>({
      source: this.#source,
      group,
      from,
      onWait: (waiting) => this.#waiting.add(waiting),
      onEnd: () => {
        signal?.removeEventListener('abort', stop);
        this.#forget(cursor, group);
      },
    });
    this.#cursors.add(cursor);
    this.#marks ??= this.#clock.every(MARK_EVERY_MS, () => this.#tick());
    if (signal?.aborted === true) stop();
    else signal?.addEventListener('abort', stop);
    return cursor;
  }

  #groupOf(filter: TopicFilter): FeedGroup<T> {
    let group = this.#groups.get(filter.key);
    if (group === undefined) {
      group = new FeedGroup<T>(this.#source, filter);
      this.#groups.set(filter.key, group);
    }
    return group;
  }

  #forget(cursor: FeedCursor<T>, group: FeedGroup<T>): void {
    this.#cursors.delete(cursor);
    this.#waiting.delete(cursor);
    group.readerCount -= 1;
    if (group.readerCount === 0) {
      group.clear();
      this.#groups.delete(group.filter.key);
    }
    if (this.#cursors.size > 0) return;
    this.#marks?.cancel();
    this.#marks = undefined;
  }

  /** Who has nothing to be told after all waits again. */
  #wakeWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const cursor of waiting) cursor.wake();
  }

  #tick(): void {
    for (const cursor of this.#cursors) cursor.tick();
    for (const group of this.#groups.values()) group.prune();
  }
}
