/**
 * The committed state in memory, and an overlay that shows how it would be after changes that are not committed.
 * An overlay can stand on another: that of a transaction stands on that of its group, which stands on the state.
 */
import { compareKeys, SortedMap } from './sorted-map.ts';
import type { Entry, Key, Lease } from './kv.ts';

/** What a transaction is evaluated against. */
export type KvView = {
  readonly revision: number;
  /** Bytes of all keys and values. */
  readonly sizeBytes: number;
  readonly get: (key: Key) => Entry | undefined;
  readonly keysUnder: (prefix: string) => Iterable<Key>;
  readonly lease: (leaseId: string) => Lease | undefined;
  readonly keysOfLease: (leaseId: string) => Iterable<Key>;
};

/** One transaction's effect under the keys it changed, in key order. */
export type KvChange = { readonly revision: number; readonly puts: readonly Entry[]; readonly deletes: readonly Key[] };

export class KvState implements KvView {
  revision = 0;
  sizeBytes = 0;
  readonly leases = new Map<string, Lease>();
  readonly #entries = new SortedMap<Entry>();
  readonly #keysByLease = new Map<string, Set<Key>>();

  get(key: Key): Entry | undefined {
    return this.#entries.get(key);
  }

  list(prefix: string): Entry[] {
    return [...this.#entries.underPrefix(prefix)];
  }

  *keysUnder(prefix: string): Generator<Key, void, undefined> {
    for (const { key } of this.#entries.underPrefix(prefix)) yield key;
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

export class Overlay implements KvView {
  revision: number;
  sizeBytes: number;
  /** Undefined is a deletion. */
  readonly entries = new Map<Key, Entry | undefined>();
  readonly leases = new Map<string, Lease | undefined>();
  readonly #base: KvView;

  constructor(base: KvView) {
    this.#base = base;
    this.revision = base.revision;
    this.sizeBytes = base.sizeBytes;
  }

  get(key: Key): Entry | undefined {
    const entry = this.entries.get(key);
    return entry !== undefined || this.entries.has(key) ? entry : this.#base.get(key);
  }

  *keysUnder(prefix: string): Generator<Key, void, undefined> {
    for (const key of this.#base.keysUnder(prefix)) if (!this.entries.has(key)) yield key;
    for (const [key, entry] of this.entries) if (entry !== undefined && key.startsWith(prefix)) yield key;
  }

  lease(leaseId: string): Lease | undefined {
    return this.leases.has(leaseId) ? this.leases.get(leaseId) : this.#base.lease(leaseId);
  }

  *keysOfLease(leaseId: string): Generator<Key, void, undefined> {
    for (const key of this.#base.keysOfLease(leaseId)) if (!this.entries.has(key)) yield key;
    for (const [key, entry] of this.entries) if (entry?.leaseId === leaseId) yield key;
  }

  store(key: Key, entry: Entry | undefined): void {
    this.sizeBytes += entrySize(entry) - entrySize(this.get(key));
    this.entries.set(key, entry);
  }

  /** What these entries change in the view below, or undefined when that is nothing. */
  change(): KvChange | undefined {
    const changed = [...this.entries].sort(([a], [b]) => compareKeys(a, b));
    const puts = changed.map(([, entry]) => entry).filter((entry) => entry !== undefined);
    const deletes = changed.filter(([key, entry]) => entry === undefined && this.#base.get(key)).map(([key]) => key);
    return puts.length + deletes.length === 0 ? undefined : { revision: this.revision, puts, deletes };
  }
}

function entrySize(entry: Entry | undefined): number {
  return entry === undefined ? 0 : Buffer.byteLength(entry.key) + entry.value.byteLength;
}
