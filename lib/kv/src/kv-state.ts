/** The committed state in memory. */
import type { KeyRange } from './key-range.ts';
import type { Entry, Key, Lease } from './kv.ts';
import { SortedMap } from './sorted-map.ts';

/** What a transaction is evaluated against, and a range is read from. */
export type KvView = {
  readonly revision: number;
  /** Bytes of all keys and values. */
  readonly sizeBytes: number;
  readonly get: (key: Key) => Entry | undefined;
  /** In key order or against it. The view must not change meanwhile. */
  readonly range: (range: KeyRange, isDescending?: boolean) => Iterable<Entry>;
  readonly count: (range: KeyRange) => number;
  readonly lease: (leaseId: string) => Lease | undefined;
  readonly keysOfLease: (leaseId: string) => Iterable<Key>;
};

/** One transaction's effect under the keys it changed, in key order. */
export type KvChange = {
  readonly revision: number;
  readonly puts: readonly Entry[];
  readonly deletes: readonly Key[];
  /** What the keys held before, of those that were there. */
  readonly previous: readonly Entry[];
};

export class KvState implements KvView {
  revision = 0;
  sizeBytes = 0;
  readonly leases = new Map<string, Lease>();
  readonly #entries = new SortedMap<Entry>();
  readonly #keysByLease = new Map<string, Set<Key>>();

  get(key: Key): Entry | undefined {
    return this.#entries.get(key);
  }

  range(range: KeyRange, isDescending?: boolean): Iterable<Entry> {
    return this.#entries.values(range, isDescending);
  }

  count(range: KeyRange): number {
    return this.#entries.count(range);
  }

  lease(leaseId: string): Lease | undefined {
    return this.leases.get(leaseId);
  }

  keysOfLease(leaseId: string): Iterable<Key> {
    return this.#keysByLease.get(leaseId) ?? [];
  }

  /** Sets or deletes one entry. Use `apply` for a transaction. */
  store(key: Key, entry: Entry | undefined): void {
    const before = this.#entries.get(key);
    this.sizeBytes += entrySize(entry) - entrySize(before);
    if (before?.leaseId !== undefined) this.#detach(before.leaseId, key);
    if (entry === undefined) {
      this.#entries.delete(key);
      return;
    }
    this.#entries.set(key, entry);
    if (entry.leaseId === undefined) return;
    const keys = this.#keysByLease.get(entry.leaseId) ?? new Set();
    this.#keysByLease.set(entry.leaseId, keys.add(key));
  }

  apply({ revision, puts, deletes }: KvChange): void {
    for (const entry of puts) this.store(entry.key, entry);
    for (const key of deletes) this.store(key, undefined);
    this.revision = revision;
  }

  #detach(leaseId: string, key: Key): void {
    const keys = this.#keysByLease.get(leaseId);
    keys?.delete(key);
    if (keys?.size === 0) this.#keysByLease.delete(leaseId);
  }
}

export function entrySize(entry: Entry | undefined): number {
  return entry === undefined ? 0 : Buffer.byteLength(entry.key) + entry.value.byteLength;
}
