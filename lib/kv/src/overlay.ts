/**
 * A view as it would be with other entries under some keys: after changes that are not committed, or before changes that
 * are. An overlay can stand on another: that of a transaction stands on that of its group, which stands on the state.
 */
import { isInRange, type KeyRange } from './key-range.ts';
import { entrySize, type KvChange, type KvView } from './kv-state.ts';
import type { Entry, Key, Lease } from './kv.ts';
import { compareKeys, SortedMap } from './sorted-map.ts';

const NOTHING: readonly never[] = [];
const NO_LEASES: ReadonlyMap<string, undefined> = new Map();

export class Overlay implements KvView {
  revision: number;
  sizeBytes: number;
  /** Undefined is a deletion. */
  readonly entries = new Map<Key, Entry | undefined>();
  readonly #base: KvView;
  /** Made when the first is set: most transactions are about keys alone. */
  #leases: Map<string, Lease | undefined> | undefined;
  /** The keys of the entries, from when a range is first asked for: most overlays never need them in order. */
  #sorted: SortedMap<true> | undefined;

  constructor(base: KvView) {
    this.#base = base;
    this.revision = base.revision;
    this.sizeBytes = base.sizeBytes;
  }

  get(key: Key): Entry | undefined {
    const entry = this.entries.get(key);
    return entry !== undefined || this.entries.has(key) ? entry : this.#base.get(key);
  }

  *range(range: KeyRange, isDescending = false): Generator<Entry, void, undefined> {
    const own = this.#sort().keys(range, isDescending);
    let { value: ownKey } = own.next();
    for (const entry of this.#base.range(range, isDescending)) {
      for (; ownKey !== undefined && isBefore(ownKey, entry.key, isDescending); ownKey = own.next().value) {
        yield* this.#own(ownKey);
      }
      if (ownKey !== entry.key) yield entry;
    }
    for (; ownKey !== undefined; ownKey = own.next().value) yield* this.#own(ownKey);
  }

  count(range: KeyRange): number {
    let count = this.#base.count(range);
    for (const key of this.#sort().keys(range)) {
      count += Number(this.entries.get(key) !== undefined) - Number(this.#base.get(key) !== undefined);
    }
    return count;
  }

  /** Undefined is an end. */
  get leases(): ReadonlyMap<string, Lease | undefined> {
    return this.#leases ?? NO_LEASES;
  }

  setLease(leaseId: string, lease: Lease | undefined): void {
    this.#leases ??= new Map();
    this.#leases.set(leaseId, lease);
  }

  lease(leaseId: string): Lease | undefined {
    const lease = this.#leases?.get(leaseId);
    return lease !== undefined || this.#leases?.has(leaseId) === true ? lease : this.#base.lease(leaseId);
  }

  *keysOfLease(leaseId: string): Generator<Key, void, undefined> {
    for (const key of this.#base.keysOfLease(leaseId)) if (!this.entries.has(key)) yield key;
    for (const entry of this.entries.values()) if (entry?.leaseId === leaseId) yield entry.key;
  }

  store(key: Key, entry: Entry | undefined): void {
    this.sizeBytes += entrySize(entry) - entrySize(this.get(key));
    this.set(key, entry);
  }

  /** As `store`, without a look at the size. */
  set(key: Key, entry: Entry | undefined): void {
    this.entries.set(key, entry);
    this.#sorted?.set(key, true);
  }

  /** What these entries change in the view below, or undefined when that is nothing. */
  change(): KvChange | undefined {
    if (this.entries.size === 1) return this.#onlyChange();
    const puts: Entry[] = [];
    const deletes: Key[] = [];
    const previous: Entry[] = [];
    for (const key of this.#sort().keys()) {
      const [entry, before] = [this.entries.get(key), this.#base.get(key)];
      if (entry !== undefined) puts.push(entry);
      else if (before !== undefined) deletes.push(key);
      if (before !== undefined) previous.push(before);
    }
    return puts.length + deletes.length === 0 ? undefined : { revision: this.revision, puts, deletes, previous };
  }

  /** That of one key, as most transactions are: without lists for what there is nothing of. */
  #onlyChange(): KvChange | undefined {
    const { revision } = this;
    for (const [key, entry] of this.entries) {
      const before = this.#base.get(key);
      if (entry === undefined && before === undefined) return undefined;
      const previous = before === undefined ? NOTHING : [before];
      if (entry === undefined) return { revision, puts: NOTHING, deletes: [key], previous };
      return { revision, puts: [entry], deletes: NOTHING, previous };
    }
    return undefined;
  }

  #sort(): SortedMap<true> {
    if (this.#sorted !== undefined) return this.#sorted;
    this.#sorted = new SortedMap();
    for (const key of this.entries.keys()) this.#sorted.set(key, true);
    return this.#sorted;
  }

  *#own(key: Key): Generator<Entry, void, undefined> {
    const entry = this.entries.get(key);
    if (entry !== undefined) yield entry;
  }
}

/** The part of a change that is in `range`, or undefined when that is nothing. */
export function changeWithin(change: KvChange, range: KeyRange): KvChange | undefined {
  const puts = change.puts.filter(({ key }) => isInRange(key, range));
  const deletes = change.deletes.filter((key) => isInRange(key, range));
  if (puts.length + deletes.length === 0) return undefined;
  return {
    revision: change.revision,
    puts,
    deletes,
    previous: change.previous.filter(({ key }) => isInRange(key, range)),
  };
}

function isBefore(a: Key, b: Key, isDescending: boolean): boolean {
  return isDescending ? compareKeys(a, b) > 0 : compareKeys(a, b) < 0;
}
