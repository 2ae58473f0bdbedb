/**
 * When keys were deleted, so that the index of a query never goes back when a key does. A bounded log: what is forgotten
 * raises the floor, the index of everything whose last change is not known.
 */
import { TOMBSTONES_MAX } from './limits.ts';

type Deleted = { readonly key: string; readonly revision: number };

export class DeletedKeys {
  readonly #countMax: number;
  /** Ascending by revision; those before `#first` are forgotten. */
  #log: Deleted[] = [];
  #first = 0;
  #floor = 1;

  constructor(countMax = TOMBSTONES_MAX) {
    this.#countMax = countMax;
  }

  /** Everything before `revision` is forgotten. */
  reset(revision: number): void {
    this.#log = [];
    this.#first = 0;
    this.#floor = Math.max(this.#floor, revision);
  }

  add(key: string, revision: number): void {
    this.#log.push({ key, revision });
    if (this.#log.length - this.#first > this.#countMax) {
      this.#floor = Math.max(this.#floor, this.#log[this.#first]?.revision ?? 0);
      this.#first += 1;
    }
    if (this.#first > this.#countMax) {
      this.#log = this.#log.slice(this.#first);
      this.#first = 0;
    }
  }

  /** Of a key that is not there. */
  indexOfKey(key: string): number {
    return this.#lastAfter(this.#floor, (deleted) => deleted === key);
  }

  /** Of all keys that start with `prefix`, `present` being the last change of those that are there. */
  indexOfPrefix(prefix: string, present: number): number {
    return this.#lastAfter(Math.max(present, this.#floor), (deleted) => deleted.startsWith(prefix));
  }

  /** The latest deletion after `revision`, or `revision`: what is as old as that is not looked at. */
  #lastAfter(revision: number, isWanted: (key: string) => boolean): number {
    for (let i = this.#log.length - 1; i >= this.#first; i -= 1) {
      const deleted = this.#log[i];
      if (deleted === undefined || deleted.revision <= revision) break;
      if (isWanted(deleted.key)) return deleted.revision;
    }
    return revision;
  }
}
