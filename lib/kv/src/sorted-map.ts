/**
 * A map in the order of its keys' UTF-8 bytes, for hundreds of thousands of keys: a hash map for look-ups beside a
 * sorted list in blocks for ranges. A new key costs a binary search and a move within one block; a list of a prefix
 * costs its length. Smaller and, at this size, as fast as a B-tree, of which it is the two-level case.
 */

/** Keys a block holds before it is split: moving that many references is one short copy. */
const BLOCK_KEYS_MAX = 512;

export class SortedMap<V> {
  readonly #values = new Map<string, V>();
  /** No block is empty, except the only one of an empty map. */
  readonly #blocks: string[][] = [[]];

  get size(): number {
    return this.#values.size;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: V): void {
    if (!this.#values.has(key)) this.#insert(key);
    this.#values.set(key, value);
  }

  delete(key: string): boolean {
    if (!this.#values.delete(key)) return false;
    const blockIndex = this.#blockIndexOf(key);
    const block = this.#blocks[blockIndex] ?? [];
    block.splice(lowerBound(block, key), 1);
    if (block.length === 0 && this.#blocks.length > 1) this.#blocks.splice(blockIndex, 1);
    return true;
  }

  /** The values of the keys that start with `prefix`, in key order. The map must not change meanwhile. */
  *underPrefix(prefix: string): Generator<V, void, undefined> {
    const first = this.#blockIndexOf(prefix);
    for (let index = first; index < this.#blocks.length; index += 1) {
      const block = this.#blocks[index] ?? [];
      for (let at = index === first ? lowerBound(block, prefix) : 0; at < block.length; at += 1) {
        const key = block[at] ?? '';
        if (!key.startsWith(prefix)) return;
        yield this.#values.get(key) as V;
      }
    }
  }

  #insert(key: string): void {
    const lastIndex = this.#blocks.length - 1;
    const lastKey = this.#blocks[lastIndex]?.at(-1);
    // Loading a store comes in key order: then one comparison is enough, and blocks are left full.
    const isLast = lastKey === undefined || compareKeys(lastKey, key) < 0;
    const blockIndex = isLast ? lastIndex : this.#blockIndexOf(key);
    const block = this.#blocks[blockIndex] ?? [];
    if (isLast) block.push(key);
    else block.splice(lowerBound(block, key), 0, key);
    if (block.length <= BLOCK_KEYS_MAX) return;
    const splitAt = isLast ? BLOCK_KEYS_MAX : BLOCK_KEYS_MAX / 2;
    this.#blocks.splice(blockIndex + 1, 0, block.splice(splitAt));
  }

  /** The last block whose first key is not above `key`, or the first block: where `key` is, or belongs. */
  #blockIndexOf(key: string): number {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (compareKeys(this.#blocks[middle]?.[0] ?? '', key) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** Orders two well-formed strings by their UTF-8 bytes: negative, 0 or positive. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const [unitA, unitB] = [a.charCodeAt(index), b.charCodeAt(index)];
    if (unitA !== unitB) return utf8Rank(unitA) - utf8Rank(unitB);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above U+FFFF, so they rank above U+E000 to U+FFFF. */
function utf8Rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** The index of the first key that is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(keys[middle] ?? '', key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
