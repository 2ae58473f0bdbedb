/**
 * What the RPC of Plumb puts in a ZeroMQ frame: one byte for the kind, then the body. A client begins with `hello`; the
 * server answers nothing before that, and then `welcome` or `bye`. From there on both sides speak alike.
 *
 *   hello    JSON {version, token}        welcome  JSON {version}
 *   messages CBOR sequence                receipt  uint32: bytes of message frames read since the last one
 *   ping, pong                            bye      JSON error: the last frame
 *
 * Before a peer is known only `hello` is read, which is short and JSON, so a stranger never reaches the CBOR reader.
 */
import { type ErrorData, errorFromData, OperatingError } from '@plumb/base';
import { MESSAGE_SIZE_BYTES_MAX } from './limits.ts';

export const FRAME = {
  hello: 0x48,
  welcome: 0x57,
  messages: 0x4d,
  receipt: 0x52,
  ping: 0x50,
  pong: 0x51,
  bye: 0x42,
} as const;

/** Messages of one turn are put in one frame up to this size; a frame holds at most this and one message. */
export const BATCH_BYTES_MAX = 2 ** 20;

export const FRAME_BYTES_MAX = MESSAGE_SIZE_BYTES_MAX + BATCH_BYTES_MAX + 1;

/** A token is a line of text; whoever sends more is not a client. */
export const HELLO_BYTES_MAX = 4_096;

export function frameOf(kind: number, ...body: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.of(kind), ...body]);
}

export function jsonFrame(kind: number, body: unknown): Buffer {
  return frameOf(kind, Buffer.from(JSON.stringify(body)));
}

export function receiptFrame(sizeBytes: number): Buffer {
  const body = Buffer.alloc(4);
  body.writeUInt32BE(sizeBytes);
  return frameOf(FRAME.receipt, body);
}

/** @throws OperatingError `invalid`. */
export function readReceipt(frame: Buffer): number {
  if (frame.length !== 5) throw new OperatingError('invalid', 'a receipt has four bytes');
  return frame.readUInt32BE(1);
}

export type Hello = { readonly version: number; readonly token: string };

/** What a hello says, or undefined where the frame is none. */
export function readHello(frame: Buffer): Hello | undefined {
  if (frame[0] !== FRAME.hello || frame.length > HELLO_BYTES_MAX) return undefined;
  const { version, token } = (parseJson(frame.subarray(1)) ?? {}) as Partial<Record<string, unknown>>;
  if (typeof version !== 'number' || typeof token !== 'string') return undefined;
  return { version, token };
}

/** The reason that a bye gives; a bye that cannot be read is still one. */
export function readBye(frame: Buffer): OperatingError {
  return errorFromData((parseJson(frame.subarray(1)) ?? {}) as ErrorData);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
