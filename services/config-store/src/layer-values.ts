import type { ConfigValue } from '@plumb/config/feed';
import type { LayeredValue } from './application-values.ts';

/** The values of one layer, and the paths that lead to them: to tell at once whether a key has others below it. */
export class LayerValues {
  readonly #values = new Map<string, LayeredValue>();
  /** How many keys there are below a path. */
  readonly #branches = new Map<string, number>();

  #sizeBytes = 0;

  /** Of all keys and values, roughly: as a snapshot sends them. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get size(): number {
    return this.#values.size;
  }

  get(key: string): LayeredValue | undefined {
    return this.#values.get(key);
  }

  keys(): Iterable<string> {
    return this.#values.keys();
  }

  values(): Iterable<LayeredValue> {
    return this.#values.values();
  }

  entries(): Iterable<[string, LayeredValue]> {
    return this.#values.entries();
  }

  /** How many keys begin with `key` and a dot. */
  countBelow(key: string): number {
    return this.#branches.get(key) ?? 0;
  }

  set(key: string, value: LayeredValue): void {
    this.delete(key);
    this.#count(key, 1);
    this.#sizeBytes += sizeOf(key, value.value);
    this.#values.set(key, value);
  }

  delete(key: string): void {
    const found = this.#values.get(key);
    if (found === undefined) return;
    this.#values.delete(key);
    this.#sizeBytes -= sizeOf(key, found.value);
    this.#count(key, -1);
  }

  #count(key: string, by: number): void {
    for (const branch of branchesOf(key)) {
      const count = this.countBelow(branch) + by;
      if (count === 0) this.#branches.delete(branch);
      else this.#branches.set(branch, count);
    }
  }
}

/** Bytes of a value with its key in JSON. */
export function sizeOf(key: string, value: ConfigValue): number {
  return key.length + Buffer.byteLength(JSON.stringify(value));
}

/** The paths above a key, nearest first: of `a.b.c` they are `a.b` and `a`. */
export function* branchesOf(key: string): Generator<string> {
  for (let dot = key.lastIndexOf('.'); dot > 0; dot = key.lastIndexOf('.', dot - 1)) yield key.slice(0, dot);
}
