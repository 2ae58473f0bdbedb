/**
 * What runs on one connection, by its number. A `Map` does the same, but its cost in V8 is that calls live long: a map that
 * is rebuilt after many deletions leaves its old table pointing to the new one, so once an old table has reached the old
 * generation, all tables after it and the calls in them are copied there too (a third of the time of 64 calls in flight).
 *
 * Numbers that follow each other fall into places of their own; those that do not find theirs free go into a map.
 */

/** Places at the beginning. They double as they fill, up to what one connection may have running. */
const PLACES_MIN = 64;
const PLACES_MAX = 16_384;
/** As many stay when all calls have ended: what is seldom more need not grow each time. */
const PLACES_KEPT = 1_024;

export class CallTable<T extends object> {
  /** The number in each place; 0, which numbers no call, where it is free. */
  #ids: number[] = Array.from({ length: PLACES_MIN }, () => 0);
  #calls: (T | undefined)[] = Array.from({ length: PLACES_MIN }, () => undefined);
  #placedCount = 0;
  readonly #others = new Map<number, T>();

  get size(): number {
    return this.#placedCount + this.#others.size;
  }

  get(id: number): T | undefined {
    const place = this.#placeOf(id);
    if (this.#ids[place] === id) return this.#calls[place];
    return this.#others.size === 0 ? undefined : this.#others.get(id);
  }

  /** `id` is a positive integer that is not in the table. */
  add(id: number, call: T): void {
    if (this.#placedCount * 2 >= this.#ids.length && this.#ids.length < PLACES_MAX) this.#resize(this.#ids.length * 2);
    this.#put(id, call);
  }

  /** Returns what was deleted. */
  delete(id: number): T | undefined {
    const place = this.#placeOf(id);
    if (this.#ids[place] !== id) return this.#others.size === 0 ? undefined : this.#deleteOther(id);
    const call = this.#calls[place];
    this.#ids[place] = 0;
    this.#calls[place] = undefined;
    this.#placedCount -= 1;
    if (this.#placedCount === 0 && this.#ids.length > PLACES_KEPT) this.#resize(PLACES_KEPT);
    return call;
  }

  /** The numbers at this moment. */
  ids(): number[] {
    return [...this.#ids.filter((id) => id !== 0), ...this.#others.keys()];
  }

  /** What they number, at this moment. */
  values(): T[] {
    return this.ids().flatMap((id) => this.get(id) ?? []);
  }

  #put(id: number, call: T): void {
    const place = this.#placeOf(id);
    if (this.#ids[place] !== 0) {
      this.#others.set(id, call);
      return;
    }
    this.#ids[place] = id;
    this.#calls[place] = call;
    this.#placedCount += 1;
  }

  /** The number of places is a power of two. */
  #placeOf(id: number): number {
    return id & (this.#ids.length - 1);
  }

  #deleteOther(id: number): T | undefined {
    const call = this.#others.get(id);
    this.#others.delete(id);
    return call;
  }

  #resize(places: number): void {
    const all = this.ids().map((id) => [id, this.get(id) as T] as const);
    this.#others.clear();
    this.#ids = Array.from({ length: places }, () => 0);
    this.#calls = Array.from({ length: places }, () => undefined);
    this.#placedCount = 0;
    for (const [id, call] of all) this.#put(id, call);
  }
}
