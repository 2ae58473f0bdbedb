/** Commands (RFC 37, "Commands"): a short name and what belongs to it. */
import { protocolFault } from './protocol-fault.ts';

/** RFC 37: a PING's context has at most 16 bytes. */
const CONTEXT_BYTES_MAX = 16;
const TTL_UNIT_MS = 100;
const TTL_MAX = 0xffff;
const ERROR_REASON_BYTES_MAX = 255;

export type Command = { readonly name: string; readonly body: Buffer };

/** @throws OperatingError `invalid`. */
export function parseCommand(bytes: Buffer): Command {
  const size = bytes[0] ?? 0;
  if (size === 0 || 1 + size > bytes.length) throw protocolFault('a command without a name');
  return { name: bytes.toString('latin1', 1, 1 + size), body: bytes.subarray(1 + size) };
}

export function encodeCommand(name: string, ...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.of(name.length), Buffer.from(name, 'latin1'), ...parts]);
}

/** `ttlMs` is rounded up to tenths of a second; 0 leaves the judgement to the peer. */
export function encodePing(ttlMs: number, context: Uint8Array = new Uint8Array(0)): Buffer {
  const ttl = Buffer.alloc(2);
  ttl.writeUInt16BE(Math.min(TTL_MAX, Math.ceil(ttlMs / TTL_UNIT_MS)));
  return encodeCommand('PING', ttl, context);
}

/** @throws OperatingError `invalid`. */
export function parsePing(body: Buffer): { readonly ttlMs: number; readonly context: Buffer } {
  if (body.length < 2 || body.length > 2 + CONTEXT_BYTES_MAX) throw protocolFault(`a PING of ${body.length} bytes`);
  return { ttlMs: body.readUInt16BE(0) * TTL_UNIT_MS, context: body.subarray(2) };
}

export function encodeError(reason: string): Buffer {
  const bytes = Buffer.from(reason, 'latin1').subarray(0, ERROR_REASON_BYTES_MAX);
  return encodeCommand('ERROR', Buffer.of(bytes.length), bytes);
}

/** The reason that a peer gave, with what is not printable replaced: it goes into logs. */
export function parseError(body: Buffer): string {
  const size = body[0] ?? 0;
  return body.toString('latin1', 1, 1 + size).replaceAll(/[^\x20-\x7e]/g, '?');
}
