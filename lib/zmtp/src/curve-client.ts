/** The client's half of a CURVE handshake (RFC 26): HELLO, then INITIATE for the WELCOME that answers it, then READY. */
import { encodeCommand, parseCommand } from './command.ts';
import { LONG_NONCE_BYTES, newRawKeyPair, type RawKeyPair, randomBytes, seal, sharedKey, unseal } from './curve-box.ts';
import { createCurveCodec, readNonce, shortNonce } from './curve-codec.ts';
import { KEY_BYTES } from './keys.ts';
import { parseMetadata } from './metadata.ts';
import { refusedBy } from './null-security.ts';
import { protocolFault } from './protocol-fault.ts';
import type { Handshake, HandshakeFacts, HandshakeStep } from './security.ts';

export const VERSION = Buffer.of(1, 0);
export const HELLO_PADDING_BYTES = 72;
export const HELLO_SIGNATURE_BYTES = 64;
const WELCOME_BODY_BYTES = 160;
const READY_BODY_BYTES_MIN = 24;
const HELLO_NONCE = 1;
const INITIATE_NONCE = 2;

/** `own` is the long-term pair of this side, `serverKey` the long-term public key that the server must hold. */
export function openCurveClient(own: RawKeyPair, serverKey: Buffer, { metadata }: HandshakeFacts): Handshake {
  const short = newRawKeyPair();
  let sessionKey: Buffer | undefined;

  const initiate = (body: Buffer): HandshakeStep => {
    if (body.length !== WELCOME_BODY_BYTES) throw protocolFault(`a WELCOME of ${body.length} bytes`);
    const welcomeKey = sharedKey(serverKey, short.secretKey);
    const nonce = body.subarray(0, LONG_NONCE_BYTES);
    const welcome = unseal('WELCOME', 'WELCOME-', nonce, welcomeKey, body.subarray(LONG_NONCE_BYTES));
    const serverShortKey = welcome.subarray(0, KEY_BYTES);
    const cookie = welcome.subarray(KEY_BYTES);
    sessionKey = sharedKey(serverShortKey, short.secretKey);

    const vouchNonce = randomBytes(LONG_NONCE_BYTES);
    const vouchKey = sharedKey(serverShortKey, own.secretKey);
    const vouch = seal('VOUCH---', vouchNonce, vouchKey, short.publicKey, serverKey);
    const tail = shortNonce(INITIATE_NONCE);
    const box = seal('CurveZMQINITIATE', tail, sessionKey, own.publicKey, vouchNonce, vouch, metadata);
    return { send: encodeCommand('INITIATE', cookie, tail, box) };
  };

  const ready = (body: Buffer): HandshakeStep => {
    if (sessionKey === undefined || body.length < READY_BODY_BYTES_MIN) throw protocolFault('a READY out of place');
    const plain = unseal('READY', 'CurveZMQREADY---', body.subarray(0, 8), sessionKey, body.subarray(8));
    const receivedNonce = readNonce(body, 0);
    const codec = createCurveCodec({ side: 'client', key: sessionKey, sentNonce: INITIATE_NONCE, receivedNonce });
    return { established: { codec, metadata: parseMetadata(plain), proof: {} } };
  };

  return {
    begin() {
      const tail = shortNonce(HELLO_NONCE);
      const key = sharedKey(serverKey, short.secretKey);
      const signature = seal('CurveZMQHELLO---', tail, key, Buffer.alloc(HELLO_SIGNATURE_BYTES));
      const padding = Buffer.alloc(HELLO_PADDING_BYTES);
      return { send: encodeCommand('HELLO', VERSION, padding, short.publicKey, tail, signature) };
    },
    receive(bytes) {
      const { name, body } = parseCommand(bytes);
      if (name === 'ERROR') throw refusedBy(body);
      if (name === 'WELCOME' && sessionKey === undefined) return initiate(body);
      if (name === 'READY') return ready(body);
      throw protocolFault('a command out of place in a CURVE handshake');
    },
  };
}
