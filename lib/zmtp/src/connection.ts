/** One connection: the engine on a socket of `node:net`, with its time-outs, and the writes of a turn in one. */
import type { Socket as NetSocket } from 'node:net';
import { type Clock, OperatingError, type Timer } from '@plumb/base';
import { type Command, encodeCommand, parsePing } from './command.ts';
import { Engine, type EngineOptions, type Session } from './engine.ts';
import { encodeBatch } from './frame-writer.ts';
import { Heartbeat } from './heartbeat.ts';
import { refusedBy } from './null-security.ts';
import type { Carrier, Pipe } from './pipe.ts';
import { readInto } from './read-into.ts';

/** One write: larger ones gain nothing and keep the next message waiting. */
const WRITE_BYTES = 65_536;
/** TCP's first question comes after this; the others each second, since libuv says so. */
const KEEP_ALIVE_MS = 1_000;
/** A peer that is turned away gets this long to read why. */
const FAREWELL_MS = 1_000;

export type ConnectionOptions = EngineOptions & {
  readonly netSocket: NetSocket;
  readonly clock: Clock;
  /** What is read first and then copied out; connections may share it. */
  readonly readBuffer: Buffer;
  readonly handshakeTimeoutMs: number;
  readonly keepAlive: boolean;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly heartbeatTtlMs: number;
};

export type ConnectionEvents = {
  /** Returns the pipe that this connection carries. @throws OperatingError to refuse the peer. */
  readonly onReady: (carrier: Carrier) => Pipe;
  /** The pipe carries messages. It may be closed from within. */
  readonly onConnected: (pipe: Pipe) => void;
  /** False stops the reading until `resume`. */
  readonly onMessage: (pipe: Pipe, parts: Buffer[]) => boolean;
  readonly onCommand: (pipe: Pipe, command: Command) => void;
  /** Exactly once, when the connection is of no more use. `pipe` is undefined if it never was ready. */
  readonly onClosed: (reason: OperatingError, pipe: Pipe | undefined) => void;
};

export class Connection implements Carrier {
  readonly #options: ConnectionOptions;
  readonly #events: ConnectionEvents;
  readonly #socket: NetSocket;
  readonly #engine: Engine;
  readonly #handshakeTimer: Timer;
  readonly #isGone = Promise.withResolvers<void>();
  #session: Session | undefined;
  #pipe: Pipe | undefined;
  #heartbeat: Heartbeat | undefined;
  #pong: Buffer | undefined;
  #isScheduled = false;
  #isBlocked = false;
  #isClosed = false;
  #isEnding = false;
  /** The peer has gone, and what it sent last still waits for a receiver. */
  #isOver = false;

  constructor(options: ConnectionOptions, events: ConnectionEvents) {
    this.#options = options;
    this.#events = events;
    this.#socket = options.netSocket;
    this.#engine = new Engine(options, {
      write: (bytes) => this.#socket.write(bytes),
      onReady: (session) => this.#onReady(session),
      onMessage: (parts) => this.#pipe === undefined || this.#isEnding || events.onMessage(this.#pipe, parts),
      onCommand: (command) => this.#onCommand(command),
      onFlowing: () => this.#socket.resume(),
      onFault: (reason) => this.close(reason),
    });
    const { clock, handshakeTimeoutMs } = options;
    const tooSlow = `no handshake within ${handshakeTimeoutMs} ms`;
    this.#handshakeTimer = clock.after(handshakeTimeoutMs, () => this.close(new OperatingError('deadline', tooSlow)));
    this.#listen();
  }

  /** Resolves when the socket of the system is closed. */
  get gone(): Promise<void> {
    return this.#isGone.promise;
  }

  get session(): Session {
    if (this.#session === undefined) throw new OperatingError('unavailable', 'the handshake is not done');
    return this.#session;
  }

  /** The socket is connected: the protocol begins. */
  begin(): void {
    this.#socket.setNoDelay(true);
    if (this.#options.keepAlive) this.#socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.#engine.begin();
  }

  schedule(): void {
    if (this.#isScheduled || this.#isBlocked) return;
    this.#isScheduled = true;
    // After all promises of this turn have settled: what their continuations send goes into the same write.
    process.nextTick(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }

  flush(): void {
    const pipe = this.#pipe;
    if (pipe === undefined || this.#isBlocked || this.#isClosed || this.#isOver) return;
    while (pipe.hasOutput && !this.#isBlocked) {
      const buffers = encodeBatch(pipe.takeCommands(), pipe.takeMessages(WRITE_BYTES), this.session.codec);
      if (buffers.length > 1) this.#socket.cork();
      for (const buffer of buffers) this.#socket.write(buffer);
      if (buffers.length > 1) this.#socket.uncork();
      this.#isBlocked = this.#socket.writableLength >= this.#socket.writableHighWaterMark;
      if (!this.#isBlocked) pipe.settle();
    }
  }

  resume(): void {
    if (this.#isClosed) return;
    this.#heartbeat?.heard();
    if (!this.#engine.resume()) return;
    if (this.#isOver) this.close(new OperatingError('unavailable', 'the peer closed the connection'));
    else this.#socket.resume();
  }

  allowMessageBytes(bytesMax: number): void {
    this.#engine.allowMessageBytes(bytesMax);
  }

  get isReady(): boolean {
    return this.#session !== undefined;
  }

  /** Lets what is queued leave, then says that nothing more comes; the peer does the same. `abort` ends the wait. */
  end(): void {
    this.#isEnding = true;
    if (this.#pipe?.isHalted === true) this.resume();
    this.#endIfDone();
  }

  close(reason: OperatingError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#engine.close();
    this.#handshakeTimer.cancel();
    this.#heartbeat?.[Symbol.dispose]();
    const { clock } = this.#options;
    if (this.#session === undefined && !this.#socket.connecting) {
      // It may be owed an ERROR that says why.
      const timer = clock.after(FAREWELL_MS, () => this.#socket.destroy());
      this.#socket.once('close', timer.cancel);
      this.#socket.destroySoon();
    } else {
      this.#socket.destroy();
    }
    const pipe = this.#pipe;
    if (pipe !== undefined) {
      pipe.carrier = undefined;
      pipe.settle();
    }
    this.#events.onClosed(reason, pipe);
  }

  /** Like `close`, without a farewell. */
  abort(reason: OperatingError): void {
    this.close(reason);
    this.#socket.destroy();
  }

  #listen(): void {
    const socket = this.#socket;
    const lost = (why: string): OperatingError => new OperatingError('unavailable', why);
    const onRead = (take: () => void): void => {
      if (this.#isClosed) return;
      this.#heartbeat?.heard();
      take();
      if (this.#engine.isStopped && !this.#isClosed) socket.pause();
    };
    readInto(socket, {
      shared: this.#options.readBuffer,
      room: () => this.#engine.room,
      onRoomRead: (count) => onRead(() => this.#engine.advance(count)),
      onChunk: (chunk) => onRead(() => this.#engine.receive(chunk)),
    });
    socket.on('drain', () => {
      this.#isBlocked = false;
      this.#pipe?.settle();
      this.flush();
      this.#endIfDone();
    });
    socket.on('end', () => {
      this.#isOver = this.#pipe?.isHalted === true && !this.#isEnding;
      const when = this.isReady ? '' : ' during the handshake';
      if (!this.#isOver) this.close(lost(`the peer closed the connection${when}`));
    });
    socket.on('error', (cause) => this.close(new OperatingError('unavailable', 'the connection failed', { cause })));
    socket.on('close', () => {
      if (!this.#isOver) this.close(lost('the connection was closed'));
      this.#isGone.resolve();
    });
  }

  #onReady(session: Session): void {
    this.#session = session;
    this.#handshakeTimer.cancel();
    const pipe = this.#events.onReady(this);
    this.#pipe = pipe;
    const { clock, heartbeatIntervalMs, heartbeatTimeoutMs, heartbeatTtlMs } = this.#options;
    this.#heartbeat = new Heartbeat({
      clock,
      intervalMs: session.hasCommands ? heartbeatIntervalMs : 0,
      timeoutMs: heartbeatTimeoutMs,
      ttlMs: heartbeatTtlMs,
      sendCommand: (body) => pipe.sendCommand(body),
      isReading: () => !pipe.isHalted,
      onSilence: (reason) => this.close(reason),
    });
    if (pipe.hasOutput) this.schedule();
    this.#events.onConnected(pipe);
  }

  #onCommand(command: Command): boolean {
    const pipe = this.#pipe;
    if (pipe === undefined) return true;
    switch (command.name) {
      case 'PING': {
        const { ttlMs, context } = parsePing(command.body);
        this.#heartbeat?.expireAfter(ttlMs);
        this.#answer(pipe, context);
        break;
      }
      case 'PONG':
        break;
      case 'ERROR':
        throw refusedBy(command.body);
      default:
        this.#events.onCommand(pipe, command);
    }
    return this.#isEnding || !pipe.isHalted;
  }

  /** One PONG waits at most: a peer that asks without reading gets the answer to its last question. */
  #answer(pipe: Pipe, context: Buffer): void {
    const isWaiting = this.#pong !== undefined;
    this.#pong = encodeCommand('PONG', context);
    if (isWaiting) return;
    process.nextTick(() => {
      if (this.#pong !== undefined && !this.#isBlocked) pipe.sendCommand(this.#pong);
      this.#pong = undefined;
    });
  }

  #endIfDone(): void {
    if (!this.#isEnding || this.#isBlocked || this.#isClosed) return;
    this.flush();
    if (this.#isBlocked || this.#pipe?.hasOutput === true) return;
    this.#socket.end();
  }
}
