import { type Clock, describeError, OperatingError, systemClock } from '@plumb/base';
import { generateKeyPair, type KeyPair, openSocket, type Security, type Socket } from '@plumb/zmtp';
import type { Channel } from './channel.ts';
import { FRAME, jsonFrame, readBye } from './frame.ts';
import { knockAt } from './knock.ts';
import { createFrameChannel, type FrameChannel } from './frame-channel.ts';
import { PROTOCOL_VERSION } from './protocol.ts';
import { ZEROMQ_OPTIONS } from './zeromq-options.ts';

/** From the first packet to the welcome, the check of key or token included. */
const OPEN_TIMEOUT_MS = 5_000;

export type OpenCurve = {
  /** The public key that the server must hold, 40 characters of Z85. */
  readonly serverKey: string;
  /** What proves who we are. Without them a pair is made for this connection, and a token says who we are. */
  readonly keys?: KeyPair | undefined;
};

export type OpenZeromqOptions = {
  /** `tcp://HOST:PORT` or `ipc:///path/to.sock`. */
  readonly address: string;
  /** Needed unless the server knows the key of `curve`. */
  readonly token?: string | undefined;
  /** Encrypts. Needed exactly where the server listens with CURVE. */
  readonly curve?: OpenCurve | undefined;
  readonly clock?: Clock;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Connects to a server and proves who we are. It does not reconnect: give it to `openConnection` for that.
 * @throws OperatingError `unavailable` where nobody answers, `denied` for a key or token that nobody knows and where only
 * one side uses CURVE, `invalid` for a bad address or key and a server of another version.
 */
export async function openZeromqChannel(options: OpenZeromqOptions): Promise<Channel> {
  const { address, token = '', curve, clock = systemClock, signal } = options;
  const security = curve === undefined ? undefined : await curveSecurity(curve);
  signal?.throwIfAborted();
  const link = new DealerLink({ address, security, clock });
  const stop = (): void => link.fail(signal?.reason);
  signal?.addEventListener('abort', stop, { once: true });
  using _timer = clock.after(OPEN_TIMEOUT_MS, () =>
    link.fail(link.unreachable(`no answer within ${OPEN_TIMEOUT_MS} ms: is it running there?`)),
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

async function curveSecurity({ serverKey, keys = generateKeyPair() }: OpenCurve): Promise<Security> {
  // Programs without CURVE do not load libsodium.
  const { curveClient } = await import('@plumb/zmtp/curve');
  return curveClient({ secretKey: keys.secretKey, serverKey });
}

type LinkOptions = { readonly address: string; readonly security: Security | undefined; readonly clock: Clock };

class DealerLink {
  readonly opened: Promise<Channel>;
  readonly #dealer: Socket;
  readonly #options: LinkOptions;
  readonly #settle: PromiseWithResolvers<Channel>;
  #frames: FrameChannel | undefined;
  #isClosed = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    const { security, clock } = options;
    this.#settle = Promise.withResolvers();
    this.opened = this.#settle.promise;
    this.opened.catch(() => undefined);
    this.#dealer = openSocket('DEALER', {
      ...ZEROMQ_OPTIONS,
      security,
      // A new connection has to begin with a hello.
      reconnect: false,
      clock,
      onMessage: ({ parts: [frame, ...rest] }) => {
        if (frame !== undefined && rest.length === 0) this.#onFrame(frame);
      },
      events: {
        disconnected: (_peer, reason) => this.#onLoss(describeError(reason)),
        failed: (_address, reason) => this.fail(this.#explain(reason)),
      },
    });
  }

  /** @throws OperatingError `invalid` for a bad address. */
  connect(): void {
    this.#dealer.connect(this.#options.address);
  }

  /** Without effect once the channel is open. */
  fail(reason: unknown): void {
    this.#settle.reject(reason);
    if (this.#frames === undefined) this.#close();
  }

  unreachable(why: string): OperatingError {
    return new OperatingError('unavailable', `cannot reach ${this.#options.address}: ${why}`);
  }

  write(frame: Buffer): void {
    if (this.#isClosed || this.#dealer.trySend([frame])) return;
    this.#onLoss('it does not read');
  }

  #onFrame(frame: Buffer): void {
    if (this.#frames !== undefined) return this.#frames.onFrame(frame);
    if (frame[0] === FRAME.bye) return this.fail(readBye(frame));
    if (frame[0] !== FRAME.welcome) return this.fail(this.unreachable('it does not speak the RPC of Plumb'));
    const { address, clock } = this.#options;
    this.#frames = createFrameChannel((next) => this.write(next), {
      clock,
      knock: knockAt(address, clock),
    });
    const { channel } = this.#frames;
    channel.closed.addEventListener('abort', () => this.#close());
    this.#settle.resolve(channel);
  }

  #onLoss(why: string): void {
    if (this.#frames === undefined) return this.fail(this.unreachable(why));
    this.#frames.onLoss(
      new OperatingError('unavailable', `the connection to ${this.#options.address} was lost: ${why}`),
    );
  }

  /** Why there never was a connection. */
  #explain(reason: OperatingError): OperatingError {
    const { address, security } = this.#options;
    const theirs = reason.details?.['mechanism'];
    if (theirs === 'CURVE') {
      return new OperatingError('denied', `the server at ${address} speaks CURVE: give its public key`);
    }
    if (theirs !== undefined) {
      const advice = 'so it cannot prove who it is: is the address right?';
      return new OperatingError('denied', `the server at ${address} does not speak CURVE, ${advice}`);
    }
    if (reason.code === 'denied') return new OperatingError('denied', `the server at ${address}: ${reason.message}`);
    const { code } = (reason.cause ?? {}) as { readonly code?: unknown };
    if (code === 'ECONNREFUSED' || code === 'ENOENT') {
      return this.unreachable('the connection was refused: is it running there?');
    }
    // A server that cannot open the first packet closes the connection, and says nothing.
    const mayHoldAnotherKey = security !== undefined && (code === undefined || code === 'ECONNRESET');
    return this.unreachable(
      `${describeError(reason)}${mayHoldAnotherKey ? ': does the server hold another key?' : ''}`,
    );
  }

  /** A farewell that was just written still leaves. */
  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    void this.#dealer.close();
  }
}
