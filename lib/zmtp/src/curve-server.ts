/** The server's half of a CURVE handshake (RFC 26). Nothing of a client is believed before its INITIATE has opened. */
import { OperatingError } from '@plumb/base';
import { encodeCommand, encodeError, parseCommand } from './command.ts';
import {
  isSameKey,
  LONG_NONCE_BYTES,
  newRawKeyPair,
  type RawKeyPair,
  randomBytes,
  seal,
  sharedKey,
  SHORT_NONCE_BYTES,
  unseal,
} from './curve-box.ts';
import { HELLO_PADDING_BYTES, HELLO_SIGNATURE_BYTES, VERSION } from './curve-client.ts';
import { createCurveCodec, readNonce, shortNonce } from './curve-codec.ts';
import { KEY_BYTES } from './keys.ts';
import { parseMetadata } from './metadata.ts';
import { protocolFault } from './protocol-fault.ts';
import type { Handshake, HandshakeFacts, HandshakeStep } from './security.ts';
import { encodeZ85 } from './z85.ts';

const HELLO_BODY_BYTES = 194;
const COOKIE_BYTES = 96;
const VOUCH_BYTES = 80;
const INITIATE_BODY_BYTES_MIN = COOKIE_BYTES + SHORT_NONCE_BYTES + KEY_BYTES + LONG_NONCE_BYTES + VOUCH_BYTES + 16;
const READY_NONCE = 1;
/** The status of ZAP (RFC 27) for credentials that were not accepted: libzmq reports it as a failed authentication. */
const DENIED_STATUS = '400';

/** Who holds the key `publicKey` (Z85); undefined refuses the connection. `address` is where the peer connects from. */
export type Authenticate = (asked: {
  readonly publicKey: string;
  readonly address: string;
}) => Promise<string | undefined>;

type Hello = {
  readonly clientShortKey: Buffer;
  readonly short: RawKeyPair;
  readonly cookie: Buffer;
  readonly nonce: number;
};

export function openCurveServer(own: RawKeyPair, authenticate: Authenticate, facts: HandshakeFacts): Handshake {
  let hello: Hello | undefined;
  let isInitiated = false;

  const welcome = (body: Buffer): HandshakeStep => {
    if (body.length !== HELLO_BODY_BYTES || !body.subarray(0, 2).equals(VERSION))
      throw protocolFault('a HELLO of another version');
    const keyAt = 2 + HELLO_PADDING_BYTES;
    const clientShortKey = Buffer.from(body.subarray(keyAt, keyAt + KEY_BYTES));
    const tail = body.subarray(keyAt + KEY_BYTES, keyAt + KEY_BYTES + SHORT_NONCE_BYTES);
    const key = sharedKey(clientShortKey, own.secretKey);
    const signature = unseal(
      'HELLO',
      'CurveZMQHELLO---',
      tail,
      key,
      body.subarray(keyAt + KEY_BYTES + SHORT_NONCE_BYTES),
    );
    if (!signature.equals(Buffer.alloc(HELLO_SIGNATURE_BYTES))) throw protocolFault('a HELLO with another signature');

    // The state of a handshake is kept here, bounded by `peersMax`, so the cookie only has to come back unchanged.
    const short = newRawKeyPair();
    const cookie = randomBytes(COOKIE_BYTES);
    hello = { clientShortKey, short, cookie, nonce: readNonce(tail, 0) };
    const welcomeNonce = randomBytes(LONG_NONCE_BYTES);
    const box = seal('WELCOME-', welcomeNonce, key, short.publicKey, cookie);
    return { send: encodeCommand('WELCOME', welcomeNonce, box) };
  };

  const initiate = async (body: Buffer, { clientShortKey, short, cookie, nonce }: Hello): Promise<HandshakeStep> => {
    if (body.length < INITIATE_BODY_BYTES_MIN) throw protocolFault(`an INITIATE of ${body.length} bytes`);
    if (!isSameKey(body.subarray(0, COOKIE_BYTES), cookie)) throw protocolFault('an INITIATE with another cookie');
    const tail = body.subarray(COOKIE_BYTES, COOKIE_BYTES + SHORT_NONCE_BYTES);
    const receivedNonce = readNonce(tail, 0);
    if (receivedNonce <= nonce) throw protocolFault('an INITIATE with a nonce that was used');
    const key = sharedKey(clientShortKey, short.secretKey);
    const plain = unseal('INITIATE', 'CurveZMQINITIATE', tail, key, body.subarray(COOKIE_BYTES + SHORT_NONCE_BYTES));
    const clientKey = plain.subarray(0, KEY_BYTES);
    const vouchAt = KEY_BYTES + LONG_NONCE_BYTES;
    const vouchKey = sharedKey(clientKey, short.secretKey);
    const vouchBox = plain.subarray(vouchAt, vouchAt + VOUCH_BYTES);
    const vouch = unseal('vouch', 'VOUCH---', plain.subarray(KEY_BYTES, vouchAt), vouchKey, vouchBox);
    if (!isSameKey(vouch, Buffer.concat([clientShortKey, own.publicKey]))) throw protocolFault('a vouch for others');

    const metadata = parseMetadata(plain.subarray(vouchAt + VOUCH_BYTES));
    const publicKey = encodeZ85(clientKey);
    const identity = await authenticate({ publicKey, address: facts.address });
    if (identity === undefined) {
      const failed = new OperatingError('denied', `nobody known holds the key ${publicKey}: add it, or use another`);
      return { send: encodeError(DENIED_STATUS), failed };
    }
    const codec = createCurveCodec({ side: 'server', key, sentNonce: READY_NONCE, receivedNonce });
    const readyTail = shortNonce(READY_NONCE);
    const box = seal('CurveZMQREADY---', readyTail, key, facts.metadata);
    const established = { codec, metadata, proof: { publicKey, identity } };
    return { send: encodeCommand('READY', readyTail, box), established };
  };

  return {
    begin: () => ({}),
    receive(bytes) {
      const { name, body } = parseCommand(bytes);
      if (name === 'HELLO' && hello === undefined) return welcome(body);
      if (name !== 'INITIATE' || hello === undefined || isInitiated)
        throw protocolFault('a command out of place in a CURVE handshake');
      isInitiated = true;
      return initiate(body, hello);
    },
  };
}
