/**
 * A map in the order of its keys' UTF-8 bytes, for hundreds of thousands of keys: a hash map for look-ups beside a
 * sorted list in blocks for ranges. A new key costs a binary search and a move within one block; a list of a range
 * costs its length. Smaller and, at this size, as fast as a B-tree, of which it is the two-level case.
 */
import type { KeyRange } from './key-range.ts';

/** Keys a block holds before it is split: moving that many references is one short copy. */
const BLOCK_KEYS_MAX = 512;

/** Where a key is, or would be: the index of a block, and within it. */
type Position = { readonly block: number; readonly at: number };

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

  has(key: string): boolean {
    return this.#values.has(key);
  }

  set(key: string, value: V): void {
    const { size } = this.#values;
    this.#values.set(key, value);
    if (this.#values.size > size) this.#insert(key);
  }

  delete(key: string): boolean {
    if (!this.#values.delete(key)) return false;
    const blockIndex = this.#blockIndexOf(key);
    const block = this.#blocks[blockIndex] ?? [];
    block.splice(lowerBound(block, key), 1);
    if (block.length === 0 && this.#blocks.length > 1) this.#blocks.splice(blockIndex, 1);
    return true;
  }

  /** The keys of a range, in order or against it. The map must not change meanwhile. */
  *keys({ start, end }: KeyRange = { start: '' }, isDescending = false): Generator<string, void, undefined> {
    const from = this.#positionOf(start);
    const to = end === undefined ? this.#endPosition() : this.#positionOf(end);
    for (let index = 0; index <= to.block - from.block; index += 1) {
      const blockIndex = isDescending ? to.block - index : from.block + index;
      const block = this.#blocks[blockIndex] ?? [];
      const first = blockIndex === from.block ? from.at : 0;
      const last = (blockIndex === to.block ? to.at : block.length) - 1;
      if (isDescending) for (let at = last; at >= first; at -= 1) yield block[at] ?? '';
      else for (let at = first; at <= last; at += 1) yield block[at] ?? '';
    }
  }

  /** The values of a range, as `keys`. */
  *values(range?: KeyRange, isDescending?: boolean): Generator<V, void, undefined> {
    for (const key of this.keys(range, isDescending)) yield this.#values.get(key) as V;
  }

  /** How many keys are in a range. Costs a look at each block in between, not at each key. */
  count({ start, end }: KeyRange): number {
    const from = this.#positionOf(start);
    const to = end === undefined ? this.#endPosition() : this.#positionOf(end);
    if (from.block > to.block) return 0;
    let count = to.at - from.at;
    for (let index = from.block; index < to.block; index += 1) count += this.#blocks[index]?.length ?? 0;
    return Math.max(0, count);
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

  #positionOf(key: string): Position {
    const block = this.#blockIndexOf(key);
    return { block, at: lowerBound(this.#blocks[block] ?? [], key) };
  }

  #endPosition(): Position {
    const block = this.#blocks.length - 1;
    return { block, at: this.#blocks[block]?.length ?? 0 };
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
