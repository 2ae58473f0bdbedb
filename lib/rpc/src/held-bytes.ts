/** What is kept only to be shared, bounded in bytes: at the bound the oldest is dropped, though never the latest. */
export class HeldBytes {
  readonly #sizeBytesMax: number;
  readonly #holds = new Set<Hold>();
  #sizeBytes = 0;

  constructor(sizeBytesMax: number) {
    this.#sizeBytesMax = sizeBytesMax;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** `drop` is called when the bound needs the room. `release` says that it is not kept any more; safe to repeat. */
  hold(sizeBytes: number, drop: () => void): { readonly release: () => void } {
    const hold: Hold = { sizeBytes, drop };
    this.#holds.add(hold);
    this.#sizeBytes += sizeBytes;
    for (const oldest of this.#holds) {
      if (this.#sizeBytes <= this.#sizeBytesMax || oldest === hold) break;
      this.#remove(oldest);
      oldest.drop();
    }
    return { release: () => this.#remove(hold) };
  }

  #remove(hold: Hold): void {
    if (this.#holds.delete(hold)) this.#sizeBytes -= hold.sizeBytes;
  }
}

type Hold = { readonly sizeBytes: number; readonly drop: () => void };
