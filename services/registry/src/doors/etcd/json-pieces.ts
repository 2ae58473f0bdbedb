/** Text that is one JSON object after another, as it arrives, cut into its objects. Those that are no JSON fail later. */
export class JsonPieces {
  #text = '';
  #depth = 0;
  #isInText = false;
  #isEscaped = false;

  /** Characters that wait for the end of their object. */
  get size(): number {
    return this.#text.length;
  }

  /** Whether an object is cut short. */
  get isWithin(): boolean {
    return this.#text.trim() !== '';
  }

  /** The objects that `text` completes. */
  push(text: string): string[] {
    const pieces: string[] = [];
    let start = 0;
    for (let index = 0; index < text.length; index += 1) {
      if (!this.#ends(text[index])) continue;
      pieces.push(this.#text + text.slice(start, index + 1));
      this.#text = '';
      start = index + 1;
    }
    this.#text += text.slice(start);
    return pieces;
  }

  /** Whether `character` is the last of an object. */
  #ends(character: string | undefined): boolean {
    if (this.#isInText) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (character === '\\') this.#isEscaped = true;
      else if (character === '"') this.#isInText = false;
      return false;
    }
    if (character === '"') this.#isInText = true;
    if (character === '{') this.#depth += 1;
    if (character !== '}') return false;
    this.#depth = Math.max(0, this.#depth - 1);
    return this.#depth === 0;
  }
}
