/** crypto_box as CurveZMQ (RFC 26) uses it, with the shared key computed once for a pair of keys. */
import sodium from 'sodium-native';
import { hsalsa20 } from './hsalsa20.ts';
import { KEY_BYTES } from './keys.ts';
import { protocolFault } from './protocol-fault.ts';

export const BOX_OVERHEAD_BYTES = 16;
export const NONCE_BYTES = 24;
export const SHORT_NONCE_BYTES = 8;
export const LONG_NONCE_BYTES = 16;

export type RawKeyPair = { readonly publicKey: Buffer; readonly secretKey: Buffer };

export function newRawKeyPair(): RawKeyPair {
  const [publicKey, secretKey] = [Buffer.alloc(KEY_BYTES), Buffer.alloc(KEY_BYTES)];
  sodium.crypto_box_keypair(publicKey, secretKey);
  return { publicKey, secretKey };
}

export function randomBytes(count: number): Buffer {
  const bytes = Buffer.alloc(count);
  sodium.randombytes_buf(bytes);
  return bytes;
}

/** What crypto_box calls beforenm. @throws OperatingError `invalid` for a public key of low order. */
export function sharedKey(publicKey: Buffer, secretKey: Buffer): Buffer {
  const shared = Buffer.alloc(KEY_BYTES);
  try {
    sodium.crypto_scalarmult(shared, secretKey, publicKey);
  } catch {
    throw protocolFault('a public key that is none');
  }
  return hsalsa20(shared);
}

/** The nonce is `prefix` followed by `tail`, 24 bytes together. */
export function seal(prefix: string, tail: Buffer, key: Buffer, ...plain: readonly Uint8Array[]): Buffer {
  const message = Buffer.concat(plain);
  const box = Buffer.alloc(message.length + BOX_OVERHEAD_BYTES);
  sodium.crypto_secretbox_easy(box, message, nonceOf(prefix, tail), key);
  return box;
}

/** @throws OperatingError `invalid` where the box was not made with this key and nonce; `what` names it. */
export function unseal(what: string, prefix: string, tail: Buffer, key: Buffer, box: Buffer): Buffer {
  const message = Buffer.alloc(Math.max(0, box.length - BOX_OVERHEAD_BYTES));
  if (box.length < BOX_OVERHEAD_BYTES || !sodium.crypto_secretbox_open_easy(message, box, nonceOf(prefix, tail), key)) {
    throw protocolFault(`the box of its ${what} does not open: is the server's key right?`);
  }
  return message;
}

export function isSameKey(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && sodium.sodium_memcmp(a, b);
}

function nonceOf(prefix: string, tail: Buffer): Buffer {
  return Buffer.concat([Buffer.from(prefix, 'latin1'), tail], NONCE_BYTES);
}
