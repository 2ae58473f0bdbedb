import { CborWriter } from './cbor-writer.ts';

/** Batches are cut from buffers of this size; one of a few hundred small messages fits several times. */
const BUFFER_BYTES = 65_536;

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
    this.#writer = new CborWriter({ bufferBytes: BUFFER_BYTES, sizeBytesMax });
    this.#head = head;
    this.#writer.out.raw(head);
  }

  /** Bytes of the values that are in it. */
  get sizeBytes(): number {
    return this.#writer.out.end - this.#head.length;
  }

  /**
   * Adds a value as it is, and returns the bytes it takes.
   * @throws OperatingError as `CborEncoder.encode` does. The batch is then what it was.
   */
  add(value: unknown): number {
    const start = this.#writer.out.end;
    this.#writer.write(value);
    return this.#writer.out.end - start;
  }

  /** Takes the last value out again, of which `add` said how many bytes it takes. */
  removeLast(sizeBytes: number): void {
    this.#writer.out.cut(this.#writer.out.end - sizeBytes);
  }

  /** The batch with its head. The bytes belong to the caller, and the next batch is empty. */
  take(): Buffer {
    const taken = this.#writer.out.take();
    this.#writer.out.raw(this.#head);
    return taken;
  }
}
