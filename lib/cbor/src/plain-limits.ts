/** The bounds of plain values, the same for whoever writes, reads, copies or checks them. */

/** Values nested deeper are taken for a cycle. */
export const PLAIN_DEPTH_MAX = 128;

/** Of one big integer; arithmetic on greater ones is a way to keep a processor busy. */
export const BIGINT_BYTES_MAX = 1_024;

/** The greatest magnitude of a big integer, and of `-1 - n` for a negative one. */
export const BIGINT_MAX: bigint = 2n ** BigInt(8 * BIGINT_BYTES_MAX) - 1n;
