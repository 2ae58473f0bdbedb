/**
 * Watchers, grouped by what they watch: a change costs what its keys cost, not what all watchers cost. Groups of one key
 * and of a prefix are found by looking a key up; those of other ranges are tried one after the other.
 */
import { isInRange, type KeyRange, rangeOfKey, rangeOfPrefix } from './key-range.ts';
import type { KvChange } from './kv-state.ts';
import type { Entry, Key } from './kv.ts';
import type { WatchQueue } from './watch-queue.ts';

type Group = { readonly kind: 'key' | 'prefix' | 'range'; readonly range: KeyRange; readonly queues: Set<WatchQueue> };
type Part = { readonly revision: number; readonly puts: Entry[]; readonly deletes: Key[]; readonly previous: Entry[] };

export class WatchHub {
  readonly #keys = new Map<Key, Group>();
  readonly #prefixes = new Map<string, Group>();
  readonly #ranges = new Map<string, Group>();
  /** How many prefixes that are watched have that length. */
  readonly #lengths = new Map<number, number>();

  get isEmpty(): boolean {
    return this.#keys.size + this.#prefixes.size + this.#ranges.size === 0;
  }

  /** Offers each queue what `change` does in its range. */
  publish(change: KvChange): void {
    if (this.isEmpty) return;
    const key = onlyKeyOf(change);
    if (key !== undefined) {
      for (const { queues } of this.#groupsOf(key)) for (const queue of queues) queue.offer(change);
      return;
    }
    const parts = new Map<Group, Part>();
    const partOf = (group: Group): Part => {
      const part = parts.get(group) ?? { revision: change.revision, puts: [], deletes: [], previous: [] };
      parts.set(group, part);
      return part;
    };
    for (const entry of change.puts) for (const group of this.#groupsOf(entry.key)) partOf(group).puts.push(entry);
    for (const key of change.deletes) for (const group of this.#groupsOf(key)) partOf(group).deletes.push(key);
    for (const entry of change.previous)
      for (const group of this.#groupsOf(entry.key)) partOf(group).previous.push(entry);
    for (const [{ queues }, part] of parts) for (const queue of queues) queue.offer(part);
  }

  /** `queue` is offered all changes in `range` until it is removed. */
  add(range: KeyRange, queue: WatchQueue): Disposable {
    const kind = kindOf(range);
    const groups = this.#groupsOfKind(kind);
    const name = kind === 'range' ? JSON.stringify([range.start, range.end]) : range.start;
    const group = groups.get(name) ?? { kind, range, queues: new Set() };
    if (group.queues.size === 0) {
      groups.set(name, group);
      if (kind === 'prefix') this.#countLength(name.length, 1);
    }
    group.queues.add(queue);
    return {
      [Symbol.dispose]: () => {
        if (!group.queues.delete(queue) || group.queues.size > 0) return;
        groups.delete(name);
        if (kind === 'prefix') this.#countLength(name.length, -1);
      },
    };
  }

  /** Lets every watcher look around: the store moved on, or is closed. */
  wakeAll(): void {
    for (const groups of [this.#keys, this.#prefixes, this.#ranges]) {
      for (const { queues } of groups.values()) for (const queue of queues) queue.wake();
    }
  }

  #groupsOf(key: Key): readonly Group[] {
    const found: Group[] = [];
    const own = this.#keys.get(key);
    if (own !== undefined) found.push(own);
    for (const length of this.#lengths.keys()) {
      const group = length > key.length ? undefined : this.#prefixes.get(key.slice(0, length));
      if (group !== undefined) found.push(group);
    }
    for (const group of this.#ranges.values()) if (isInRange(key, group.range)) found.push(group);
    return found;
  }

  #groupsOfKind(kind: Group['kind']): Map<string, Group> {
    switch (kind) {
      case 'key':
        return this.#keys;
      case 'prefix':
        return this.#prefixes;
      case 'range':
        return this.#ranges;
    }
  }

  #countLength(length: number, by: 1 | -1): void {
    const count = (this.#lengths.get(length) ?? 0) + by;
    if (count === 0) this.#lengths.delete(length);
    else this.#lengths.set(length, count);
  }
}

/** Of a change of one key, which is then as a whole the part of every group that it is in. */
function onlyKeyOf({ puts, deletes }: KvChange): Key | undefined {
  return puts.length + deletes.length === 1 ? (puts[0]?.key ?? deletes[0]) : undefined;
}

function kindOf({ start, end }: KeyRange): Group['kind'] {
  if (end === rangeOfKey(start).end) return 'key';
  return end === rangeOfPrefix(start).end ? 'prefix' : 'range';
}
