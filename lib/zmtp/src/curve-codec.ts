/** Frames after a CURVE handshake: each is a MESSAGE command with a box of its flags and body (RFC 26, "MESSAGE"). */
import sodium from 'sodium-native';
import { BOX_OVERHEAD_BYTES, NONCE_BYTES, SHORT_NONCE_BYTES } from './curve-box.ts';
import { FLAG, headerBytes, writeHeader } from './frame.ts';
import { protocolFault } from './protocol-fault.ts';
import type { FrameCodec } from './security.ts';

const NAME = Buffer.from('\x07MESSAGE', 'latin1');
const BOX_AT = NAME.length + SHORT_NONCE_BYTES;
const OVERHEAD_BYTES = BOX_AT + BOX_OVERHEAD_BYTES + 1;
/** Within the box these are other bits than in a frame's header. */
const INNER_FLAG = { more: 1, command: 2 } as const;
const NONCE_PREFIX = { client: 'CurveZMQMESSAGEC', server: 'CurveZMQMESSAGES' } as const;
const PREFIX_BYTES = NONCE_BYTES - SHORT_NONCE_BYTES;

export type CurveCodecOptions = {
  readonly side: 'client' | 'server';
  /** Shared by both sides' short-term keys. */
  readonly key: Buffer;
  /** The last short nonces of the handshake; those of messages are above. */
  readonly sentNonce: number;
  readonly receivedNonce: number;
};

export function createCurveCodec({ side, key, sentNonce, receivedNonce }: CurveCodecOptions): FrameCodec {
  const sendNonce = nonceWith(NONCE_PREFIX[side]);
  const receiveNonce = nonceWith(NONCE_PREFIX[side === 'client' ? 'server' : 'client']);
  let sent = sentNonce;
  let received = receivedNonce;

  return {
    sizeOf: (bodyBytes) => headerBytes(bodyBytes + OVERHEAD_BYTES) + bodyBytes + OVERHEAD_BYTES,
    overheadBytes: OVERHEAD_BYTES,

    write(target, offset, flags, body) {
      const start = writeHeader(target, offset, 0, body.length + OVERHEAD_BYTES);
      const boxStart = start + BOX_AT;
      const plainStart = boxStart + BOX_OVERHEAD_BYTES;
      const end = plainStart + 1 + body.length;
      target[plainStart] =
        ((flags & FLAG.more) === 0 ? 0 : INNER_FLAG.more) | ((flags & FLAG.command) === 0 ? 0 : INNER_FLAG.command);
      target.set(body, plainStart + 1);
      sent += 1;
      writeNonce(sendNonce, sent);
      target.set(NAME, start);
      target.set(sendNonce.subarray(PREFIX_BYTES), start + NAME.length);
      // Sealed where it lies: libsodium takes a message that is where the box will have it.
      sodium.crypto_secretbox_easy(target.subarray(boxStart, end), target.subarray(plainStart, end), sendNonce, key);
      return end;
    },

    open(body) {
      if (body.length < OVERHEAD_BYTES || !isMessage(body)) throw protocolFault('a frame that is no MESSAGE');
      const nonce = readNonce(body, NAME.length);
      if (nonce <= received) throw protocolFault('a MESSAGE that was sent before');
      writeNonce(receiveNonce, nonce);
      const plain = body.subarray(BOX_AT + BOX_OVERHEAD_BYTES);
      if (!sodium.crypto_secretbox_open_easy(plain, body.subarray(BOX_AT), receiveNonce, key)) {
        throw protocolFault('a MESSAGE whose box does not open');
      }
      received = nonce;
      const inner = plain[0] as number;
      plain[0] =
        ((inner & INNER_FLAG.more) === 0 ? 0 : FLAG.more) | ((inner & INNER_FLAG.command) === 0 ? 0 : FLAG.command);
      return plain;
    },
  };
}

/** Short nonces count up from 1, so that 2^53 of them are never reached. @throws OperatingError `invalid` above that. */
export function readNonce(bytes: Buffer, offset: number): number {
  const nonce = bytes.readUInt32BE(offset) * 2 ** 32 + bytes.readUInt32BE(offset + 4);
  if (nonce > Number.MAX_SAFE_INTEGER) throw protocolFault('a nonce above 2^53');
  return nonce;
}

export function shortNonce(value: number): Buffer {
  const bytes = Buffer.alloc(SHORT_NONCE_BYTES);
  bytes.writeUInt32BE(Math.floor(value / 2 ** 32), 0);
  bytes.writeUInt32BE(value >>> 0, 4);
  return bytes;
}

function nonceWith(prefix: string): Buffer {
  const nonce = Buffer.allocUnsafeSlow(NONCE_BYTES);
  nonce.write(prefix, 'latin1');
  return nonce;
}

function writeNonce(nonce: Buffer, value: number): void {
  nonce.writeUInt32BE(Math.floor(value / 2 ** 32), PREFIX_BYTES);
  nonce.writeUInt32BE(value >>> 0, PREFIX_BYTES + 4);
}

function isMessage(body: Buffer): boolean {
  for (let i = 0; i < NAME.length; i += 1) if (body[i] !== NAME[i]) return false;
  return true;
}
