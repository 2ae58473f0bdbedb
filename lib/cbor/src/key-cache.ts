import { readText } from './read-text.ts';

/**
 * Keys that are remembered, which takes 24 KB; the messages of an application have some hundreds. Each has two places,
 * so that two keys seldom push each other out again and again. A power of two.
 */
const SLOTS = 512;

/** Longer keys are not remembered: they are rather data than names. */
export const CACHED_KEY_BYTES_MAX = 32;

/** Objects with the same number of keys often begin alike. */
const STARTS = 32;

/**
 * Remembers the keys of objects, so that a key that was read before costs a comparison of its bytes. Where a key has
 * followed another before, it is looked for there first. The size is fixed: whoever sends many keys makes it forget,
 * which costs time and nothing else.
 */
export class KeyCache {
  readonly #texts: string[] = Array.from({ length: SLOTS }, () => '');
  /** Slot after slot: the bytes of its key. */
  readonly #codes = new Uint8Array(SLOTS * CACHED_KEY_BYTES_MAX);
  readonly #lengths = new Uint8Array(SLOTS);
  /** For each slot, and then each start: the slot that came next. */
  readonly #next = new Uint16Array(SLOTS + STARTS);
  #last = SLOTS;
  #isFirstOlder = true;

  /** An object of `count` keys begins. */
  begin(count: number): void {
    this.#last = SLOTS + (count & (STARTS - 1));
  }

  /** The key of `length` bytes from `at`, at most `CACHED_KEY_BYTES_MAX`, as the engine keeps names. */
  read(bytes: Buffer, at: number, length: number): string {
    let slot = this.#next[this.#last] as number;
    if (!this.#isIn(slot, bytes, at, length)) {
      slot = this.#find(bytes, at, length);
      this.#next[this.#last] = slot;
    }
    this.#last = slot;
    return this.#texts[slot] as string;
  }

  #find(bytes: Buffer, at: number, length: number): number {
    const first = slotOf(bytes, at, length);
    if (this.#isIn(first, bytes, at, length)) return first;
    const second = first ^ 1;
    if (this.#isIn(second, bytes, at, length)) return second;
    const slot = this.#lengths[first] === 0 || this.#isFirstOlder ? first : second;
    this.#isFirstOlder = !this.#isFirstOlder;
    this.#put(slot, bytes, at, length);
    return slot;
  }

  #isIn(slot: number, bytes: Buffer, at: number, length: number): boolean {
    if (this.#lengths[slot] !== length) return false;
    const codes = this.#codes;
    const start = slot * CACHED_KEY_BYTES_MAX;
    for (let i = 0; i < length; i += 1) if (codes[start + i] !== bytes[at + i]) return false;
    return true;
  }

  #put(slot: number, bytes: Buffer, at: number, length: number): void {
    this.#texts[slot] = asName(readText(bytes, at, length));
    this.#codes.set(bytes.subarray(at, at + length), slot * CACHED_KEY_BYTES_MAX);
    this.#lengths[slot] = length;
  }
}

/** The same text, as the engine has it for the names of fields, which makes storing under it several times faster. */
function asName(text: string): string {
  return Object.keys({ [text]: 0 })[0] ?? text;
}

/** FNV-1a, folded. */
function slotOf(bytes: Buffer, at: number, length: number): number {
  let hash = 0x811c_9dc5;
  for (let i = at; i < at + length; i += 1) hash = Math.imul(hash ^ (bytes[i] as number), 0x0100_0193);
  return (hash ^ (hash >>> 9) ^ (hash >>> 18)) & (SLOTS - 1);
}
