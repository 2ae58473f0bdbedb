/**
 * Copies of many small values, side by side in shared blocks: a buffer of its own costs a small value more than its bytes,
 * in time and in memory. A block stays as long as one of its values does, so what is loaded once and then replaced bit by
 * bit takes at most twice its size.
 */

const BLOCK_SIZE_BYTES = 65_536;
/** Larger values get a buffer of their own: for them it costs little, and they would leave blocks half empty. */
const SHARED_SIZE_BYTES_MAX = 4_096;

export class ValueSlab {
  #block = new ArrayBuffer(0);
  #used = 0;

  /** Not a view of `bytes`. */
  readonly copy = (bytes: Uint8Array): Uint8Array => {
    const { length } = bytes;
    if (length > SHARED_SIZE_BYTES_MAX) return new Uint8Array(bytes);
    if (this.#used + length > this.#block.byteLength) {
      this.#block = new ArrayBuffer(BLOCK_SIZE_BYTES);
      this.#used = 0;
    }
    const copied = new Uint8Array(this.#block, this.#used, length);
    copied.set(bytes);
    this.#used += length;
    return copied;
  };
}
