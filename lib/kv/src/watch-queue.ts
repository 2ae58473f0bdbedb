/** What waits for one watcher: the changes that it has not taken yet, bounded by the keys in them. */
import type { KvChange } from './kv-state.ts';

export class WatchQueue {
  readonly #keysMax: number;
  #changes: KvChange[] = [];
  #keyCount = 0;
  #isBehind = true;
  #missedFrom = 0;
  #wake = Promise.withResolvers<void>();

  /** Behind at first: a queue takes nothing before `catchUp`. */
  constructor(keysMax: number) {
    this.#keysMax = keysMax;
  }

  /** Changes were dropped, and none is taken: the watcher must find out what it missed. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** Of the first change that was dropped: those before it were taken. */
  get missedFrom(): number {
    return this.#missedFrom;
  }

  /** From here on, nothing is missed until `isBehind` again. */
  catchUp(): void {
    this.#isBehind = false;
    this.#keyCount = 0;
  }

  offer(change: KvChange): void {
    if (this.#isBehind) return;
    this.#keyCount += countKeys(change);
    this.#isBehind = this.#keyCount > this.#keysMax;
    this.#changes.push(change);
    if (this.#isBehind) {
      this.#missedFrom = this.#changes[0]?.revision ?? change.revision;
      this.#changes = [];
    }
    this.wake();
  }

  take(): KvChange | undefined {
    const change = this.#changes.shift();
    if (change !== undefined) this.#keyCount -= countKeys(change);
    return change;
  }

  /** Resolves with the next `wake`. Look whether there is something to do before it, without a pause in between. */
  async wait(): Promise<void> {
    this.#wake = Promise.withResolvers();
    await this.#wake.promise;
  }

  wake(): void {
    this.#wake.resolve();
  }
}

function countKeys({ puts, deletes }: KvChange): number {
  return puts.length + deletes.length;
}
