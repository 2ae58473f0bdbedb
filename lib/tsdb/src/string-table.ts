/** The distinct texts of a block's labels, read in place: only what a query touches becomes strings. */
import { ByteWriter } from './bytes.ts';

export class StringTable {
  readonly #bytes: Buffer;
  readonly #words: Uint32Array;
  readonly #count: number;
  readonly #known = new Map<number, string>();

  /** `words` are the same bytes as `bytes`. */
  constructor(bytes: Uint8Array, words: Uint32Array) {
    this.#words = words;
    this.#count = words[0] ?? 0;
    const textStart = (2 + this.#count) * 4;
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset + textStart, bytes.byteLength - textStart);
  }

  get(id: number): string {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const text = this.#bytes.toString('utf8', this.#words[1 + id], this.#words[2 + id]);
    this.#known.set(id, text);
    return text;
  }

  idOf(text: string): number | undefined {
    let low = 0;
    let high = this.#count - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const candidate = this.get(middle);
      if (candidate === text) return middle;
      if (candidate < text) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }
}

/** The section of `strings`, which are distinct and in order of UTF-16 code units; a multiple of 4 bytes. */
export function encodeStrings(strings: readonly string[]): Uint8Array {
  const offsets = new ByteWriter();
  const texts = new ByteWriter();
  offsets.u32(strings.length);
  for (const text of strings) {
    offsets.u32(texts.size);
    texts.raw(Buffer.from(text, 'utf8'));
  }
  offsets.u32(texts.size);
  offsets.raw(texts.view());
  offsets.align4();
  return offsets.view();
}
