/**
 * The two queues between a socket and one peer. A pipe of a connection that others opened ends with it; one that this
 * side keeps up may outlive connections, and what waits in it is sent to the next one.
 */
import { OperatingError } from '@plumb/base';
import { Fifo } from './fifo.ts';
import { QUEUE_BYTES_MAX } from './options.ts';
import type { Session } from './engine.ts';
import type { SocketType } from './socket-type.ts';

/** Who a message comes from. */
export type Peer = {
  /** What a ROUTER puts before its messages; empty on other sockets where the peer chose none. */
  readonly routingId: Buffer;
  readonly socketType: SocketType;
  /** Where it connects from, or what we connected to. */
  readonly address: string;
  /** The key that it proved to hold (Z85), and what `authenticate` answered for it. Servers of CURVE only. */
  readonly publicKey: string | undefined;
  readonly identity: string | undefined;
  /** Messages of this peer may have so many bytes from here on, in place of `messageBytesMax`. */
  readonly allowMessageBytes: (bytesMax: number) => void;
  /** Ends the connection. This side connects again if it had opened it. */
  readonly close: (reason?: OperatingError) => void;
};

/** `parts` may be views of what was read together, up to 64 KiB: copy small ones that are kept for long. Larger ones are not. */
export type Message = { readonly parts: readonly Buffer[]; readonly peer: Peer };

/** The connection as its pipe sees it. */
export type Carrier = {
  readonly session: Session;
  /** Writes what is queued at the end of this turn of the event loop, with all that is queued until then. */
  readonly schedule: () => void;
  /** Writes what the socket takes, now. */
  readonly flush: () => void;
  readonly resume: () => void;
  readonly allowMessageBytes: (bytesMax: number) => void;
  readonly end: () => void;
  readonly close: (reason: OperatingError) => void;
};

/** Who is at the other end of a carrier. `routingId` is what a ROUTER gave or found; empty elsewhere. */
export function peerOf(
  carrier: Carrier,
  { address, routingId }: { readonly address: string; readonly routingId: Buffer },
): Peer {
  const { peerRoutingId, peerType, proof } = carrier.session;
  return {
    routingId: routingId.length > 0 ? routingId : peerRoutingId,
    socketType: peerType,
    address,
    publicKey: proof.publicKey,
    identity: proof.identity,
    allowMessageBytes: carrier.allowMessageBytes.bind(carrier),
    close: (reason) => carrier.close(reason ?? new OperatingError('unavailable', 'this side closed the connection')),
  };
}

export type PipeLimits = { readonly sendHighWaterMark: number };

export class Pipe {
  readonly address: string;
  readonly inbox = new Fifo<Message>();
  inboxBytes = 0;
  /** Reading has stopped since the inbox is full. */
  isHalted = false;
  carrier: Carrier | undefined;
  peer: Peer | undefined;
  /** What its messages on a ROUTER begin with. */
  routingId: Buffer = Buffer.alloc(0);
  /** The last message of a publisher that it was given: not to give it twice. */
  stamp = 0;
  readonly #limits: PipeLimits;
  readonly #outgoing = new Fifo<readonly Uint8Array[]>();
  #outgoingBytes = 0;
  #commands: Uint8Array[] = [];
  /** Handed to the operating system's socket, which has not taken them yet. */
  #inFlightCount = 0;
  #wasFull = false;
  /** Called when there is room again after a message was refused. */
  readonly #onRoom: () => void;

  constructor(address: string, limits: PipeLimits, onRoom: () => void) {
    this.address = address;
    this.#limits = limits;
    this.#onRoom = onRoom;
  }

  get queuedCount(): number {
    return this.#outgoing.length + this.#inFlightCount;
  }

  get hasOutput(): boolean {
    return this.#outgoing.length + this.#commands.length > 0;
  }

  /** False at the mark, and nothing is kept then. `parts` belong to the pipe from then on. */
  trySend(parts: readonly Uint8Array[]): boolean {
    if (this.#isFull()) this.carrier?.flush();
    if (this.#isFull()) {
      this.#wasFull = true;
      return false;
    }
    this.#outgoing.push(parts);
    for (const part of parts) this.#outgoingBytes += part.length;
    this.carrier?.schedule();
    return true;
  }

  /** Goes before all messages. Not bounded here: whoever sends commands bounds them. */
  sendCommand(body: Uint8Array): void {
    this.#commands.push(body);
    this.carrier?.schedule();
  }

  takeCommands(): Uint8Array[] {
    const commands = this.#commands;
    if (commands.length > 0) this.#commands = [];
    return commands;
  }

  /** Messages of about `bytesMax` together, at least one; they count as in flight until `settle`. */
  takeMessages(bytesMax: number): (readonly Uint8Array[])[] {
    const messages: (readonly Uint8Array[])[] = [];
    let bytes = 0;
    while (bytes < bytesMax) {
      const parts = this.#outgoing.shift();
      if (parts === undefined) break;
      messages.push(parts);
      for (const part of parts) bytes += part.length + 2;
      this.#inFlightCount += 1;
      for (const part of parts) this.#outgoingBytes -= part.length;
    }
    return messages;
  }

  /** The socket took what was in flight. */
  settle(): void {
    this.#inFlightCount = 0;
    if (!this.#wasFull || this.#isFull()) return;
    this.#wasFull = false;
    this.#onRoom();
  }

  clearOutput(): void {
    this.#outgoing.clear();
    this.#outgoingBytes = 0;
    this.#commands = [];
    this.settle();
  }

  #isFull(): boolean {
    return this.queuedCount >= this.#limits.sendHighWaterMark || this.#outgoingBytes >= QUEUE_BYTES_MAX;
  }
}
