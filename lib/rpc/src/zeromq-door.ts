/**
 * One ROUTER socket that RPC comes in by. A connection that does not say hello in time, or is refused, is ended. An id
 * that a peer chose itself is not answered, since it could be that of somebody else who has just left.
 */
import { type Clock, describeError, errorToData, type Log, OperatingError, sleep, type Timer } from '@plumb/base';
import { openSocket, type Peer, type Security, type Socket } from '@plumb/zmtp';
import type { Accept } from './channel.ts';
import type { Caller } from './contract.ts';
import { FRAME, FRAME_BYTES_MAX, type Hello, HELLO_BYTES_MAX, jsonFrame, readHello } from './frame.ts';
import { createFrameChannel, type FrameChannel } from './frame-channel.ts';
import { PROTOCOL_VERSION } from './protocol.ts';
import { ZEROMQ_OPTIONS } from './zeromq-options.ts';

/** A wrong token is answered only after this, and its connection may not try another before: guessing stays slow. */
const DENIAL_DELAY_MS = 500;

/** Peers whose key or token is being checked or was just denied. More are not answered, and try again by themselves. */
const HELLOS_MAX = 1_024;

/** Connections at a time: each costs a heartbeat a second. More are refused with `exhausted`. */
const PEERS_MAX = 4_096;

/**
 * Connections that have not said hello. One more ends the oldest of them, which had the most time: strangers who say
 * nothing take no place away from those who do.
 */
const STRANGERS_MAX = 1_024;

/** From the handshake of ZMTP to the hello, which clients send at once. */
const HELLO_TIMEOUT_MS = 5_000;

/** For a refusal to leave before its connection is ended. */
const FAREWELL_MS = 1_000;

export type DoorOptions = {
  /** NULL where it is left out. */
  readonly security?: Security | undefined;
  /**
   * Who this is; undefined for nobody. `publicKey` was proven, and is undefined without CURVE; an empty token is none. A
   * rejection is logged and answered with `unavailable`.
   */
  readonly identify: (shown: {
    readonly publicKey: string | undefined;
    readonly token: string;
    readonly address: string;
  }) => Promise<Caller | undefined>;
  readonly accept: Accept;
  readonly log: Log;
  readonly clock: Clock;
};

export class ZeromqDoor {
  readonly #router: Socket;
  readonly #options: DoorOptions;
  readonly #peers = new Map<Peer, FrameChannel>();
  readonly #hellos = new Set<Peer>();
  readonly #strangers = new Map<Peer, Timer>();
  readonly #closed = new AbortController();

  constructor(options: DoorOptions) {
    this.#options = options;
    const { clock, log, security } = options;
    this.#router = openSocket('ROUTER', {
      ...ZEROMQ_OPTIONS,
      security,
      mandatory: true,
      // Those that are not known yet, so that one too many can be told why it is refused.
      peersMax: PEERS_MAX + STRANGERS_MAX,
      messageBytesMax: HELLO_BYTES_MAX,
      clock,
      log,
      onMessage: ({ parts: [, frame, ...rest], peer }) => {
        if (frame !== undefined && rest.length === 0) this.#onFrame(peer, frame);
      },
      events: {
        connected: (peer) => this.#onStranger(peer),
        disconnected: (peer, reason) => {
          this.#forgetStranger(peer);
          this.#peers
            .get(peer)
            ?.onLoss(new OperatingError('unavailable', `the other side is gone: ${describeError(reason)}`));
        },
      },
    });
  }

  /** Resolves with the real address. @throws OperatingError `invalid`, `unavailable`. */
  bind(address: string): Promise<string> {
    return this.#router.bind(address);
  }

  /** Says farewell to all, and gives the addresses back before the promise resolves. */
  async close(): Promise<void> {
    for (const { channel } of this.#peers.values()) channel.close();
    this.#closed.abort();
    for (const timer of this.#strangers.values()) timer.cancel();
    await this.#router.close();
  }

  #onStranger(peer: Peer): void {
    const [oldest] = this.#strangers.keys();
    if (this.#strangers.size >= STRANGERS_MAX) {
      oldest?.close(new OperatingError('exhausted', `${STRANGERS_MAX} others have not said hello`));
    }
    const late = new OperatingError('deadline', `no hello came within ${HELLO_TIMEOUT_MS} ms`);
    this.#strangers.set(
      peer,
      this.#options.clock.after(HELLO_TIMEOUT_MS, () => peer.close(late)),
    );
  }

  #forgetStranger(peer: Peer): void {
    this.#strangers.get(peer)?.cancel();
    this.#strangers.delete(peer);
  }

  #onFrame(peer: Peer, frame: Buffer): void {
    const known = this.#peers.get(peer);
    if (known !== undefined) return known.onFrame(frame);
    const hello = readHello(frame);
    const isBusy = this.#hellos.has(peer) || this.#hellos.size >= HELLOS_MAX;
    if (hello === undefined || !isGivenId(peer.routingId) || isBusy) return;
    this.#forgetStranger(peer);
    this.#hellos.add(peer);
    void this.#greet(peer, hello).finally(() => this.#hellos.delete(peer));
  }

  async #greet(peer: Peer, { version, token }: Hello): Promise<void> {
    const { identify, accept, log, clock } = this.#options;
    const { publicKey, address } = peer;
    try {
      const caller = await identify({ publicKey, token, address });
      if (caller === undefined) {
        log.warn('rpc.denied', { address, publicKey });
        await sleep(clock, DENIAL_DELAY_MS, this.#closed.signal);
        throw deniedError(publicKey, token);
      }
      checkVersion(version);
      if (this.#peers.size >= PEERS_MAX) throw new OperatingError('exhausted', `${PEERS_MAX} others are connected`);
      if (this.#closed.signal.aborted || !this.#router.peers().includes(peer)) return;
      const adopted = this.#adopt(peer);
      this.#write(peer, jsonFrame(FRAME.welcome, { version: PROTOCOL_VERSION }));
      accept(adopted.channel, caller);
    } catch (error) {
      if (!(error instanceof OperatingError)) log.error('rpc.authenticate', { error: describeError(error) });
      const refusal =
        error instanceof OperatingError
          ? error
          : new OperatingError('unavailable', 'the key or token could not be checked');
      this.#write(peer, jsonFrame(FRAME.bye, errorToData(refusal)));
      this.#endSoon(peer, refusal);
    }
  }

  #adopt(peer: Peer): FrameChannel {
    const adopted = createFrameChannel((frame) => this.#write(peer, frame), this.#options);
    this.#peers.set(peer, adopted);
    peer.allowMessageBytes(FRAME_BYTES_MAX);
    adopted.channel.closed.addEventListener('abort', () => {
      this.#peers.delete(peer);
      this.#endSoon(peer, adopted.channel.closed.reason);
    });
    return adopted;
  }

  /** A peer that was told why ends the connection by itself; one that does not is ended. */
  #endSoon(peer: Peer, reason: OperatingError): void {
    this.#options.clock.after(FAREWELL_MS, () => peer.close(reason));
  }

  /** A peer that is gone or does not read is lost at once: nothing waits. */
  #write(peer: Peer, frame: Buffer): void {
    if (this.#closed.signal.aborted) return;
    try {
      this.#router.trySend([peer.routingId, frame]);
    } catch (error) {
      const reason = new OperatingError('unavailable', `the other side is gone: ${describeError(error)}`);
      this.#peers.get(peer)?.onLoss(reason);
      peer.close(reason);
    }
  }
}

function deniedError(publicKey: string | undefined, token: string): OperatingError {
  if (token !== '')
    return new OperatingError('denied', 'the token is not valid: ask those who run this server for one');
  if (publicKey === undefined)
    return new OperatingError('denied', 'no token was shown: ask those who run this server for one');
  return new OperatingError('denied', `nobody known holds the key ${publicKey}: have it registered, or show a token`);
}

function checkVersion(version: number): void {
  if (version === PROTOCOL_VERSION) return;
  const advice = version > PROTOCOL_VERSION ? 'update the server' : 'update the client';
  throw new OperatingError('invalid', `this server speaks RPC version ${PROTOCOL_VERSION}, not ${version}: ${advice}`);
}

/** Ids that ROUTER gives are a zero byte and a counter. */
function isGivenId(id: Buffer): boolean {
  return id.length === 5 && id[0] === 0;
}
