/** Bytes that are no message of protocol buffers. */
export class WireError extends Error {}

/** Bytes of a varint whose value a number holds exactly. */
const EXACT_BYTES_MAX = 7;
const VARINT_BYTES_MAX = 10;

/** Reads the parts of a message of protocol buffers. Everything throws a WireError where the bytes end too early. */
export class WireReader {
  position = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#bytes.byteLength;
  }

  /** A signed number, rounded beyond 2⁵³. */
  number(): number {
    const start = this.position;
    let value = 0;
    let factor = 1;
    for (let index = 0; index < EXACT_BYTES_MAX; index += 1) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    this.position = start;
    return Number(BigInt.asIntN(64, this.unsigned()));
  }

  /** 64 bits; of longer ones the rest is left out. */
  unsigned(): bigint {
    let value = 0n;
    for (let index = 0; index < VARINT_BYTES_MAX; index += 1) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new WireError(`a number at byte ${this.position} has more than ${VARINT_BYTES_MAX} bytes`);
  }

  /** The end of what is announced to be so and so long. */
  end(): number {
    const length = this.number();
    const end = this.position + length;
    if (length < 0 || end > this.#bytes.byteLength) {
      throw new WireError(`${length} bytes are announced at byte ${this.position}, and ${this.#rest()} are there`);
    }
    return end;
  }

  bytes(): Uint8Array {
    const end = this.end();
    const bytes = this.#bytes.subarray(this.position, end);
    this.position = end;
    return bytes;
  }

  /** Passes over a value of a field that nobody knows. */
  skip(wireType: number): void {
    switch (wireType) {
      case 0:
        this.unsigned();
        return;
      case 1:
        return this.#pass(8);
      case 2:
        this.position = this.end();
        return;
      case 5:
        return this.#pass(4);
      default:
        throw new WireError(`there is no wire type ${wireType}, at byte ${this.position}`);
    }
  }

  #pass(count: number): void {
    if (this.#rest() < count) throw new WireError(`the message ends within a value at byte ${this.position}`);
    this.position += count;
  }

  #rest(): number {
    return this.#bytes.byteLength - this.position;
  }

  #byte(): number {
    const byte = this.#bytes[this.position];
    if (byte === undefined) throw new WireError(`the message ends within a number at byte ${this.position}`);
    this.position += 1;
    return byte;
  }
}
