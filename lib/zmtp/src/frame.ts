/** Frames (RFC 37, "Framing"): a byte of flags, the size of the body in 1 or 8 bytes, the body. */

export const FLAG = { more: 1, long: 2, command: 4 } as const;
export const FLAGS_KNOWN = FLAG.more | FLAG.long | FLAG.command;
export const SHORT_BODY_BYTES_MAX = 255;
export const SHORT_HEADER_BYTES = 2;
export const LONG_HEADER_BYTES = 9;

export function headerBytes(bodyBytes: number): number {
  return bodyBytes > SHORT_BODY_BYTES_MAX ? LONG_HEADER_BYTES : SHORT_HEADER_BYTES;
}

/** Writes the header of a body of `bodyBytes` and returns where the body begins. `flags` are without `long`. */
export function writeHeader(target: Buffer, offset: number, flags: number, bodyBytes: number): number {
  if (bodyBytes <= SHORT_BODY_BYTES_MAX) {
    target[offset] = flags;
    target[offset + 1] = bodyBytes;
    return offset + SHORT_HEADER_BYTES;
  }
  target[offset] = flags | FLAG.long;
  target.writeUInt32BE(Math.floor(bodyBytes / 2 ** 32), offset + 1);
  target.writeUInt32BE(bodyBytes >>> 0, offset + 5);
  return offset + LONG_HEADER_BYTES;
}

/** One frame as bytes of its own, for what is rare: handshakes and heartbeats. */
export function encodeFrame(flags: number, body: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(headerBytes(body.length) + body.length);
  bytes.set(body, writeHeader(bytes, 0, flags, body.length));
  return bytes;
}
