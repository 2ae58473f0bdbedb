import { SHORT_ASCII_LENGTH_MAX, shortAscii } from './short-ascii.ts';

/** Keys that are remembered; all of an application's messages have some hundreds. A power of two. */
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

  /** An object of `count` keys begins. */
  begin(count: number): void {
    this.#last = SLOTS + (count & (STARTS - 1));
  }

  /** The key of `length` bytes from `at`, at most `CACHED_KEY_BYTES_MAX`, as the engine keeps names. */
  read(bytes: Buffer, at: number, length: number): string {
    let slot = this.#next[this.#last] as number;
    if (!this.#isIn(slot, bytes, at, length)) {
      slot = slotOf(bytes, at, length);
      this.#next[this.#last] = slot;
      if (!this.#isIn(slot, bytes, at, length)) this.#put(slot, bytes, at, length);
    }
    this.#last = slot;
    return this.#texts[slot] as string;
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

export function readText(bytes: Buffer, at: number, length: number): string {
  const text = length <= SHORT_ASCII_LENGTH_MAX ? shortAscii(bytes, at, length) : undefined;
  return text ?? bytes.toString('utf8', at, at + length);
}

/** The same text, as the engine has it for the names of fields, which makes storing under it several times faster. */
function asName(text: string): string {
  return Object.keys({ [text]: 0 })[0] ?? text;
}

function slotOf(bytes: Buffer, at: number, length: number): number {
  let hash = length;
  for (let i = at; i < at + length; i += 1) hash = Math.imul(hash, 31) + (bytes[i] as number);
  return (hash ^ (hash >>> 9)) & (SLOTS - 1);
}
