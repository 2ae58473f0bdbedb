import { type Clock, OperatingError, systemClock } from '@plumb/base';
import { Dealer } from 'zeromq';
import type { Channel } from './channel.ts';
import { FRAME, jsonFrame, readBye } from './frame.ts';
import { createFrameChannel, type FrameChannel } from './frame-channel.ts';
import { PROTOCOL_VERSION } from './protocol.ts';
import { checkAddress } from './zeromq-address.ts';
import { ZEROMQ_OPTIONS } from './zeromq-options.ts';

/** From the first packet to the welcome, the check of the token included. */
const OPEN_TIMEOUT_MS = 5_000;

/** The news of a loss overtakes the frames that came before it: these are read first. */
const LOSS_GRACE_MS = 20;

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
  const target = checkAddress(address);
  // ZeroMQ must not reconnect by itself: a new connection has to begin with a hello.
  const dealer = new Dealer({ ...ZEROMQ_OPTIONS, reconnectInterval: -1 });
  const link = new DealerLink(dealer, address, clock);
  const stop = (): void => link.fail(signal?.reason);
  signal?.addEventListener('abort', stop, { once: true });
  using _timer = clock.after(OPEN_TIMEOUT_MS, () =>
    link.fail(link.unreachable(`no answer within ${OPEN_TIMEOUT_MS} ms`)),
  );
  try {
    dealer.connect(target);
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
  readonly #dealer: Dealer;
  readonly #address: string;
  readonly #clock: Clock;
  readonly #settle: PromiseWithResolvers<Channel>;
  #frames: FrameChannel | undefined;

  constructor(dealer: Dealer, address: string, clock: Clock) {
    this.#dealer = dealer;
    this.#address = address;
    this.#clock = clock;
    this.#settle = Promise.withResolvers();
    this.opened = this.#settle.promise;
    this.opened.catch(() => undefined);
    for (const event of ['disconnect', 'close', 'connect:retry', 'handshake:error:protocol'] as const) {
      dealer.events.on(event, () => clock.after(LOSS_GRACE_MS, () => this.#onLoss()));
    }
    void this.#read();
  }

  /** Without effect once the channel is open. */
  fail(reason: unknown): void {
    this.#settle.reject(reason);
    if (this.#frames === undefined) this.#dealer.close();
  }

  unreachable(why: string): OperatingError {
    return new OperatingError('unavailable', `cannot reach ${this.#address}: ${why}: is plumbd running there?`);
  }

  write(frame: Buffer): void {
    if (this.#dealer.closed) return;
    Promise.try(() => this.#dealer.send(frame)).catch(() => this.#onLoss());
  }

  async #read(): Promise<void> {
    try {
      for await (const [frame, ...rest] of this.#dealer)
        if (frame !== undefined && rest.length === 0) this.#onFrame(frame);
    } catch {
      // The socket was closed while it was read.
    }
    this.#onLoss();
  }

  #onFrame(frame: Buffer): void {
    if (this.#frames !== undefined) return this.#frames.onFrame(frame);
    if (frame[0] === FRAME.bye) return this.fail(readBye(frame));
    if (frame[0] !== FRAME.welcome) return this.fail(this.unreachable('it does not speak the RPC of Plumb'));
    this.#frames = createFrameChannel((next) => this.write(next), { clock: this.#clock });
    const { channel } = this.#frames;
    channel.closed.addEventListener('abort', () => this.#dealer.close());
    this.#settle.resolve(channel);
  }

  #onLoss(): void {
    if (this.#frames === undefined) return this.fail(this.unreachable('the connection was refused'));
    this.#frames.onLoss(new OperatingError('unavailable', `the connection to ${this.#address} was lost`));
  }
}
