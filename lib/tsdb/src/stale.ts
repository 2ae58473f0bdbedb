/**
 * The staleness marker of Prometheus (model/value): a NaN with the payload 0x7ff0000000000002 that says "this series ended
 * here". It is told from other NaNs by its bits, and JavaScript may rewrite a NaN's bits when it is held as a plain number,
 * so it is only ever read from and written into the memory of a `Float64Array`.
 */

const STALE_BITS_HIGH = 0x7ff0_0000;
const STALE_BITS_LOW = 0x0000_0002;

/** Writes the marker at `index`. */
export function setStale(values: Float64Array, index: number): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset + index * 8, 2);
  bits[0] = STALE_BITS_LOW;
  bits[1] = STALE_BITS_HIGH;
}

export function isStale(values: Float64Array, index: number): boolean {
  const bits = new Uint32Array(values.buffer, values.byteOffset + index * 8, 2);
  return bits[0] === STALE_BITS_LOW && bits[1] === STALE_BITS_HIGH;
}
