/**
 * Mechanism CURVE (CurveZMQ, RFC 26): both sides prove that they hold their long-term keys, and everything after the
 * first command is encrypted. A door of its own, so that programs without it do not load libsodium.
 */
import { OperatingError } from '@plumb/base';
import { KEY_BYTES, newRawKeyPair, publicKeyOf, type RawKeyPair } from './curve-box.ts';
import { openCurveClient } from './curve-client.ts';
import { type Authenticate, openCurveServer } from './curve-server.ts';
import type { Security } from './security.ts';
import { decodeZ85, encodeZ85 } from './z85.ts';

export type { Authenticate } from './curve-server.ts';

/** Long-term keys as Z85, 40 characters each, as in the key files of other ZeroMQ programs. */
export type KeyPair = { readonly publicKey: string; readonly secretKey: string };

export function generateKeyPair(): KeyPair {
  const { publicKey, secretKey } = newRawKeyPair();
  return { publicKey: encodeZ85(publicKey), secretKey: encodeZ85(secretKey) };
}

/** @throws OperatingError `invalid`. */
export function derivePublicKey(secretKey: string): string {
  return encodeZ85(publicKeyOf(parseKey('secret key', secretKey)));
}

/** For the side that others prove themselves to, whether it binds or connects. @throws OperatingError `invalid`. */
export function curveServer(options: { readonly secretKey: string; readonly authenticate: Authenticate }): Security {
  const secretKey = parseKey('secret key', options.secretKey);
  const own: RawKeyPair = { publicKey: publicKeyOf(secretKey), secretKey };
  return {
    mechanism: 'CURVE',
    isServer: true,
    openHandshake: (facts) => openCurveServer(own, options.authenticate, facts),
  };
}

/** `serverKey` is the public key that the server must hold. @throws OperatingError `invalid`. */
export function curveClient(options: { readonly secretKey: string; readonly serverKey: string }): Security {
  const secretKey = parseKey('secret key', options.secretKey);
  const serverKey = parseKey("server's public key", options.serverKey);
  const own: RawKeyPair = { publicKey: publicKeyOf(secretKey), secretKey };
  return { mechanism: 'CURVE', isServer: false, openHandshake: (facts) => openCurveClient(own, serverKey, facts) };
}

function parseKey(what: string, text: string): Buffer {
  const key = decodeZ85(text);
  if (key.length === KEY_BYTES) return key;
  throw new OperatingError('invalid', `the ${what} has ${text.length} characters, not 40: is it the whole line?`);
}
