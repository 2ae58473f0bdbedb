/** The parts of a socket put together: what it listens to and keeps connected, a pipe for each peer, and its pattern. */
import type net from 'node:net';
import { assert, describeError, OperatingError } from '@plumb/base';
import { AcceptLimits } from './accept-limits.ts';
import { type Address, formatAddress, parseAddress } from './address.ts';
import type { Command } from './command.ts';
import { Connection } from './connection.ts';
import { Connector } from './connector.ts';
import { createPattern } from './create-pattern.ts';
import { PARTS_MAX } from './engine.ts';
import { Inbound } from './inbound.ts';
import { type Listener, openListener } from './listener.ts';
import type { Settings } from './options.ts';
import { Outbound } from './outbound.ts';
import type { Pattern, SendOutcome } from './patterns/pattern.ts';
import { type Carrier, type Message, type Peer, peerOf, Pipe } from './pipe.ts';
import { READ_BUFFER_BYTES } from './read-into.ts';
import type { Socket, SocketCounts } from './socket.ts';
import type { SocketType } from './socket-type.ts';

const SENT: Promise<void> = Promise.resolve();

type Link = { readonly connector: Connector; readonly pipe: Pipe | undefined; connection: Connection | undefined };

export class ZmtpSocket implements Socket {
  readonly type: SocketType;
  readonly #settings: Settings;
  readonly #readBuffer: Buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  readonly #pattern: Pattern;
  readonly #inbound: Inbound;
  readonly #outbound: Outbound;
  readonly #listeners = new Map<string, Listener>();
  readonly #links = new Map<string, Link>();
  /** Until the socket of the system is closed, with the link of those that this side opened. */
  readonly #connections = new Map<Connection, Link | undefined>();
  readonly #pipes = new Map<Peer, Pipe>();
  readonly #limits: AcceptLimits;
  #received = 0;
  #sent = 0;
  #dropped = 0;
  #closing: Promise<void> | undefined;
  /** Resolves when a connection has gone. */
  #changed = Promise.withResolvers<void>();

  constructor(type: SocketType, settings: Settings) {
    this.type = type;
    this.#settings = settings;
    this.#limits = new AcceptLimits(settings);
    this.#pattern = createPattern(type, {
      settings,
      inbound: () => this.#inbound,
      pipeOf: (peer) => (peer === undefined ? undefined : this.#pipes.get(peer)),
      deliver: (pipe, parts) => void this.#deliver(pipe, parts),
      onDrop: () => (this.#dropped += 1),
    });
    this.#inbound = new Inbound(settings.receiveHighWaterMark, this.#pattern.take ?? ((message) => message));
    this.#outbound = new Outbound((parts) => this.#offer(parts) !== 'full');
  }

  async bind(text: string): Promise<string> {
    this.#checkOpen();
    const listener = await openListener(parseAddress(text), (socket, from) => this.#accept(socket, from));
    if (this.#closing !== undefined) {
      await listener.close();
      throw this.#closedError();
    }
    this.#listeners.set(listener.address, listener);
    return listener.address;
  }

  unbind(address: string): void {
    void this.#listeners.get(address)?.close();
    this.#listeners.delete(address);
  }

  connect(text: string): void {
    this.#checkOpen();
    const address = parseAddress(text);
    const name = formatAddress(address);
    if (this.#links.has(name)) return;
    const link: Link = {
      connector: this.#connectorTo(address, () => link),
      pipe: this.#pattern.queuesEarly && !this.#settings.immediate ? this.#newPipe(name) : undefined,
      connection: undefined,
    };
    this.#links.set(name, link);
    if (link.pipe !== undefined) this.#pattern.attach(link.pipe);
    link.connector.connect();
    if (link.pipe !== undefined) this.#outbound.run();
  }

  disconnect(text: string): void {
    const name = formatAddress(parseAddress(text));
    const link = this.#links.get(name);
    if (link === undefined) return;
    this.#links.delete(name);
    link.connector.stop();
    link.pipe?.clearOutput();
    link.connection?.close(new OperatingError('unavailable', `disconnected from ${name}`));
    if (link.pipe !== undefined) this.#pattern.detach(link.pipe);
  }

  send(parts: readonly Uint8Array[], { signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    try {
      // Those who wait came first.
      if (this.#outbound.length === 0 && this.#offer(parts) !== 'full') return SENT;
      return this.#outbound.wait(parts, signal);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  trySend(parts: readonly Uint8Array[]): boolean {
    return this.#outbound.length === 0 && this.#offer(parts) === 'sent';
  }

  async receive(signal?: AbortSignal): Promise<Message> {
    this.#checkReceive();
    return this.#inbound.receive(signal);
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<Message> {
    for (;;) {
      this.#checkReceive();
      try {
        const message = this.#inbound.tryReceive() ?? (await this.#inbound.receive());
        yield message;
      } catch (error) {
        if (this.#closing !== undefined) return;
        throw error;
      }
    }
  }

  subscribe(topic: Uint8Array | string = ''): void {
    this.#subscribe(topic, true);
  }

  unsubscribe(topic: Uint8Array | string = ''): void {
    this.#subscribe(topic, false);
  }

  peers(): readonly Peer[] {
    return [...this.#pipes.keys()];
  }

  counts(): SocketCounts {
    return { peers: this.#pipes.size, received: this.#received, sent: this.#sent, dropped: this.#dropped };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const { lingerMs } = this.#settings;
    const freed = [...this.#listeners.values()].map((listener) => listener.close());
    this.#listeners.clear();
    this.#outbound.close(this.#closedError());
    const closed = this.#closedError();
    const isOwed = (link: Link | undefined): boolean => lingerMs > 0 && link?.pipe?.hasOutput === true;
    for (const link of this.#links.values()) if (!isOwed(link)) link.connector.stop();
    for (const [connection, link] of this.#connections) {
      if (connection.isReady && lingerMs > 0) connection.end();
      // A connection that is not up yet may still carry what waits for it.
      else if (connection.isReady || !isOwed(link)) connection.abort(closed);
    }
    this.#inbound.close(closed);
    if (lingerMs > 0) await this.#drained(lingerMs);
    for (const { connector } of this.#links.values()) connector.stop();
    const gone = [...this.#connections.keys()].map((connection) => connection.gone);
    for (const connection of this.#connections.keys()) connection.abort(closed);
    await Promise.all([...gone, ...freed]);
    this.#links.clear();
  }

  /** Resolves when each connection has ended and none is needed any more, at the latest after `lingerMs`. */
  async #drained(lingerMs: number): Promise<void> {
    let isOver = false;
    using _timer = this.#settings.clock.after(lingerMs, () => {
      isOver = true;
      this.#onChange();
    });
    const isWaiting = (): boolean => [...this.#links.values()].some(({ pipe }) => pipe?.hasOutput === true);
    while (!isOver && (this.#connections.size > 0 || isWaiting())) await this.#changed.promise;
  }

  #onChange(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  #accept(socket: net.Socket, from: string): void {
    const { peerCount } = this.#limits;
    if (peerCount >= this.#settings.peersMax || this.#closing !== undefined) {
      this.#settings.log.warn('zmtp.refused', { address: from, reason: `${peerCount} peers are connected` });
      socket.destroy();
      return;
    }
    const connection = this.#openConnection(socket, from, undefined);
    this.#limits.add(connection);
    connection.begin();
  }

  #connectorTo(address: Address, link: () => Link): Connector {
    const { reconnect, clock, random } = this.#settings;
    const openConnection = (socket: net.Socket): Connection => {
      const connection = this.#openConnection(socket, formatAddress(address), link());
      link().connection = connection;
      return connection;
    };
    return new Connector({ address, reconnect, clock, random, openConnection });
  }

  #openConnection(netSocket: net.Socket, address: string, link: Link | undefined): Connection {
    const connection = new Connection(
      { ...this.#settings, netSocket, address, socketType: this.type, readBuffer: this.#readBuffer },
      {
        onReady: (carrier) => {
          this.#limits.endHandshake(connection);
          return this.#onReady(carrier, address, link);
        },
        onConnected: (pipe) => this.#onConnected(pipe),
        onMessage: (pipe, parts) => {
          this.#received += 1;
          const accepted = this.#pattern.accept(pipe, parts);
          // A subscription may have filled the inbox by itself.
          return accepted === undefined ? !pipe.isHalted : this.#deliver(pipe, accepted);
        },
        onCommand: (pipe, command) => this.#onCommand(pipe, command),
        onClosed: (reason, pipe) => {
          this.#limits.endHandshake(connection);
          this.#onClosed(reason, pipe, address, link);
        },
      },
    );
    this.#connections.set(connection, link);
    void connection.gone.then(() => {
      this.#connections.delete(connection);
      this.#onChange();
    });
    return connection;
  }

  #onReady(carrier: Carrier, address: string, link: Link | undefined): Pipe {
    if (this.type === 'PAIR' && this.#pipes.size > 0)
      throw new OperatingError('exhausted', 'a PAIR has one peer already');
    link?.connector.succeed();
    const pipe = link?.pipe ?? this.#newPipe(address);
    pipe.carrier = carrier;
    try {
      if (pipe !== link?.pipe) this.#pattern.attach(pipe);
    } catch (error) {
      pipe.carrier = undefined;
      throw error;
    }
    const peer = peerOf(carrier, { address, routingId: pipe.routingId });
    pipe.peer = peer;
    this.#pipes.set(peer, pipe);
    return pipe;
  }

  #onConnected({ peer, carrier }: Pipe): void {
    if (peer === undefined || carrier === undefined) return;
    const { address, socketType, identity } = peer;
    this.#settings.log.debug('zmtp.connected', { address, type: socketType, identity });
    this.#settings.events.connected?.(peer);
    if (this.#closing === undefined) this.#outbound.run();
    else carrier.end();
  }

  #deliver(pipe: Pipe, parts: Buffer[]): boolean {
    const { peer } = pipe;
    assert(peer !== undefined, 'what delivers has been connected');
    const { onMessage, log } = this.#settings;
    if (onMessage === undefined) return this.#inbound.offer(pipe, { parts, peer });
    try {
      onMessage({ parts, peer });
    } catch (error) {
      // A receiver's mistake is not the peer's, whose connection goes on.
      log.error('zmtp.receiver-failed', { address: peer.address, error: describeError(error) });
    }
    return true;
  }

  #onCommand(pipe: Pipe, { name, body }: Command): void {
    // RFC 37: commands that are not known are ignored.
    if (name === 'SUBSCRIBE' || name === 'CANCEL') this.#pattern.onSubscription?.(pipe, name === 'SUBSCRIBE', body);
  }

  #onClosed(reason: OperatingError, pipe: Pipe | undefined, address: string, link: Link | undefined): void {
    const { log, events } = this.#settings;
    if (link !== undefined) link.connection = undefined;
    const isWanted = this.#closing === undefined || link?.pipe?.hasOutput === true;
    const retryInMs = isWanted ? link?.connector.retry(reason) : undefined;
    const level = this.#closing !== undefined || reason.code === 'unavailable' ? 'debug' : 'warn';
    log[level]('zmtp.closed', { address, code: reason.code, reason: describeError(reason), retryInMs });
    const peer = pipe?.peer;
    if (pipe === undefined || peer === undefined) {
      events.failed?.(address, reason, retryInMs);
      return;
    }
    this.#pipes.delete(peer);
    if (pipe === link?.pipe) this.#pattern.lose?.(pipe, reason);
    else this.#pattern.detach(pipe);
    events.disconnected?.(peer, reason);
  }

  #newPipe(address: string): Pipe {
    return new Pipe(address, this.#settings, () => this.#outbound.run());
  }

  #offer(parts: readonly Uint8Array[]): SendOutcome {
    this.#checkOpen();
    if (parts.length === 0 || parts.length > PARTS_MAX) {
      throw new OperatingError('invalid', `a message has 1 to ${PARTS_MAX} parts, not ${parts.length}`);
    }
    const outcome = this.#pattern.send(parts);
    if (outcome === 'sent') this.#sent += 1;
    if (outcome === 'dropped') this.#dropped += 1;
    return outcome;
  }

  #subscribe(topic: Uint8Array | string, isWanted: boolean): void {
    this.#checkOpen();
    if (this.#pattern.subscribe === undefined) {
      throw new OperatingError('invalid', `a socket of type ${this.type} has no topics: use SUB or XSUB`);
    }
    this.#pattern.subscribe(Buffer.from(topic), isWanted);
  }

  #checkReceive(): void {
    const { canReceive, checkReceive } = this.#pattern;
    if (!canReceive) throw new OperatingError('invalid', `a socket of type ${this.type} does not receive`);
    if (this.#settings.onMessage !== undefined)
      throw new OperatingError('invalid', 'onMessage receives for this socket');
    checkReceive?.();
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw this.#closedError();
  }

  #closedError(): OperatingError {
    return new OperatingError('unavailable', 'the socket is closed');
  }
}
