import { Duplex } from 'node:stream';
import { FakeWire, type WireOptions } from './fake-wire.ts';

/** What its process does with what comes for it: at once, later while it is stopped, never once it is killed. */
export type Deliver = (run: () => void) => void;

export type FakeSocketOptions = {
  readonly deliver: Deliver;
  readonly wire: WireOptions;
  readonly remotePort: number;
  /** Called once, when it is closed or its process is gone. */
  readonly onGone: (socket: FakeSocket) => void;
};

/** What a `net.Socket` is to its users, on a wire in memory. */
export class FakeSocket extends Duplex {
  connecting = true;
  readonly remoteAddress = '10.0.0.1';
  readonly remotePort: number;
  /** TCP's own probes are on. */
  isProbing = false;
  readonly #options: FakeSocketOptions;
  /** What comes in. */
  readonly #incoming: FakeWire;
  /** Undefined until the kernels of both sides have agreed. */
  #outgoing: FakeWire | undefined;
  #early: (() => void) | undefined;
  #heldBytes = 0;
  #isWanting = false;
  #isGone = false;

  constructor(options: FakeSocketOptions) {
    super({ allowHalfOpen: false });
    this.#options = options;
    this.remotePort = options.remotePort;
    this.#incoming = new FakeWire(options.wire, {
      isReading: () => this.#isWanting && this.#heldBytes < options.wire.windowBytes,
      onBytes: (bytes) => this.#receive(bytes),
      onEnd: () =>
        options.deliver(() => {
          if (!this.destroyed) this.push(null);
        }),
      onReset: (code) => this.break(code),
    });
  }

  /** What the other side writes to. */
  get incoming(): FakeWire {
    return this.#incoming;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Bytes that this side sent and the other has not got. */
  get unsentBytes(): number {
    return this.#outgoing?.sizeBytes ?? 0;
  }

  /** The kernels of both sides have agreed. */
  join(peer: FakeSocket): void {
    this.#outgoing = peer.incoming;
  }

  /** Tells the program of it. */
  opened(): void {
    if (this.destroyed) return;
    this.connecting = false;
    this.emit('connect');
    this.emit('ready');
    this.#early?.();
    this.#early = undefined;
  }

  /** The connection is broken, or never was one. Nothing that is on its way arrives. */
  break(code: string): void {
    if (this.#isGone) return;
    this.#incoming.close();
    this.#options.deliver(() => {
      this.destroy(Object.assign(new Error(`${code}: a fault of the network`), { code }));
    });
  }

  /** Its process is gone: nobody is told of anything. The kernel ends the connection, in good order or not. */
  vanish(isInGoodOrder: boolean): void {
    this.#leave(isInGoodOrder);
    // The memory of the process goes with it.
    this.removeAllListeners();
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(isProbing: boolean): this {
    this.isProbing = isProbing;
    return this;
  }

  unref(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  override _read(): void {
    this.#isWanting = true;
    this.#incoming.run();
  }

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    const write = (): void => {
      if (this.#isGone) return;
      if (this.#outgoing?.isClosed === true) this.break('EPIPE');
      else this.#outgoing?.write(chunk, callback);
    };
    if (this.connecting) this.#early = write;
    else write();
  }

  override _final(callback: () => void): void {
    this.#outgoing?.end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    const isUnread = this.#incoming.sizeBytes + this.#heldBytes + this.readableLength > 0;
    this.#leave(error === null && !isUnread);
    callback(error);
  }

  #leave(isInGoodOrder: boolean): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#incoming.close();
    if (isInGoodOrder) this.#outgoing?.end();
    else this.#outgoing?.reset('ECONNRESET');
    this.#options.onGone(this);
  }

  #receive(bytes: Buffer): void {
    this.#heldBytes += bytes.length;
    this.#options.deliver(() => {
      this.#heldBytes -= bytes.length;
      if (!this.destroyed) this.#isWanting = this.push(bytes);
      this.#incoming.run();
    });
  }
}
