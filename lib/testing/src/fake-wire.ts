import type { Clock, Random, Timer } from '@plumb/base';

/** How a network treats what is sent through it. */
export type WireOptions = {
  readonly clock: Clock;
  readonly random: Random;
  /** How long bytes are under way, drawn for each write. */
  readonly latencyMsMax: number;
  /** Bytes arrive in pieces: about so many at a time, now and then a few. */
  readonly pieceBytes: number;
  /** What is sent and not read: further writes wait. */
  readonly windowBytes: number;
};

/** Who reads at the end of a wire. */
export type WireEnd = {
  /** False while nothing more is to be handed over. */
  readonly isReading: () => boolean;
  readonly onBytes: (bytes: Buffer) => void;
  /** The sender has ended in good order, after its last bytes. */
  readonly onEnd: () => void;
  readonly onReset: (code: string) => void;
};

/** Who holds on to one side of a closed wire does not hold on to the other. */
const NOBODY: WireEnd = {
  isReading: () => false,
  onBytes: () => undefined,
  onEnd: () => undefined,
  onReset: () => undefined,
};

type Piece = { bytes: Buffer; readonly dueMs: number };

/** A wire carries few pieces of one large write, so that a schedule with large messages does not take for ever. */
const PIECES_OF_A_WRITE = 6;
const SMALL_PIECE_BYTES = 16;

/** One direction of a connection: what the sender's kernel took and the receiver's has not handed on yet. */
export class FakeWire {
  readonly #options: WireOptions;
  #end: WireEnd;
  readonly #queue: Piece[] = [];
  #sizeBytes = 0;
  #waiting: { readonly upToBytes: number; readonly onTaken: () => void }[] = [];
  #timer: Timer | undefined;
  #lastDueMs = 0;
  #state: 'open' | 'ending' | 'over' = 'open';
  #isHeld = false;
  #cut: { leftBytes: number; readonly onCut: () => void } | undefined;

  constructor(options: WireOptions, end: WireEnd) {
    this.#options = options;
    this.#end = end;
  }

  get isClosed(): boolean {
    return this.#end === NOBODY;
  }

  /** Bytes on their way. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** `onTaken` is called when the kernel has room for all of it. */
  write(bytes: Buffer, onTaken: () => void): void {
    if (this.#state !== 'open') return;
    this.#queue.push({ bytes: Buffer.from(bytes), dueMs: this.#nextDueMs() });
    this.#sizeBytes += bytes.length;
    this.#waiting.push({ upToBytes: this.#options.windowBytes, onTaken });
    this.#tellTaken();
    this.run();
  }

  /** The sender closes: what the kernel has still arrives, the rest is lost, then the end. */
  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#waiting = [];
    this.#keep(this.#options.windowBytes);
    this.#lastDueMs = this.#nextDueMs();
    this.run();
  }

  /** The sender closes, and nothing of what is on its way arrives. */
  reset(code: string): void {
    this.#end.onReset(code);
  }

  /** Nobody reads there any more. */
  close(): void {
    this.#state = 'over';
    this.#end = NOBODY;
    this.#timer?.cancel();
    this.#queue.length = 0;
    this.#sizeBytes = 0;
    this.#waiting = [];
  }

  /** Calls back when so many more bytes have arrived, and not one more. */
  cutAfter(leftBytes: number, onCut: () => void): void {
    this.#cut = { leftBytes, onCut };
  }

  /** Bytes stay where they are until it is released. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (!isHeld) return this.run();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Goes on, after the receiver wants more. */
  run(): void {
    if (this.#timer !== undefined || this.#isHeld || this.#state === 'over' || !this.#end.isReading()) return;
    const dueMs = this.#queue[0]?.dueMs ?? (this.#state === 'ending' ? this.#lastDueMs : undefined);
    if (dueMs === undefined) return;
    this.#timer = this.#options.clock.after(dueMs - this.#options.clock.monotonicMs(), () => this.#arrive());
  }

  #arrive(): void {
    this.#timer = undefined;
    const bytes = this.#take();
    if (bytes.length > 0) this.#end.onBytes(bytes);
    if (this.#cut?.leftBytes === 0) return this.#cut.onCut();
    this.#tellTaken();
    if (this.#queue.length === 0 && this.#state === 'ending') {
      this.#state = 'over';
      return this.#end.onEnd();
    }
    this.run();
  }

  /** Some of what is due, in order. */
  #take(): Buffer {
    const nowMs = this.#options.clock.monotonicMs();
    let [dueBytes, dueCount] = [0, 0];
    for (; (this.#queue[dueCount]?.dueMs ?? Infinity) <= nowMs; dueCount += 1) {
      dueBytes += this.#queue[dueCount]?.bytes.length ?? 0;
    }
    let wantedBytes = Math.min(this.#drawPieceBytes(dueBytes), this.#cut?.leftBytes ?? Infinity);
    if (this.#cut !== undefined) this.#cut.leftBytes -= wantedBytes;
    const taken: Buffer[] = [];
    this.#sizeBytes -= wantedBytes;
    while (wantedBytes > 0) {
      const piece = this.#queue[0] as Piece;
      taken.push(piece.bytes.subarray(0, wantedBytes));
      const rest = piece.bytes.subarray(wantedBytes);
      wantedBytes -= piece.bytes.length - rest.length;
      if (rest.length === 0) this.#queue.shift();
      else piece.bytes = rest;
    }
    return taken.length === 1 ? (taken[0] as Buffer) : Buffer.concat(taken);
  }

  #drawPieceBytes(dueBytes: number): number {
    const { random, pieceBytes } = this.#options;
    const usual = Math.max(pieceBytes, Math.ceil(dueBytes / PIECES_OF_A_WRITE));
    const most = random.float() < 0.25 ? SMALL_PIECE_BYTES : usual;
    return Math.min(dueBytes, 1 + Math.floor(random.float() * most));
  }

  /** In order, however long each is under way. */
  #nextDueMs(): number {
    const { clock, random, latencyMsMax } = this.#options;
    const dueMs = clock.monotonicMs() + Math.floor(random.float() * (latencyMsMax + 1));
    this.#lastDueMs = Math.max(this.#lastDueMs, dueMs);
    return this.#lastDueMs;
  }

  #tellTaken(): void {
    while (this.#waiting.length > 0 && this.#sizeBytes <= (this.#waiting[0]?.upToBytes ?? 0)) {
      this.#waiting.shift()?.onTaken();
    }
  }

  #keep(bytesMax: number): void {
    while (this.#sizeBytes > bytesMax) {
      const last = this.#queue.at(-1) as Piece;
      const tooMany = Math.min(last.bytes.length, this.#sizeBytes - bytesMax);
      last.bytes = last.bytes.subarray(0, last.bytes.length - tooMany);
      this.#sizeBytes -= tooMany;
      if (last.bytes.length === 0) this.#queue.pop();
    }
  }
}
