/** What a watch says. */
import type { Entry, Key } from './kv.ts';

export type WatchOptions = { readonly signal: AbortSignal };

export type HistoryWatchOptions = WatchOptions & {
  /** The revision of the first change that is wanted. */
  readonly fromRevision: number;
  /** Changes come with what the keys held before. */
  readonly previous?: boolean | undefined;
  /** Marks come when the watch has caught up with the store, and at most every `WATCH_PROGRESS_PERIOD_MS` when it moved on. */
  readonly progress?: boolean | undefined;
};

/** Everything in the range; also sent again to a watcher that fell behind, instead of what it missed. */
export type SnapshotEvent = {
  readonly kind: 'snapshot';
  readonly revision: number;
  readonly entries: readonly Entry[];
};

/** All changes of one transaction in the range, in key order. */
export type ChangeEvent = {
  readonly kind: 'change';
  readonly revision: number;
  readonly puts: readonly Entry[];
  readonly deletes: readonly Key[];
  /** Of those changed keys that were there, what they held, in key order, where that was asked for. */
  readonly previous?: readonly Entry[] | undefined;
};

/** Every change of the range up to `revision` has been sent. */
export type ProgressEvent = { readonly kind: 'progress'; readonly revision: number };

/** The last event: what comes next is compacted. `oldestRevision` is the first that a watch can begin from. */
export type CompactedEvent = { readonly kind: 'compacted'; readonly oldestRevision: number };

export type WatchEvent = SnapshotEvent | ChangeEvent;
export type HistoryEvent = ChangeEvent | ProgressEvent | CompactedEvent;
