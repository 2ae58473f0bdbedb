/**
 * The ordered key-value space that everything in Plumb is kept in, after etcd's model: one global revision, atomic
 * transactions, leases, and watches that hand out a snapshot and then every change.
 *
 * Invariants: the revision grows by one with each transaction that changes something and never repeats, across
 * restarts too. What a promise acknowledged is on disk. A reader never sees a write that is not yet on disk, and never half
 * a transaction. Keys are ordered by their UTF-8 bytes.
 */

/** A key: 1 to `KEY_SIZE_BYTES_MAX` bytes of UTF-8, by convention a path such as `registry/service/web`. */
export type Key = string;

export type Entry = {
  readonly key: Key;
  /** Not copied: do not write to it. */
  readonly value: Uint8Array;
  /** Of the transaction that created the key, and of the one that last changed it. */
  readonly createRevision: number;
  readonly modRevision: number;
  /** Set when the key goes with a lease. */
  readonly leaseId?: string | undefined;
};

/** A condition on one key. `revision: 0` means that the key is absent. */
export type Compare = { readonly key: Key; readonly modRevision: number };

export type Operation =
  | { readonly kind: 'put'; readonly key: Key; readonly value: Uint8Array; readonly leaseId?: string | undefined }
  | { readonly kind: 'delete'; readonly key: Key }
  | { readonly kind: 'delete-prefix'; readonly prefix: string };

export type TransactionResult =
  /** `revision` is that of the change, or the current one when the operations changed nothing. */
  | { readonly kind: 'committed'; readonly revision: number }
  /** A condition did not hold; nothing was changed. `current` is what that key holds. */
  | { readonly kind: 'conflict'; readonly key: Key; readonly current: Entry | undefined };

export type WatchEvent =
  /** Everything under the prefix; also sent again to a watcher that fell behind, instead of what it missed. */
  | { readonly kind: 'snapshot'; readonly revision: number; readonly entries: readonly Entry[] }
  /** All changes of one transaction under the prefix, in key order. */
  | {
      readonly kind: 'change';
      readonly revision: number;
      readonly puts: readonly Entry[];
      readonly deletes: readonly Key[];
    };

export type Lease = { readonly leaseId: string; readonly ttlMs: number };

export type Kv = AsyncDisposable & {
  /** The revision of the last transaction on disk; 0 for an empty store. */
  readonly revision: () => number;
  readonly get: (key: Key) => Promise<Entry | undefined>;
  /** All entries under `prefix` in key order, at one revision. */
  readonly list: (prefix: string) => Promise<{ readonly revision: number; readonly entries: readonly Entry[] }>;
  /**
   * Applies `operations` in order, all or nothing, if every `compare` holds. Durable when it resolves. Values are copied.
   * At most `TRANSACTION_OPERATIONS_MAX` operations and as many conditions, `VALUE_SIZE_BYTES_MAX` a value and
   * `TRANSACTION_SIZE_BYTES_MAX` together.
   * @throws OperatingError `invalid` beyond a bound or for an unknown lease; `exhausted` when the disk or the store is
   * full, or too many wait for the disk; `unavailable` after close or when the disk fails. Nothing is changed then.
   */
  readonly transact: (
    operations: readonly Operation[],
    options?: { readonly compare?: readonly Compare[] | undefined },
  ) => Promise<TransactionResult>;
  /**
   * A snapshot, then every change, until `signal` aborts or the store closes; then it ends, also while it waits. A watcher
   * that falls more than `WATCH_QUEUE_MAX` changed keys behind is sent a new snapshot. Nothing is held before the first
   * event is asked for.
   */
  readonly watch: (prefix: string, options: { readonly signal: AbortSignal }) => AsyncIterable<WatchEvent>;
  /**
   * Keys put with the lease are deleted, in one transaction, when it is not kept alive for `ttlMs`, 1 to
   * `LEASE_TTL_MS_MAX` whole milliseconds. Survives a restart, and has its whole time again then. At most `LEASES_MAX`.
   */
  readonly grantLease: (ttlMs: number) => Promise<Lease>;
  /** @throws OperatingError `not-found` when the lease has ended. */
  readonly keepAlive: (leaseId: string) => Promise<void>;
  /** Ends the lease and deletes its keys. Safe to call twice. */
  readonly revokeLease: (leaseId: string) => Promise<void>;
};
