import { CborWriter } from './cbor-writer.ts';

export type CborBatchOptions = {
  /** Each batch begins with these bytes, which are not CBOR: the head of a frame. */
  readonly head: Uint8Array;
  /** Of a batch with its head; a value that would make it larger is refused with `exhausted`. */
  readonly sizeBytesMax: number;
};

/** Collects values as a CBOR sequence (RFC 8742) behind a head, without a copy on the way out. Not reentrant. */
export class CborBatch {
  readonly #writer: CborWriter;
  readonly #head: Uint8Array;

  constructor({ head, sizeBytesMax }: CborBatchOptions) {
    this.#writer = new CborWriter(sizeBytesMax);
    this.#head = head;
  }

  /** Bytes of the values that are in it. */
  get sizeBytes(): number {
    return Math.max(0, this.#writer.out.end - this.#head.length);
  }

  /**
   * Adds a value as it is, and returns the bytes it takes.
   * @throws OperatingError as `CborEncoder.encode` does. The batch is then what it was.
   */
  add(value: unknown): number {
    return this.#added(() => this.#writer.write(value));
  }

  /**
   * Adds `fields` and behind them one more, whose value is `encoded` already.
   * @throws OperatingError as `add` does.
   */
  addWith(fields: object, key: string, encoded: Uint8Array): number {
    return this.#added(() => this.#writer.writeWith(fields, key, encoded));
  }

  /** Takes the last value out again, of which `add` said how many bytes it takes. */
  removeLast(sizeBytes: number): void {
    this.#writer.out.cut(this.#writer.out.end - sizeBytes);
    this.#letGo();
  }

  /** The batch with its head. The bytes belong to the caller, and the next batch is empty. */
  take(): Buffer {
    this.#begin();
    return this.#writer.out.take();
  }

  /** Gives back what `take` returned, to be written over. Safe to leave out; it saves memory for batches above 64 KiB. */
  reuse(taken: Buffer): void {
    this.#writer.out.reuse(taken);
  }

  #added(write: () => void): number {
    const start = this.#begin();
    try {
      write();
    } catch (error) {
      this.#letGo();
      throw error;
    }
    return this.#writer.out.end - start;
  }

  /** An empty batch keeps no memory that something large was given. */
  #letGo(): void {
    if (this.sizeBytes === 0) this.#writer.out.cut(0);
  }

  /** Returns where the next value begins. */
  #begin(): number {
    const { out } = this.#writer;
    if (out.end === 0) out.raw(this.#head);
    return out.end;
  }
}
