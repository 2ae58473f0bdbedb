/**
 * Watchers, grouped by prefix: a change costs what its keys cost, not what all watchers cost.
 *
 * Invariants: a watcher gets a snapshot, then each later change under its prefix, once and in order; one that falls
 * more than `queueMax` changed keys behind gets a new snapshot instead of what it missed. The first snapshot and that
 * one are the same path. Nothing is buffered before the first event is asked for.
 */
import type { KvChange } from './kv-state.ts';
import type { Entry, Key, WatchEvent } from './kv.ts';

type Change = Extract<WatchEvent, { kind: 'change' }>;
type Part = { readonly puts: Entry[]; readonly deletes: Key[] };
type Watcher = { readonly offer: (change: Change) => void; readonly stop: () => void };

export class WatchHub {
  readonly #groups = new Map<string, Set<Watcher>>();
  /** How many groups have a prefix of that length. */
  readonly #lengths = new Map<number, number>();
  readonly #queueMax: number;
  readonly #snapshot: (prefix: string) => WatchEvent;
  #closed = false;

  constructor({ queueMax, snapshot }: { queueMax: number; snapshot: (prefix: string) => WatchEvent }) {
    this.#queueMax = queueMax;
    this.#snapshot = snapshot;
  }

  /** Hands each group what `change` does under its prefix. */
  publish(change: KvChange): void {
    if (this.#groups.size === 0) return;
    const byPrefix = new Map<string, Part>();
    for (const entry of change.puts) this.#partsOf(entry.key, byPrefix, ({ puts }) => puts.push(entry));
    for (const key of change.deletes) this.#partsOf(key, byPrefix, ({ deletes }) => deletes.push(key));
    for (const [prefix, part] of byPrefix) {
      const event: Change = { kind: 'change', revision: change.revision, ...part };
      for (const { offer } of this.#groups.get(prefix) ?? []) offer(event);
    }
  }

  async *watch(prefix: string, signal: AbortSignal): AsyncGenerator<WatchEvent, void, undefined> {
    const queue: Change[] = [];
    let queuedKeys = 0;
    let behind = true;
    let wake = Promise.withResolvers<void>();
    const stop = (): void => wake.resolve();
    const offer = (change: Change): void => {
      if (behind) return;
      queuedKeys += countKeys(change);
      behind = queuedKeys > this.#queueMax;
      if (behind) queue.length = 0;
      else queue.push(change);
      wake.resolve();
    };

    const watcher = { offer, stop };
    this.#add(prefix, watcher);
    signal.addEventListener('abort', stop);
    try {
      while (!signal.aborted && !this.#closed) {
        if (behind) {
          behind = false;
          queuedKeys = 0;
          yield this.#snapshot(prefix);
          continue;
        }
        const change = queue.shift();
        if (change === undefined) {
          wake = Promise.withResolvers<void>();
          await wake.promise;
        } else {
          queuedKeys -= countKeys(change);
          yield change;
        }
      }
    } finally {
      signal.removeEventListener('abort', stop);
      this.#remove(prefix, watcher);
    }
  }

  /** Ends every watch. */
  close(): void {
    this.#closed = true;
    for (const group of this.#groups.values()) for (const { stop } of group) stop();
  }

  /** Calls `add` with the part of each watched prefix that `key` is under. */
  #partsOf(key: string, byPrefix: Map<string, Part>, add: (part: Part) => void): void {
    for (const length of this.#lengths.keys()) {
      const prefix = key.slice(0, length);
      if (length > key.length || !this.#groups.has(prefix)) continue;
      const part = byPrefix.get(prefix) ?? { puts: [], deletes: [] };
      byPrefix.set(prefix, part);
      add(part);
    }
  }

  #add(prefix: string, watcher: Watcher): void {
    const group = this.#groups.get(prefix) ?? new Set();
    if (group.size === 0) this.#lengths.set(prefix.length, (this.#lengths.get(prefix.length) ?? 0) + 1);
    this.#groups.set(prefix, group.add(watcher));
  }

  #remove(prefix: string, watcher: Watcher): void {
    const group = this.#groups.get(prefix);
    group?.delete(watcher);
    if (group?.size !== 0) return;
    this.#groups.delete(prefix);
    const count = (this.#lengths.get(prefix.length) ?? 1) - 1;
    if (count === 0) this.#lengths.delete(prefix.length);
    else this.#lengths.set(prefix.length, count);
  }
}

function countKeys({ puts, deletes }: Change): number {
  return puts.length + deletes.length;
}
