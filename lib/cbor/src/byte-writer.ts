/** A buffer that grows, and the forms of CBOR that have nothing below them: heads, numbers, text, bytes. */
import { OperatingError } from '@plumb/base';

/** The buffer always has this much room beyond the end, so that heads and short texts are written unchecked. */
const ROOM_BYTES = 64;

/** Longer texts are written by the engine: a call into it costs what about so many characters of a loop do. */
const LOOP_LENGTH_MAX = 16;

/** The first buffer. */
const BUFFER_BYTES_MIN = 8_192;

/** Much of what is taken is cut from one buffer up to this size, that of the pool of `Buffer.from`. */
const BUFFER_BYTES_MAX = 65_536;

/** How many of what was taken last the next buffer is for. */
const CUTS = 16;

/** Something large is often followed by something small: for that a large buffer has this part of it as room. */
const LARGE_ROOM = 1 / 8;

/** Buffers that were given back. More than anybody has under way who is not held back by something else. */
const SPARES_MAX = 8;

const NOTHING = Buffer.alloc(0);

/** Positions count from what was taken last. */
export class ByteWriter {
  readonly #sizeBytesMax: number;
  #bytes: Buffer = NOTHING;
  #view: DataView = viewOf(NOTHING);
  /** `#bytes.length - ROOM_BYTES`: beyond it the buffer grows. */
  #fullAt = -1;
  #start = 0;
  #end = 0;
  #lastTakenBytes = 0;
  /** The last is the next. Held weakly: a writer that does nothing keeps no memory. */
  readonly #spares: WeakRef<ArrayBuffer>[] = [];

  /** What is taken at once is at most `sizeBytesMax`; more is refused before the memory for it is asked for. */
  constructor(sizeBytesMax: number) {
    this.#sizeBytesMax = sizeBytesMax;
  }

  get end(): number {
    return this.#end - this.#start;
  }

  /** Forgets what was written after `end`; where that is all, the memory as well that something large was given. */
  cut(end: number): void {
    this.#end = this.#start + end;
    if (end === 0 && this.#bytes.length > BUFFER_BYTES_MAX) this.#forget();
  }

  /** All that was written. It is not written to again: the writer begins anew behind it. */
  take(): Buffer {
    const taken = this.#bytes.subarray(this.#start, this.#end);
    this.#start = this.#end;
    this.#lastTakenBytes = taken.length;
    if (this.#bytes.length <= BUFFER_BYTES_MAX) return taken;
    const { length } = this.#bytes;
    this.#forget();
    // Much of the buffer is empty, which whoever keeps the bytes would keep too.
    return taken.length * 4 < length * 3 ? Buffer.from(taken) : taken;
  }

  /** Gives back what was taken, to be written over. Without effect where it is small. */
  reuse({ buffer, byteOffset }: Buffer): void {
    if (byteOffset !== 0 || buffer.byteLength <= BUFFER_BYTES_MAX || !(buffer instanceof ArrayBuffer)) return;
    this.#spares.push(new WeakRef(buffer));
    if (this.#spares.length > SPARES_MAX) this.#spares.shift();
  }

  byte(byte: number): void {
    if (this.#end > this.#fullAt) this.#grow(ROOM_BYTES);
    this.#bytes[this.#end++] = byte;
  }

  /** A major type with its count or value, in the shortest form. */
  head(major: number, count: number): void {
    if (this.#end > this.#fullAt) this.#grow(ROOM_BYTES);
    this.#end = this.#putHead(major, count, this.#end);
  }

  /** Corrects a head that was written as one byte at `position`, once its count is known. */
  setCount(position: number, major: number, count: number): void {
    if (count < 24) {
      this.#bytes[this.#start + position] = major | count;
      return;
    }
    if (this.#end > this.#fullAt) this.#grow(ROOM_BYTES);
    const head = this.#start + position;
    const moreBytes = headBytes(count) - 1;
    this.#bytes.copyWithin(head + 1 + moreBytes, head + 1, this.#end);
    this.#putHead(major, count, head);
    this.#end += moreBytes;
  }

  number(value: number): void {
    if (value >= 0 && value < 24 && Number.isInteger(value) && !Object.is(value, -0)) this.byte(value);
    else if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      if (value >= 0) this.head(0x00, value);
      else this.head(0x20, -1 - value);
    } else this.float(value);
  }

  float(value: number): void {
    if (this.#end > this.#fullAt) this.#grow(ROOM_BYTES);
    this.#bytes[this.#end] = 0xfb;
    this.#view.setFloat64(this.#end + 1, value);
    this.#end += 9;
  }

  text(text: string): void {
    const { length } = text;
    if (length > LOOP_LENGTH_MAX) return this.#longText(text);
    if (this.#end > this.#fullAt) this.#grow(ROOM_BYTES);
    const bytes = this.#bytes;
    const start = this.#end + 1;
    for (let i = 0; i < length; i += 1) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) return this.#longText(text);
      bytes[start + i] = unit;
    }
    bytes[start - 1] = 0x60 | length;
    this.#end = start + length;
  }

  bytes(bytes: Uint8Array): void {
    this.head(0x40, bytes.length);
    this.raw(bytes);
  }

  raw(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#fullAt) this.#grow(bytes.length + ROOM_BYTES);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  #longText(text: string): void {
    const { length } = text;
    if (this.#end + length * 3 > this.#fullAt) {
      // There may be room for it all the same.
      const textBytes = Buffer.byteLength(text);
      if (this.#end + textBytes > this.#fullAt) this.#grow(textBytes + ROOM_BYTES);
    }
    const guess = headBytes(length);
    const sizeBytes = this.#bytes.write(text, this.#end + guess, 'utf8');
    const actual = headBytes(sizeBytes);
    // Written where the head of an ASCII text ends; a text of other characters may need a longer head.
    if (actual !== guess) {
      this.#bytes.copyWithin(this.#end + actual, this.#end + guess, this.#end + guess + sizeBytes);
    }
    this.#end = this.#putHead(0x60, sizeBytes, this.#end) + sizeBytes;
  }

  /** Returns where the head ends. */
  #putHead(major: number, count: number, at: number): number {
    const bytes = this.#bytes;
    if (count < 24) {
      bytes[at] = major | count;
      return at + 1;
    }
    if (count < 0x1_00) {
      bytes[at] = major | 24;
      bytes[at + 1] = count;
      return at + 2;
    }
    if (count < 0x1_0000) {
      bytes[at] = major | 25;
      bytes[at + 1] = count >> 8;
      bytes[at + 2] = count;
      return at + 3;
    }
    if (count < 0x1_0000_0000) {
      bytes[at] = major | 26;
      this.#view.setUint32(at + 1, count);
      return at + 5;
    }
    bytes[at] = major | 27;
    this.#view.setUint32(at + 1, Math.floor(count / 0x1_0000_0000));
    this.#view.setUint32(at + 5, count >>> 0);
    return at + 9;
  }

  /** Room for so many bytes more, in a buffer without what was taken. */
  #grow(moreBytes: number): void {
    const written = this.#bytes.subarray(this.#start, this.#end);
    const needed = written.length + moreBytes;
    const sizeBytesMax = this.#sizeBytesMax;
    if (needed > sizeBytesMax + 2 * ROOM_BYTES) {
      const advice = `at most ${sizeBytesMax} can be written: send less at a time`;
      throw new OperatingError('exhausted', `there are more than ${needed - 2 * ROOM_BYTES} bytes: ${advice}`);
    }
    const usual = Math.min(Math.max(this.#lastTakenBytes * CUTS, BUFFER_BYTES_MIN), BUFFER_BYTES_MAX);
    const sizeBytes = Math.max(needed, usual, written.length * 2);
    this.#bytes = sizeBytes > BUFFER_BYTES_MAX ? this.#largeBuffer(sizeBytes) : Buffer.allocUnsafeSlow(sizeBytes);
    this.#bytes.set(written);
    this.#view = viewOf(this.#bytes);
    this.#fullAt = this.#bytes.length - ROOM_BYTES;
    this.#start = 0;
    this.#end = written.length;
  }

  /** Memory of the system that was not used before costs more than the bytes that are written to it. */
  #largeBuffer(sizeBytesMin: number): Buffer {
    const sizeBytes = Math.ceil(sizeBytesMin * (1 + LARGE_ROOM));
    for (let spare = this.#spares.pop(); spare !== undefined; spare = this.#spares.pop()) {
      const memory = spare.deref();
      // A much larger one would be copied when it is taken; one that is too small is not asked for again soon.
      if (memory === undefined || memory.byteLength < sizeBytesMin) continue;
      if (memory.byteLength <= sizeBytes * (1 + LARGE_ROOM)) return Buffer.from(memory);
    }
    return Buffer.allocUnsafeSlow(sizeBytes);
  }

  #forget(): void {
    this.#bytes = NOTHING;
    this.#view = viewOf(NOTHING);
    this.#fullAt = -1;
    this.#start = 0;
    this.#end = 0;
  }
}

function headBytes(count: number): number {
  if (count < 24) return 1;
  if (count < 0x1_00) return 2;
  if (count < 0x1_0000) return 3;
  return count < 0x1_0000_0000 ? 5 : 9;
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
