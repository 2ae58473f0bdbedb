import { type Clock, OperatingError, systemClock } from '@plumb/base';
import { openSocket, type Socket } from '@plumb/zmtp';
import type { Channel } from './channel.ts';
import { FRAME, jsonFrame, readBye } from './frame.ts';
import { createFrameChannel, type FrameChannel } from './frame-channel.ts';
import { PROTOCOL_VERSION } from './protocol.ts';
import { ZEROMQ_OPTIONS } from './zeromq-options.ts';

/** From the first packet to the welcome, the check of the token included. */
const OPEN_TIMEOUT_MS = 5_000;

export type OpenZeromqOptions = {
  /** `tcp://HOST:PORT` or `ipc:///path/to.sock`. */
  readonly address: string;
  readonly token: string;
  readonly clock?: Clock;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Connects to a server and proves who we are. It does not reconnect: give it to `openConnection` for that.
 * @throws OperatingError `unavailable` where nobody answers, `denied` for a wrong token, `invalid` for a bad address or
 * a server of another version.
 */
export async function openZeromqChannel(options: OpenZeromqOptions): Promise<Channel> {
  const { address, token, clock = systemClock, signal } = options;
  signal?.throwIfAborted();
  const link = new DealerLink(address, clock);
  const stop = (): void => link.fail(signal?.reason);
  signal?.addEventListener('abort', stop, { once: true });
  using _timer = clock.after(OPEN_TIMEOUT_MS, () =>
    link.fail(link.unreachable(`no answer within ${OPEN_TIMEOUT_MS} ms`)),
  );
  try {
    link.connect();
    link.write(jsonFrame(FRAME.hello, { version: PROTOCOL_VERSION, token }));
    return await link.opened;
  } catch (error) {
    link.fail(error);
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

class DealerLink {
  readonly opened: Promise<Channel>;
  readonly #dealer: Socket;
  readonly #address: string;
  readonly #clock: Clock;
  readonly #settle: PromiseWithResolvers<Channel>;
  #frames: FrameChannel | undefined;
  #isClosed = false;

  constructor(address: string, clock: Clock) {
    this.#address = address;
    this.#clock = clock;
    this.#settle = Promise.withResolvers();
    this.opened = this.#settle.promise;
    this.opened.catch(() => undefined);
    this.#dealer = openSocket('DEALER', {
      ...ZEROMQ_OPTIONS,
      // A new connection has to begin with a hello.
      reconnect: false,
      clock,
      onMessage: ({ parts: [frame, ...rest] }) => {
        if (frame !== undefined && rest.length === 0) this.#onFrame(frame);
      },
      events: {
        disconnected: (_peer, reason) => this.#onLoss(reason.message),
        failed: () => this.#onLoss('the connection was refused'),
      },
    });
  }

  /** @throws OperatingError `invalid` for a bad address. */
  connect(): void {
    this.#dealer.connect(this.#address);
  }

  /** Without effect once the channel is open. */
  fail(reason: unknown): void {
    this.#settle.reject(reason);
    if (this.#frames === undefined) this.#close();
  }

  unreachable(why: string): OperatingError {
    return new OperatingError('unavailable', `cannot reach ${this.#address}: ${why}: is plumbd running there?`);
  }

  write(frame: Buffer): void {
    if (this.#isClosed || this.#dealer.trySend([frame])) return;
    this.#onLoss('it does not read');
  }

  #onFrame(frame: Buffer): void {
    if (this.#frames !== undefined) return this.#frames.onFrame(frame);
    if (frame[0] === FRAME.bye) return this.fail(readBye(frame));
    if (frame[0] !== FRAME.welcome) return this.fail(this.unreachable('it does not speak the RPC of Plumb'));
    this.#frames = createFrameChannel((next) => this.write(next), { clock: this.#clock });
    const { channel } = this.#frames;
    channel.closed.addEventListener('abort', () => this.#close());
    this.#settle.resolve(channel);
  }

  #onLoss(why: string): void {
    if (this.#frames === undefined) return this.fail(this.unreachable(why));
    this.#frames.onLoss(new OperatingError('unavailable', `the connection to ${this.#address} was lost`));
  }

  /** A farewell that was just written still leaves. */
  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    void this.#dealer.close();
  }
}
