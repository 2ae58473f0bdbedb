/**
 * What keeps the bytes: a durable map of records, written in atomic batches. It knows nothing of revisions, leases or
 * watches; those are made above it by `openKv`, which keeps the whole state in memory and reads the engine only once.
 */

export type EngineRecord = { readonly key: Uint8Array; readonly value: Uint8Array };

/** Puts `value`, or deletes `key` where there is none. */
export type EngineWrite = { readonly key: Uint8Array; readonly value: Uint8Array | undefined };

export type KvEngine = AsyncDisposable & {
  /** All records in the order of their keys' bytes, in chunks. Called once, before the first write. */
  readonly load: () => AsyncIterable<readonly EngineRecord[]>;
  /**
   * Applies the writes all or nothing; on disk when it resolves. Called again only when the last call has settled.
   * @throws OperatingError `exhausted` when the disk is full, `unavailable` for another failure of it. The batch may then
   * come back after a crash, unless a later write settles each of its keys. Later writes may succeed.
   */
  readonly write: (batch: readonly EngineWrite[]) => Promise<void>;
};
