/**
 * Mechanism CURVE (CurveZMQ, RFC 26): both sides prove that they hold their long-term keys, and everything after the
 * first command is encrypted. A door of its own, so that programs without it do not load libsodium.
 */
import type { RawKeyPair } from './curve-box.ts';
import { openCurveClient } from './curve-client.ts';
import { type Authenticate, openCurveServer } from './curve-server.ts';
import { parseKey, publicKeyOf } from './keys.ts';
import type { Security } from './security.ts';

export type { Authenticate } from './curve-server.ts';
export { derivePublicKey, generateKeyPair, type KeyPair } from './keys.ts';

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
