/**
 * The server's end of RPC over ZeroMQ: one ROUTER socket on any number of addresses. A peer is known by the routing id
 * that ZeroMQ gave its connection, from its hello on; an id that a peer chose itself is not answered, since it could be
 * that of somebody else who has just left.
 */
import { type Clock, describeError, errorToData, type Log, OperatingError, sleep } from '@plumb/base';
import { Router } from 'zeromq';
import type { Accept } from './channel.ts';
import type { Caller } from './contract.ts';
import { FRAME, type Hello, jsonFrame, readHello } from './frame.ts';
import { createFrameChannel, type FrameChannel } from './frame-channel.ts';
import { PROTOCOL_VERSION } from './protocol.ts';
import { refuseTakenSocket, removeSocket } from './unix-socket.ts';
import { checkAddress } from './zeromq-address.ts';
import { ZEROMQ_OPTIONS } from './zeromq-options.ts';

/** A wrong token is answered only after this, and its connection may not try another before: guessing stays slow. */
const DENIAL_DELAY_MS = 500;

/** Peers whose token is being checked or was just denied. More are not answered, and try again by themselves. */
const HELLOS_MAX = 1_024;

/** Connections at a time: each costs a heartbeat a second. More are refused with `exhausted`. */
const PEERS_MAX = 4_096;

/** For ZeroMQ's own thread to let an address go, which takes less than a millisecond on an idle machine. */
const RELEASE_TIMEOUT_MS = 2_000;

export type ListenOptions = {
  /** `tcp://127.0.0.1:7701` (port 0 for any that is free) or `ipc:///path/to.sock`. */
  readonly addresses: readonly string[];
  /** Who holds this token; undefined for nobody. A rejection is logged and answered with `unavailable`. */
  readonly authenticate: (token: string) => Promise<Caller | undefined>;
  readonly accept: Accept;
  readonly log: Log;
  readonly clock: Clock;
};

export type Listener = AsyncDisposable & {
  /** The addresses that were really taken, in the order of the options. */
  readonly addresses: readonly string[];
};

/** @throws OperatingError `invalid` for a bad address, `unavailable` for one that is taken. Nothing is open then. */
export async function listenZeromq(options: ListenOptions): Promise<Listener> {
  const addresses = options.addresses.map(checkAddress);
  const router = new Router({ ...ZEROMQ_OPTIONS, mandatory: true });
  const bound: string[] = [];
  try {
    for (const address of addresses) bound.push(await bind(router, address));
  } catch (error) {
    await closeRouter(router, bound, options.clock);
    throw error;
  }
  const door = new ZeromqDoor(router, options);
  const reading = door.read();
  return {
    addresses: bound,
    async [Symbol.asyncDispose]() {
      door.close();
      await closeRouter(router, bound, options.clock);
      await reading;
    },
  };
}

class ZeromqDoor {
  readonly #router: Router;
  readonly #options: ListenOptions;
  readonly #peers = new Map<string, FrameChannel>();
  readonly #hellos = new Set<string>();
  readonly #closed = new AbortController();

  constructor(router: Router, options: ListenOptions) {
    this.#router = router;
    this.#options = options;
  }

  /** Ends when the socket is closed. */
  async read(): Promise<void> {
    try {
      for await (const [id, frame, ...rest] of this.#router) {
        if (id !== undefined && frame !== undefined && rest.length === 0) this.#onFrame(id, frame);
      }
    } catch (error) {
      if (this.#closed.signal.aborted) return;
      this.#options.log.error('rpc.door-failed', { error: describeError(error) });
      this.close();
    }
  }

  close(): void {
    for (const { channel } of this.#peers.values()) channel.close();
    this.#closed.abort();
  }

  #onFrame(id: Buffer, frame: Buffer): void {
    const key = id.toString('latin1');
    const peer = this.#peers.get(key);
    if (peer !== undefined) return peer.onFrame(frame);
    const hello = readHello(frame);
    if (hello === undefined || !isGivenId(id) || this.#hellos.has(key) || this.#hellos.size >= HELLOS_MAX) return;
    this.#hellos.add(key);
    void this.#greet(id, key, hello).finally(() => this.#hellos.delete(key));
  }

  async #greet(id: Buffer, key: string, { version, token }: Hello): Promise<void> {
    const { authenticate, accept, log, clock } = this.#options;
    try {
      const caller = await authenticate(token);
      if (caller === undefined) {
        log.warn('rpc.denied', {});
        await sleep(clock, DENIAL_DELAY_MS, this.#closed.signal);
        throw new OperatingError('denied', 'the token is not valid: ask for one with "plumb token"');
      }
      checkVersion(version);
      if (this.#peers.size >= PEERS_MAX) throw new OperatingError('exhausted', `${PEERS_MAX} others are connected`);
      if (this.#closed.signal.aborted) return;
      const peer = this.#adopt(id, key);
      this.#write(id, key, jsonFrame(FRAME.welcome, { version: PROTOCOL_VERSION }));
      accept(peer.channel, caller);
    } catch (error) {
      if (!(error instanceof OperatingError)) log.error('rpc.authenticate', { error: describeError(error) });
      const refusal =
        error instanceof OperatingError ? error : new OperatingError('unavailable', 'the token could not be checked');
      this.#write(id, key, jsonFrame(FRAME.bye, errorToData(refusal)));
    }
  }

  #adopt(id: Buffer, key: string): FrameChannel {
    const peer = createFrameChannel((frame) => this.#write(id, key, frame), this.#options);
    this.#peers.set(key, peer);
    peer.channel.closed.addEventListener('abort', () => this.#peers.delete(key));
    return peer;
  }

  /** A peer that is gone or does not read is lost at once; ZeroMQ says so instead of waiting. */
  #write(id: Buffer, key: string, frame: Buffer): void {
    if (this.#closed.signal.aborted) return;
    const onError = (error: unknown): void => {
      const reason = new OperatingError('unavailable', `the other side is gone: ${describeError(error)}`);
      this.#peers.get(key)?.onLoss(reason);
    };
    Promise.try(() => this.#router.send([id, frame])).catch(onError);
  }
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

async function bind(router: Router, address: string): Promise<string> {
  await refuseTakenSocket(address);
  try {
    await router.bind(address);
    return router.lastEndpoint ?? address;
  } catch (error) {
    const why = describeError(error);
    const advice = 'is another program listening there, or the directory not writable?';
    throw new OperatingError('unavailable', `cannot listen on ${address}: ${why}: ${advice}`, { cause: error });
  }
}

/**
 * Gives the addresses back before the promise resolves, so that they can be taken again at once: this only begins it, and
 * an event tells when it is done. By `disconnect`, which libzmq treats as its unbind: in zeromq 6.8.0, `unbind` works in
 * another thread and aborts the process when the socket is read meanwhile, and `unbindSync` binds.
 */
async function closeRouter(router: Router, bound: readonly string[], clock: Clock): Promise<void> {
  const released = new AbortController();
  const waiting = new Set(bound);
  router.events.on('close', ({ address }) => {
    waiting.delete(address);
    if (waiting.size === 0) released.abort();
  });
  for (const address of bound) router.disconnect(address);
  if (waiting.size > 0) await sleep(clock, RELEASE_TIMEOUT_MS, released.signal);
  for (const address of bound) await removeSocket(address);
  router.close();
}
