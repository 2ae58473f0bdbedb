/** Writes the numbers and pieces of one sealed record one after the other. The counterpart of `RecordReader`. */
import type { EngineWrite } from './kv-engine.ts';
import { CHECKSUM_SIZE_BYTES, checksum } from './sealed-record.ts';

const U32_RANGE = 2 ** 32;
/** A UTF-16 unit takes at most that many bytes. */
const UTF8_UNIT_BYTES_MAX = 3;

export class RecordWriter {
  readonly #key: Buffer;
  #bytes: Buffer;
  #size = CHECKSUM_SIZE_BYTES;

  /** `sizeBytes` is about what will be written; a writer that guessed too low grows. */
  constructor(name: string, sizeBytes: number) {
    this.#key = Buffer.from(name);
    this.#bytes = Buffer.allocUnsafe(CHECKSUM_SIZE_BYTES + sizeBytes);
  }

  /** Bytes that are written so far. */
  get size(): number {
    return this.#size;
  }

  u16(value: number): void {
    this.#size = this.#room(2).writeUInt16LE(value, this.#size);
  }

  u32(value: number): void {
    this.#size = this.#room(4).writeUInt32LE(value, this.#size);
  }

  /** A safe integer. Twice as fast in halves as through a bigint. */
  u64(value: number): void {
    const bytes = this.#room(8);
    bytes.writeUInt32LE(value % U32_RANGE, this.#size);
    this.#size = bytes.writeUInt32LE(Math.floor(value / U32_RANGE), this.#size + 4);
  }

  text(text: string): void {
    this.#size += this.#room(text.length * UTF8_UNIT_BYTES_MAX).write(text, this.#size);
  }

  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length).set(bytes, this.#size);
    this.#size += bytes.length;
  }

  /** Writes `value` over the u32 at `at`. */
  u32At(at: number, value: number): void {
    this.#bytes.writeUInt32LE(value, at);
  }

  /** The record; the writer is of no use after it. */
  finish(): EngineWrite {
    const value = this.#bytes.subarray(0, this.#size);
    value.writeUInt32LE(checksum(this.#key, value.subarray(CHECKSUM_SIZE_BYTES)), 0);
    return { key: this.#key, value };
  }

  #room(size: number): Buffer {
    if (this.#size + size > this.#bytes.length) {
      const larger = Buffer.allocUnsafe((this.#size + size) * 2);
      larger.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = larger;
    }
    return this.#bytes;
  }
}
