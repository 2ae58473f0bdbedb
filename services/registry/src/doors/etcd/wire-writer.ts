/** Writes a message of protocol buffers into bytes whose number is known. */
export class WireWriter {
  readonly bytes: Buffer;
  #position = 0;

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafe(size);
  }

  /** A whole number; one below 0 takes the ten bytes of its two's complement. */
  varint(value: number | bigint): void {
    if (typeof value === 'bigint' || value < 0 || value > Number.MAX_SAFE_INTEGER) return this.#wide(value);
    let rest = value;
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) this.bytes[this.#position++] = (rest % 128) | 0x80;
    this.bytes[this.#position++] = rest;
  }

  lengthAndBytes(bytes: Uint8Array): void {
    this.varint(bytes.byteLength);
    this.bytes.set(bytes, this.#position);
    this.#position += bytes.byteLength;
  }

  #wide(value: number | bigint): void {
    let rest = toUnsigned(value);
    for (; rest > 0x7fn; rest >>= 7n) this.bytes[this.#position++] = Number(rest & 0x7fn) | 0x80;
    this.bytes[this.#position++] = Number(rest);
  }
}

export function lengthOfVarint(value: number | bigint): number {
  let length = 1;
  if (typeof value === 'bigint' || value < 0 || value > Number.MAX_SAFE_INTEGER) {
    for (let rest = toUnsigned(value); rest > 0x7fn; rest >>= 7n) length += 1;
    return length;
  }
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) length += 1;
  return length;
}

function toUnsigned(value: number | bigint): bigint {
  return BigInt.asUintN(64, BigInt(value));
}
