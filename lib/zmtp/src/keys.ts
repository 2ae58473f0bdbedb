/**
 * Long-term keys of CURVE as text. X25519 comes from `node:crypto`, so programs that only keep or compare keys do not load
 * libsodium.
 */
import crypto from 'node:crypto';
import { OperatingError } from '@plumb/base';
import { decodeZ85, encodeZ85 } from './z85.ts';

export const KEY_BYTES = 32;
const KEY_CHARACTERS = 40;

/** What comes before the 32 bytes of an X25519 secret key in PKCS #8 (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** Long-term keys as Z85, 40 characters each, as in the key files of other ZeroMQ programs. */
export type KeyPair = { readonly publicKey: string; readonly secretKey: string };

export function generateKeyPair(): KeyPair {
  const secretKey = encodeZ85(crypto.randomBytes(KEY_BYTES));
  return { publicKey: derivePublicKey(secretKey), secretKey };
}

/** @throws OperatingError `invalid`. */
export function derivePublicKey(secretKey: string): string {
  return encodeZ85(publicKeyOf(parseKey('secret key', secretKey)));
}

/** @throws OperatingError `invalid`, which does not repeat the text. */
export function parseKey(what: string, text: string): Buffer {
  if (text.length === KEY_CHARACTERS) return decodeZ85(text, `the ${what}`);
  const found = `${text.length} characters, not ${KEY_CHARACTERS}`;
  throw new OperatingError('invalid', `the ${what} has ${found}: is it the whole line?`);
}

export function publicKeyOf(secretKey: Buffer): Buffer {
  const key = crypto.createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, secretKey]), format: 'der', type: 'pkcs8' });
  const { x = '' } = crypto.createPublicKey(key).export({ format: 'jwk' });
  return Buffer.from(x, 'base64url');
}
