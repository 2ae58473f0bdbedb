/**
 * The readers of one publisher that have the same prefixes. What one of them needs is made from the log and kept for a
 * while, so that those who are in step with it get the same bytes; who is not gets its own. Sharing saves work only: no
 * reader depends on what another did.
 */
import type { FeedItem } from './feed-item.ts';
import { type BatchLimits, FeedSnapshot } from './feed-snapshot.ts';
import type { HeldBytes } from './held-bytes.ts';
import { SharedValue } from './shared-value.ts';
import type { TopicFilter } from './topic-filter.ts';
import type { LogEntry, TopicLog } from './topic-log.ts';

/** The part of a publisher that feeds are made from. */
export type FeedSource<T> = {
  readonly epoch: string;
  readonly log: TopicLog<T>;
  readonly state: ReadonlyMap<string, LogEntry<T>>;
  readonly limits: BatchLimits;
  readonly batches: HeldBytes;
  readonly snapshots: HeldBytes;
};

/** A stretch of the log as a reader is told it. */
export type FeedBatch<T> = {
  /** What the readers that it is for were told before. */
  readonly after: number;
  readonly upTo: number;
  /** It ends at a bound rather than at the end of the log. */
  readonly isFull: boolean;
  /** Undefined where nothing in it is for the group. */
  readonly item: SharedValue<FeedItem<T>> | undefined;
};

export class FeedGroup<T> {
  readonly filter: TopicFilter;
  readonly #source: FeedSource<T>;
  /** By the number after which they begin. */
  readonly #batches = new Map<number, { readonly batch: FeedBatch<T>; readonly release: () => void }>();
  #snapshot: FeedSnapshot<T> | undefined;
  readerCount = 0;

  constructor(source: FeedSource<T>, filter: TopicFilter) {
    this.#source = source;
    this.filter = filter;
  }

  /** What comes after `seen` for a reader that was told what there is up to `told`. The log reaches back to `seen`. */
  next(told: number, seen: number): FeedBatch<T> {
    const kept = this.#batches.get(seen)?.batch;
    if (kept === undefined || this.#isOutgrown(kept, seen)) return this.#keep(seen, this.#form(told, seen));
    if (kept.item === undefined || kept.after === told) return kept;
    const { value, sizeBytes } = kept.item;
    return { ...kept, after: told, item: new SharedValue({ ...value, after: told } as FeedItem<T>, sizeBytes) };
  }

  /** The state as it is, or as it was when catching up from there is the lesser work. */
  snapshot(): FeedSnapshot<T> {
    if (this.#snapshot === undefined || !this.#isFresh(this.#snapshot)) {
      this.#snapshot?.retire();
      const { epoch, log, state, limits, snapshots } = this.#source;
      const moment = { epoch, seq: log.lastSeq, entries: state.values() };
      this.#snapshot = new FeedSnapshot(moment, this.filter, { limits, held: snapshots });
    }
    return this.#snapshot;
  }

  /** Lets go of a state that no reader would be given any more. */
  prune(): void {
    if (this.#snapshot === undefined || this.#isFresh(this.#snapshot)) return;
    this.#snapshot.retire();
    this.#snapshot = undefined;
  }

  /** Lets go of everything: its last reader has left. */
  clear(): void {
    this.#snapshot?.retire();
    this.#snapshot = undefined;
    for (const { release } of this.#batches.values()) release();
    this.#batches.clear();
  }

  /** Made for readers in step when there was less: who is behind is told more at once. Doubling keeps that seldom. */
  #isOutgrown({ upTo, isFull }: FeedBatch<T>, seen: number): boolean {
    return !isFull && this.#source.log.lastSeq - seen >= 2 * (upTo - seen);
  }

  #isFresh({ isKept, seq, entryCount }: FeedSnapshot<T>): boolean {
    const { log } = this.#source;
    const changeCount = log.lastSeq - seq;
    // From the younger half of a log that drops: who begins there has time to read on.
    const isSafe = log.firstSeq === 1 || changeCount * 2 <= log.entryCount;
    return isKept && isSafe && changeCount <= Math.max(entryCount, this.#source.limits.batchEntriesMax);
  }

  #keep(seen: number, batch: FeedBatch<T>): FeedBatch<T> {
    if (batch.upTo === seen) return batch;
    this.#batches.get(seen)?.release();
    this.#dropUnreachable();
    const sizeBytes = BATCH_HEAD_BYTES + (batch.item?.sizeBytes ?? 0);
    const { release } = this.#source.batches.hold(sizeBytes, () => this.#batches.delete(seen));
    this.#batches.set(seen, { batch, release });
    return batch;
  }

  /** Those that begin where the log does not reach any more, oldest first: nobody will ask for them. */
  #dropUnreachable(): void {
    for (const [start, { release }] of this.#batches) {
      if (this.#source.log.reaches(start)) return;
      release();
      this.#batches.delete(start);
    }
  }

  #form(after: number, seen: number): FeedBatch<T> {
    const { log, limits } = this.#source;
    const { lastSeq } = log;
    const draft: Draft<T> = { topics: [], values: [], removed: [], events: [], sizeBytes: 0 };
    let upTo = seen;
    let isFull = false;
    while (upTo < lastSeq && !isFull) {
      upTo += 1;
      const entry = log.at(upTo);
      if (!this.filter.matches(entry.topic)) continue;
      addToDraft(draft, entry);
      isFull = draft.topics.length >= limits.batchEntriesMax || draft.sizeBytes >= limits.batchBytesMax;
    }
    return { after, upTo, isFull, item: itemOf(draft, after, upTo) };
  }
}

/** A batch that is kept takes room itself, also one without entries. */
const BATCH_HEAD_BYTES = 256;

type Draft<T> = {
  readonly topics: string[];
  readonly values: (T | null)[];
  readonly removed: number[];
  readonly events: number[];
  sizeBytes: number;
};

function addToDraft<T>(draft: Draft<T>, { kind, topic, value, sizeBytes }: LogEntry<T>): void {
  if (kind === 'removed') draft.removed.push(draft.topics.length);
  else if (kind === 'event') draft.events.push(draft.topics.length);
  draft.topics.push(topic);
  draft.values.push(kind === 'removed' ? null : (value as T));
  draft.sizeBytes += sizeBytes;
}

function itemOf<T>(draft: Draft<T>, after: number, seq: number): SharedValue<FeedItem<T>> | undefined {
  const { topics, values, removed, events, sizeBytes } = draft;
  if (topics.length === 0) return undefined;
  const item: FeedItem<T> = {
    kind: 'updates',
    after,
    seq,
    topics,
    values,
    ...(removed.length > 0 ? { removed } : {}),
    ...(events.length > 0 ? { events } : {}),
  };
  return new SharedValue(item, sizeBytes);
}
