/** Where the reader is in some bytes, and the forms of CBOR that have nothing below them: counts, numbers, text, bytes. */
import { OperatingError } from '@plumb/base';
import { readText } from './read-text.ts';

const BREAK = 0xff;
/** The detail of a head whose length is not given: parts or items follow until a break. */
export const INDEFINITE = 31;

const NOTHING = Buffer.alloc(0);

/** Nothing is made of a length before there are the bytes for it. Every method throws `invalid` where they end too early. */
export class ByteReader {
  bytes: Buffer = NOTHING;
  #position = 0;
  /** Made where a number needs it, which costs as much as reading ten numbers otherwise. */
  #view: DataView | undefined;

  /** Starts at `position` of `bytes`, without copying them. */
  open(bytes: Uint8Array, position: number): void {
    this.bytes = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#position = position;
    this.#view = undefined;
  }

  /** Lets go of the bytes: what was read of a frame must not keep all of it in memory. */
  close(): void {
    this.open(NOTHING, 0);
  }

  get isAtEnd(): boolean {
    return this.#position >= this.bytes.length;
  }

  byte(): number {
    const at = this.#position;
    if (at >= this.bytes.length) throw malformed('it ends too early');
    this.#position = at + 1;
    return this.bytes[at] as number;
  }

  /** The next byte, which stays the next. */
  peek(): number {
    const at = this.#position;
    if (at >= this.bytes.length) throw malformed('it ends too early');
    return this.bytes[at] as number;
  }

  /** Moves on, and returns where the skipped bytes begin. */
  skip(sizeBytes: number): number {
    const start = this.#position;
    if (sizeBytes > this.bytes.length - start) throw malformed('it ends too early');
    this.#position = start + sizeBytes;
    return start;
  }

  /** Whether a break comes next, which is then behind. */
  isBreak(): boolean {
    if (this.peek() !== BREAK) return false;
    this.skip(1);
    return true;
  }

  /** The detail of a head that must be of `major`. */
  head(major: number, otherwise: string): number {
    const byte = this.byte();
    if (byte >> 5 !== major) throw malformed(otherwise);
    return byte & 0x1f;
  }

  /** What a head with `detail` counts; a bigint above 2^53 - 1. */
  count(detail: number): number | bigint {
    if (detail < 24) return detail;
    switch (detail) {
      case 24:
        return this.byte();
      case 25:
        return this.uint16(this.skip(2));
      case 26:
        return this.uint32(this.skip(4));
      case 27: {
        const at = this.skip(8);
        const high = this.uint32(at);
        return high < 0x20_0000 ? high * 0x1_0000_0000 + this.uint32(at + 4) : this.view().getBigUint64(at);
      }
      default:
        throw malformed('a length is not known');
    }
  }

  length(detail: number): number {
    const count = this.count(detail);
    if (typeof count === 'bigint') throw malformed('a length is out of range');
    return count;
  }

  /** How many items follow: never more than there are bytes for. */
  itemCount(detail: number, itemBytesMin: number): number {
    const count = this.length(detail);
    if (count * itemBytesMin > this.bytes.length - this.#position) throw malformed('it ends too early');
    return count;
  }

  text(detail: number): string {
    if (detail === INDEFINITE) return this.#parts(3).toString('utf8');
    const length = this.length(detail);
    return readText(this.bytes, this.skip(length), length);
  }

  /** A copy, so that a small value does not keep a whole message in memory. */
  byteString(detail: number): Uint8Array<ArrayBuffer> {
    if (detail === INDEFINITE) return new Uint8Array(this.#parts(2));
    const length = this.length(detail);
    const start = this.skip(length);
    return new Uint8Array(this.bytes.subarray(start, start + length));
  }

  /** Like `byteString`, but a view where it has `viewBytesMin` or more and is most of the memory that it is in. */
  byteView(detail: number, viewBytesMin: number): Uint8Array {
    if (detail === INDEFINITE) return this.byteString(detail);
    const length = this.length(detail);
    const start = this.skip(length);
    const { bytes } = this;
    if (length >= viewBytesMin && length * 2 > bytes.buffer.byteLength) {
      return new Uint8Array(bytes.buffer, bytes.byteOffset + start, length);
    }
    return new Uint8Array(bytes.subarray(start, start + length));
  }

  uint16(at: number): number {
    const { bytes } = this;
    return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  }

  uint32(at: number): number {
    return this.uint16(at) * 0x1_0000 + this.uint16(at + 2);
  }

  float64(): number {
    return this.view().getFloat64(this.skip(8));
  }

  float32(): number {
    return this.view().getFloat32(this.skip(4));
  }

  float16(): number {
    return this.view().getFloat16(this.skip(2));
  }

  /**
   * Reads numbers into `items` from the index `first` on, and returns the index behind them: `count`, or that of the first
   * item that is something else, is a negative whole number, or ends too early.
   */
  numbers(items: unknown[], first: number, count: number): number {
    const { bytes } = this;
    const view = this.view();
    const end = bytes.length;
    let at = this.#position;
    let i = first;
    for (; i < count && at < end; i += 1) {
      const byte = bytes[at] as number;
      if (byte < 0x18) {
        items[i] = byte;
        at += 1;
      } else if (byte === 0x18 && at + 2 <= end) {
        items[i] = bytes[at + 1];
        at += 2;
      } else if (byte === 0x19 && at + 3 <= end) {
        items[i] = view.getUint16(at + 1);
        at += 3;
      } else if (byte === 0x1a && at + 5 <= end) {
        items[i] = view.getUint32(at + 1);
        at += 5;
      } else if (byte === 0xfb && at + 9 <= end) {
        items[i] = view.getFloat64(at + 1);
        at += 9;
      } else break;
    }
    this.#position = at;
    return i;
  }

  view(): DataView {
    this.#view ??= new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    return this.#view;
  }

  #parts(major: number): Buffer {
    const parts: Buffer[] = [];
    while (!this.isBreak()) {
      const length = this.length(this.head(major, 'a string in parts holds something else'));
      const start = this.skip(length);
      parts.push(this.bytes.subarray(start, start + length));
    }
    return Buffer.concat(parts);
  }
}

export function malformed(why: string): OperatingError {
  return new OperatingError('invalid', `the bytes are not readable CBOR: ${why}`);
}
