/**
 * The ordered key-value space that everything in Plumb is kept in, after etcd's model: one global revision, atomic
 * transactions, leases, a bounded history, and watches, which hand out a snapshot and then every change, or every change
 * from a revision on.
 *
 * Invariants: the revision grows by one with each transaction that changes something and never repeats, across
 * restarts too. What a promise acknowledged is on disk. A reader never sees a write that is not yet on disk, and never half
 * a transaction. Keys are ordered by their UTF-8 bytes.
 */
import type { KeyRange } from './key-range.ts';
import type { Operation, TransactionOptions, TransactionResult } from './operation.ts';
import type { RangeQuery, RangeResult } from './range-query.ts';
import type { HistoryEvent, HistoryWatchOptions, WatchEvent, WatchOptions } from './watch-event.ts';

/** A key: 1 to `KEY_SIZE_BYTES_MAX` bytes of UTF-8, by convention a path such as `registry/service/web`. */
export type Key = string;

export type Entry = {
  readonly key: Key;
  /** Not copied: do not write to it. */
  readonly value: Uint8Array;
  /** Of the transaction that created the key, and of the one that last changed it. */
  readonly createRevision: number;
  readonly modRevision: number;
  /** Transactions that put the key since it was created: 1 after its creation. */
  readonly version: number;
  /** Set when the key goes with a lease. */
  readonly leaseId?: string | undefined;
};

export type Lease = { readonly leaseId: string; readonly ttlMs: number };

export type LeaseStatus = Lease & {
  /** Until it ends if nobody keeps it alive; 0 when it has ended and its keys are about to go. */
  readonly remainingMs: number;
  /** What goes with it, in key order. */
  readonly keys: readonly Key[];
};

export type BackupSummary = {
  /** Of the state that was written. */
  readonly revision: number;
  readonly entryCount: number;
  readonly sizeBytes: number;
};

export type Kv = AsyncDisposable & {
  /** The revision of the last transaction on disk, as far as this process has seen; 0 for an empty store. */
  readonly revision: () => number;
  readonly get: (key: Key) => Promise<Entry | undefined>;
  /** All entries under `prefix` in key order, at one revision. */
  readonly list: (prefix: string) => Promise<{ readonly revision: number; readonly entries: readonly Entry[] }>;
  /**
   * The entries of a range at one revision. A read of the past costs its length and the changes since.
   * @throws OperatingError `not-found` for a revision that is compacted, with the oldest that is kept in
   * `details.oldestRevision`; `invalid` for one that is not yet reached, and for what is not a range.
   */
  readonly range: (query: RangeQuery) => Promise<RangeResult>;
  /**
   * Applies `operations` in order, all or nothing, if every `compare` holds, and else `otherwise`. Durable when it resolves.
   * Values are copied. At most `TRANSACTION_OPERATIONS_MAX` operations in both together and as many conditions,
   * `VALUE_SIZE_BYTES_MAX` a value and `TRANSACTION_SIZE_BYTES_MAX` together.
   * @throws OperatingError `invalid` beyond a bound or for an unknown lease; `not-found` for a put that keeps what an absent
   * key has; `exhausted` when the disk or the store is full, or too many wait for the disk; `unavailable` after close or
   * when the disk fails. Nothing is changed then.
   */
  readonly transact: (operations: readonly Operation[], options?: TransactionOptions) => Promise<TransactionResult>;
  /**
   * A snapshot of a prefix or a range, then every change, until `signal` aborts or the store closes; then it ends, also
   * while it waits. A watcher that falls more than `WATCH_QUEUE_MAX` changed keys behind is sent a new snapshot. Nothing is
   * held before the first event is asked for.
   */
  readonly watch: (range: string | KeyRange, options: WatchOptions) => AsyncIterable<WatchEvent>;
  /**
   * Every change of a prefix or a range from `fromRevision` on, once and in order, however slowly it is read, until `signal`
   * aborts or the store closes. `fromRevision` may lie in the future. A watcher that asks for what is compacted, from the
   * start or because it fell that far behind, is told so by a last event, `compacted`. Across restarts, go on from the
   * revision after that of the last event.
   */
  readonly watchFrom: (range: string | KeyRange, options: HistoryWatchOptions) => AsyncIterable<HistoryEvent>;
  /**
   * Forgets the history below `revision`: it is then the oldest that can be read and watched from, its own change
   * included. Safe to call twice. The store compacts by itself beyond `HISTORY_REVISIONS_MAX` and `HISTORY_SIZE_BYTES_MAX`.
   * @throws OperatingError `invalid` for a revision that is not yet reached.
   */
  readonly compact: (revision: number) => Promise<void>;
  /**
   * Keys put with the lease are deleted, in one transaction, when it is not kept alive for `ttlMs`, 1 to
   * `LEASE_TTL_MS_MAX` whole milliseconds. Survives a restart, and has its whole time again then. At most `LEASES_MAX`.
   * A chosen `leaseId` is 1 to `LEASE_ID_SIZE_BYTES_MAX` bytes of text.
   * @throws OperatingError `already-exists` when `leaseId` is taken.
   */
  readonly grantLease: (ttlMs: number, options?: { readonly leaseId?: string | undefined }) => Promise<Lease>;
  /** @throws OperatingError `not-found` when the lease has ended. */
  readonly keepAlive: (leaseId: string) => Promise<Lease>;
  /** Ends the lease and deletes its keys. Safe to call twice. */
  readonly revokeLease: (leaseId: string) => Promise<void>;
  /** Undefined when the lease is gone. */
  readonly getLease: (leaseId: string) => Promise<LeaseStatus | undefined>;
  /** The ids of all leases, in no order. */
  readonly listLeases: () => Promise<readonly string[]>;
  /**
   * Writes the whole store, as it is at one revision, to `file`, while others go on writing. The file appears whole or not
   * at all, and on disk; one that is there is replaced. `restoreBackup` of `@plumb/kv/rocks` makes a store of it.
   * Every record has its checksum, and the file a hash: `checkBackup` reads it to the end.
   * @throws OperatingError `exhausted` when the disk is full, `denied`, `not-found` or `invalid` for what is wrong with the place.
   */
  readonly backup: (file: string) => Promise<BackupSummary>;
};
