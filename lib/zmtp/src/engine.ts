/**
 * One connection's protocol, without socket or clock: bytes in, events out. Greeting, then the mechanism's handshake,
 * then messages and commands. Every fault ends in one call of `onFault`; nothing comes after it.
 */
import { OperatingError } from '@plumb/base';
import { type Command, encodeError, parseCommand } from './command.ts';
import { encodeFrame, FLAG } from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import { checkGreeting, encodeGreeting, GREETING_BYTES, parseGreeting } from './greeting.ts';
import { encodeMetadata, type Metadata } from './metadata.ts';
import { protocolFault } from './protocol-fault.ts';
import type { Established, FrameCodec, Handshake, HandshakeStep, Proof, Security } from './security.ts';
import { isSocketType, type SocketType, talksTo } from './socket-type.ts';

/** A command of a handshake is below 1 KiB; metadata that users add may need some more. */
const HANDSHAKE_COMMAND_BYTES_MAX = 16_384;
/** Each frame costs an object whatever its size; messages of more parts than this are not met in practice. */
export const PARTS_MAX = 1_024;
/** RFC 28: 1 to 255 bytes, of which the first is not zero. */
const IDENTITY_BYTES_MAX = 255;

export type EngineOptions = {
  readonly security: Security;
  readonly socketType: SocketType;
  /** Told to the peer; empty for none. */
  readonly routingId: Uint8Array;
  readonly messageBytesMax: number;
  readonly address: string;
};

/** What is known of the other side once the handshake is done. */
export type Session = {
  readonly codec: FrameCodec;
  readonly proof: Proof;
  readonly peerType: SocketType;
  /** The `Identity` that the peer chose, which may be empty. */
  readonly peerRoutingId: Buffer;
  /** False for ZMTP 3.0: no heartbeats, and subscriptions are messages. */
  readonly hasCommands: boolean;
};

export type EngineEvents = {
  /** Bytes of the greeting and handshake, to be written at once. */
  readonly write: (bytes: Buffer) => void;
  readonly onReady: (session: Session) => void;
  /** False stops the reading until `resume`. */
  readonly onMessage: (parts: Buffer[]) => boolean;
  /** False stops the reading until `resume`. */
  readonly onCommand: (command: Command) => boolean;
  /** Reading goes on, after the check of a key had stopped it. */
  readonly onFlowing: () => void;
  readonly onFault: (reason: OperatingError) => void;
};

export class Engine {
  readonly #options: EngineOptions;
  readonly #events: EngineEvents;
  readonly #reader: FrameReader;
  #state: 'greeting' | 'handshake' | 'ready' | 'closed' = 'greeting';
  #greeting: Buffer = Buffer.alloc(0);
  #minor = 0;
  #handshake: Handshake | undefined;
  #isWaiting = false;
  #open: FrameCodec['open'];
  #parts: Buffer[] = [];
  #messageBytes = 0;
  #messageBytesMax: number;
  #overheadBytes = 0;

  constructor(options: EngineOptions, events: EngineEvents) {
    this.#options = options;
    this.#events = events;
    this.#messageBytesMax = options.messageBytesMax;
    this.#reader = new FrameReader(HANDSHAKE_COMMAND_BYTES_MAX, (flags, body) => this.#onFrame(flags, body));
  }

  get state(): 'greeting' | 'handshake' | 'ready' | 'closed' {
    return this.#state;
  }

  /** Bytes that come now are only kept: stop the socket. */
  get isStopped(): boolean {
    return this.#reader.isStopped;
  }

  /** Sends the greeting: both sides do so without waiting for each other. */
  begin(): void {
    const { mechanism, isServer } = this.#options.security;
    this.#events.write(encodeGreeting(mechanism, isServer));
  }

  receive(chunk: Buffer): void {
    this.#guard(() => {
      if (this.#state === 'greeting') this.#readGreeting(chunk);
      else if (this.#state !== 'closed') this.#reader.push(chunk);
    });
  }

  /** Where the next bytes are best read to; undefined where it does not matter. */
  get room(): Buffer | undefined {
    return this.#reader.room;
  }

  /** The first `count` bytes of `room` were read. */
  advance(count: number): void {
    this.#guard(() => {
      if (this.#state !== 'closed') this.#reader.advance(count);
    });
  }

  /** Goes on after `onMessage` returned false; true unless it stopped again. */
  resume(): boolean {
    let isRunning = false;
    if (!this.#isWaiting && this.#state !== 'closed') this.#guard(() => (isRunning = this.#reader.resume()));
    return isRunning;
  }

  /** Holds for messages that begin after this. */
  allowMessageBytes(bytesMax: number): void {
    this.#messageBytesMax = bytesMax;
    this.#reader.limit(bytesMax + this.#overheadBytes);
  }

  /** No event comes after this. */
  close(): void {
    this.#state = 'closed';
  }

  /** Nothing that a peer sends may throw into the socket that carries it. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      this.#fail(error);
    }
  }

  #fail(reason: OperatingError): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#events.onFault(reason);
  }

  #readGreeting(chunk: Buffer): void {
    const bytes = this.#greeting.length === 0 ? chunk : Buffer.concat([this.#greeting, chunk]);
    checkGreeting(bytes);
    if (bytes.length < GREETING_BYTES) {
      this.#greeting = bytes;
      return;
    }
    this.#greeting = Buffer.alloc(0);
    const { security, socketType, routingId, address } = this.#options;
    this.#minor = parseGreeting(bytes.subarray(0, GREETING_BYTES), security.mechanism).minor;
    const metadata = encodeMetadata({ 'Socket-Type': Buffer.from(socketType), Identity: routingId });
    this.#state = 'handshake';
    this.#handshake = security.openHandshake({ metadata, address });
    this.#step(this.#handshake.begin());
    if (bytes.length > GREETING_BYTES) this.#reader.push(bytes.subarray(GREETING_BYTES));
  }

  #onFrame(flags: number, body: Buffer): boolean {
    if (this.#state === 'ready') return this.#onTraffic(flags, body);
    if (this.#state === 'closed' || this.#handshake === undefined) return false;
    if ((flags & FLAG.command) === 0) throw protocolFault('a message before the end of the handshake');
    const step = this.#handshake.receive(body);
    if (!(step instanceof Promise)) {
      this.#step(step);
      return this.state !== 'closed';
    }
    this.#isWaiting = true;
    void this.#await(step);
    return false;
  }

  async #await(waiting: Promise<HandshakeStep>): Promise<void> {
    try {
      const step = await waiting;
      this.#isWaiting = false;
      if (this.#state === 'closed') return;
      this.#guard(() => {
        this.#step(step);
        if (this.state !== 'closed' && this.#reader.resume()) this.#events.onFlowing();
      });
    } catch (cause) {
      const unchecked = new OperatingError('unavailable', 'the key of the peer could not be checked', { cause });
      this.#fail(cause instanceof OperatingError ? cause : unchecked);
    }
  }

  #step({ send, established, failed }: HandshakeStep): void {
    if (send !== undefined) this.#events.write(encodeFrame(FLAG.command, send));
    if (failed !== undefined) throw failed;
    if (established !== undefined) this.#establish(established);
  }

  #establish({ codec, metadata, proof }: Established): void {
    const { socketType } = this.#options;
    const peerType = metadata.get('socket-type')?.toString('latin1') ?? '';
    if (!isSocketType(peerType) || !talksTo(socketType, peerType)) {
      this.#events.write(encodeFrame(FLAG.command, encodeError('Invalid socket type')));
      const shown = isSocketType(peerType) ? peerType : 'unknown';
      throw new OperatingError('denied', `a socket of type ${shown} does not talk to ${socketType}: check the address`);
    }
    this.#state = 'ready';
    this.#open = codec.open;
    this.#overheadBytes = codec.overheadBytes;
    this.allowMessageBytes(this.#messageBytesMax);
    const hasCommands = this.#minor >= 1;
    this.#events.onReady({ codec, proof, peerType, peerRoutingId: routingIdOf(metadata), hasCommands });
  }

  #onTraffic(wireFlags: number, wireBody: Buffer): boolean {
    let [flags, body] = [wireFlags, wireBody];
    if (this.#open !== undefined) {
      const opened = this.#open(wireBody);
      flags = opened[0] as number;
      body = opened.subarray(1);
    }
    if ((flags & FLAG.command) !== 0) {
      return this.#events.onCommand(parseCommand(body)) && this.state === 'ready';
    }
    this.#messageBytes += body.length;
    this.#parts.push(body);
    if (this.#messageBytes > this.#messageBytesMax) {
      throw protocolFault(`a message above ${this.#messageBytesMax} bytes`);
    }
    if (this.#parts.length > PARTS_MAX) throw protocolFault(`a message of more than ${PARTS_MAX} parts`);
    if ((flags & FLAG.more) !== 0) return true;
    const parts = this.#parts;
    this.#parts = [];
    this.#messageBytes = 0;
    return this.#events.onMessage(parts) && this.state === 'ready';
  }
}

function routingIdOf(metadata: Metadata): Buffer {
  const routingId = metadata.get('identity') ?? Buffer.alloc(0);
  if (routingId.length > IDENTITY_BYTES_MAX || routingId[0] === 0)
    throw protocolFault('an Identity that is not allowed');
  return Buffer.from(routingId);
}
