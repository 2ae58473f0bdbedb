/** What a mechanism is to the engine: a handshake of commands, and what seals the frames after it. */
import type { OperatingError } from '@plumb/base';
import type { Metadata } from './metadata.ts';

/** Turns bodies into frames on the wire and back. Used by one connection, in order. */
export type FrameCodec = {
  /** Bytes on the wire for a body of this size, header included. */
  readonly sizeOf: (bodyBytes: number) => number;
  /** Writes a frame at `offset` of `target` and returns where it ends. `flags` are without `long`. */
  readonly write: (target: Buffer, offset: number, flags: number, body: Uint8Array) => number;
  /** What a body on the wire has more than the body within. */
  readonly overheadBytes: number;
  /**
   * The flags of a sealed frame, then its body, opened in the memory of `body`. Absent where frames are plain.
   * @throws OperatingError `invalid`.
   */
  readonly open?: (body: Buffer) => Buffer;
};

/** Who is on the other side, as far as the mechanism could prove it. */
export type Proof = {
  /** The long-term key, as Z85; absent without CURVE, and on the client's side. */
  readonly publicKey?: string;
  /** What the server's `authenticate` answered for the key. */
  readonly identity?: string;
};

export type Established = { readonly codec: FrameCodec; readonly metadata: Metadata; readonly proof: Proof };

/** `send` goes out first; then the connection is established, or fails, or the next command is awaited. */
export type HandshakeStep = {
  readonly send?: Buffer;
  readonly established?: Established;
  readonly failed?: OperatingError;
};

/** One connection's handshake. Bodies are those of command frames. */
export type Handshake = {
  readonly begin: () => HandshakeStep;
  /** @throws OperatingError `invalid` or `denied`. */
  readonly receive: (body: Buffer) => HandshakeStep | Promise<HandshakeStep>;
};

/** What this side tells: its metadata, and where the peer is, for the log and for `authenticate`. */
export type HandshakeFacts = { readonly metadata: Buffer; readonly address: string };

export type Security = {
  readonly mechanism: 'NULL' | 'CURVE';
  readonly isServer: boolean;
  readonly openHandshake: (facts: HandshakeFacts) => Handshake;
};
