import { OperatingError } from '@plumb/base';

/** The memory of smaller frames is not worth it, and their number would be large. */
const REUSED_BYTES_MIN = 65_536;

type UnreadFrame = { readonly memory: WeakRef<Buffer>; readonly endsAt: number };

/**
 * What was sent and not yet read by the other side, by its receipts. The memory of large frames is used again after that;
 * it is held weakly, so that frames whose receipt takes long keep none.
 */
export class UnreadFrames {
  readonly #reuse: (frame: Buffer) => void;
  readonly #frames: UnreadFrame[] = [];
  #sentBytes = 0;
  #readBytes = 0;

  constructor(reuse: (frame: Buffer) => void) {
    this.#reuse = reuse;
  }

  get sizeBytes(): number {
    return this.#sentBytes - this.#readBytes;
  }

  add(frame: Buffer): void {
    this.#sentBytes += frame.length;
    if (frame.length >= REUSED_BYTES_MIN) {
      this.#frames.push({ memory: new WeakRef(frame), endsAt: this.#sentBytes });
    }
  }

  /** The other side has read `sizeBytes` more. @throws OperatingError `invalid` where that is more than was sent. */
  take(sizeBytes: number): void {
    if (sizeBytes > this.sizeBytes) throw new OperatingError('invalid', 'a receipt for more than was sent');
    this.#readBytes += sizeBytes;
    for (let next = this.#frames[0]; next !== undefined && next.endsAt <= this.#readBytes; next = this.#frames[0]) {
      this.#frames.shift();
      const frame = next.memory.deref();
      if (frame !== undefined) this.#reuse(frame);
    }
  }
}
