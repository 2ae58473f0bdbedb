/**
 * Frames out of a stream of bytes, however it is cut. A body that lies within one chunk is a view of it; one that does
 * not is gathered in a buffer that grows as its bytes come, so that an announced size alone takes no memory.
 */
import { assert } from '@plumb/base';
import { FLAG, FLAGS_KNOWN, LONG_HEADER_BYTES, SHORT_HEADER_BYTES } from './frame.ts';
import { protocolFault } from './protocol-fault.ts';

/** What a body that is still coming gets first. About one read from a socket. */
const GATHER_BYTES_MIN = 65_536;
/**
 * It grows by this: each growth copies what is there. A body has at most twice this of what has come of it, of which the
 * system has given only what was written to.
 */
const GATHER_GROWTH = 16;

/** `body` is the receiver's; false stops the reader until `resume`. */
export type OnFrame = (flags: number, body: Buffer) => boolean;

type Gathering = { readonly flags: number; readonly size: number; body: Buffer; filled: number };

export class FrameReader {
  readonly #onFrame: OnFrame;
  #bodyBytesMax: number;
  /** What was not read: a part of a header, or everything behind the frame at which the receiver stopped us. */
  #rest: Buffer | undefined;
  #gathering: Gathering | undefined;
  #isStopped = false;

  constructor(bodyBytesMax: number, onFrame: OnFrame) {
    this.#bodyBytesMax = bodyBytesMax;
    this.#onFrame = onFrame;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Holds for frames whose header comes after this. */
  limit(bodyBytesMax: number): void {
    this.#bodyBytesMax = bodyBytesMax;
  }

  /** `chunk` belongs to the reader from then on. @throws OperatingError `invalid`; the reader is of no use after that. */
  push(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    if (this.#isStopped) this.#rest = bytes;
    else this.#read(bytes);
  }

  /**
   * Where the next bytes are best read to, since they are then where they belong: what is left of the body that is being
   * gathered. Undefined where there is none.
   */
  get room(): Buffer | undefined {
    const frame = this.#gathering;
    if (frame === undefined || this.#isStopped) return undefined;
    if (frame.filled === frame.body.length) grow(frame, frame.filled + 1);
    return frame.body.subarray(frame.filled);
  }

  /** The first `count` bytes of `room` were read, and nothing was pushed since. Throws as `push` does. */
  advance(count: number): void {
    const frame = this.#gathering;
    assert(frame !== undefined && frame.filled + count <= frame.body.length, 'what was read has its room');
    this.#fill(frame, count);
  }

  /** Goes on with what had been kept; true unless it was stopped again. */
  resume(): boolean {
    this.#isStopped = false;
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest !== undefined) this.#read(rest);
    return !this.#isStopped;
  }

  #read(bytes: Buffer): void {
    const end = bytes.length;
    let at = this.#gathering === undefined ? 0 : this.#gather(this.#gathering, bytes, 0);
    while (at < end && !this.#isStopped) {
      const flags = bytes[at] as number;
      checkFlags(flags);
      const isLong = (flags & FLAG.long) !== 0;
      const start = at + (isLong ? LONG_HEADER_BYTES : SHORT_HEADER_BYTES);
      if (start > end) break;
      const size = isLong
        ? bytes.readUInt32BE(at + 1) * 2 ** 32 + bytes.readUInt32BE(at + 5)
        : (bytes[at + 1] as number);
      if (size > this.#bodyBytesMax) throw protocolFault(`a frame of ${size} bytes, above ${this.#bodyBytesMax}`);
      at = start + size;
      if (at > end) {
        const body = Buffer.allocUnsafe(Math.min(size, Math.max(GATHER_BYTES_MIN, end - start)));
        this.#gathering = { flags, size, body, filled: 0 };
        at = this.#gather(this.#gathering, bytes, start);
      } else {
        this.#isStopped = !this.#onFrame(flags, bytes.subarray(start, at));
      }
    }
    if (at < end) this.#rest = bytes.subarray(at);
  }

  /** Returns where the frame, or else the chunk, ended. */
  #gather(frame: Gathering, bytes: Buffer, start: number): number {
    const end = Math.min(bytes.length, start + frame.size - frame.filled);
    const filled = frame.filled + end - start;
    if (filled > frame.body.length) grow(frame, filled);
    bytes.copy(frame.body, frame.filled, start, end);
    this.#fill(frame, end - start);
    return end;
  }

  #fill(frame: Gathering, count: number): void {
    frame.filled += count;
    if (frame.filled < frame.size) return;
    this.#gathering = undefined;
    this.#isStopped = !this.#onFrame(frame.flags, frame.body);
  }
}

function grow(frame: Gathering, bytesMin: number): void {
  const next = Math.max(bytesMin, GATHER_GROWTH * frame.body.length);
  // Rather all of it than another copy for the rest.
  const larger = Buffer.allocUnsafeSlow(next * 2 >= frame.size ? frame.size : next);
  larger.set(frame.body.subarray(0, frame.filled));
  frame.body = larger;
}

function checkFlags(flags: number): void {
  if ((flags & ~FLAGS_KNOWN) !== 0) throw protocolFault(`a frame with flags ${flags}, of which some are reserved`);
  if ((flags & FLAG.command) !== 0 && (flags & FLAG.more) !== 0) throw protocolFault('a command in several frames');
}
