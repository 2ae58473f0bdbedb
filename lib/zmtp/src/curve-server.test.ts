// Goal: nobody is taken for a holder of a key whose secret he does not have. Method: INITIATE commands made by hand.
import { expect, test } from 'vitest';
import { encodeCommand, parseCommand } from './command.ts';
import { LONG_NONCE_BYTES, newRawKeyPair, randomBytes, type RawKeyPair, seal, sharedKey, unseal } from './curve-box.ts';
import { shortNonce } from './curve-codec.ts';
import { KEY_BYTES } from './keys.ts';
import { openCurveServer } from './curve-server.ts';
import type { HandshakeStep } from './security.ts';
import { encodeZ85 } from './z85.ts';

const server = newRawKeyPair();
const alice = newRawKeyPair();
const mallory = newRawKeyPair();

type Forgery = {
  /** Who the INITIATE says it is from, and who made the vouch. */
  readonly claimed?: Buffer;
  readonly signer?: RawKeyPair;
  readonly vouchedKey?: Buffer;
  readonly vouchedServer?: Buffer;
  readonly nonce?: number;
  readonly changeCookie?: boolean;
};

/** A whole handshake up to the server's last answer; `asked` are the keys that were asked for. */
async function handshake(forgery: Forgery, asked: string[] = []): Promise<HandshakeStep> {
  const { claimed = alice.publicKey, signer = alice, nonce = 2 } = forgery;
  const authenticate = async ({ publicKey }: { publicKey: string }): Promise<string> => {
    asked.push(publicKey);
    return 'alice';
  };
  const ours = openCurveServer(server, authenticate, { metadata: Buffer.alloc(0), address: 'test' });
  const short = newRawKeyPair();
  const helloKey = sharedKey(server.publicKey, short.secretKey);
  const signature = seal('CurveZMQHELLO---', shortNonce(1), helloKey, Buffer.alloc(64));
  const hello = encodeCommand('HELLO', Buffer.of(1, 0), Buffer.alloc(72), short.publicKey, shortNonce(1), signature);
  const { send: welcome = Buffer.alloc(0) } = await ours.receive(hello);

  const { body } = parseCommand(welcome);
  const plain = unseal(
    'WELCOME',
    'WELCOME-',
    body.subarray(0, LONG_NONCE_BYTES),
    helloKey,
    body.subarray(LONG_NONCE_BYTES),
  );
  const serverShort = plain.subarray(0, KEY_BYTES);
  const cookie = Buffer.from(plain.subarray(KEY_BYTES));
  if (forgery.changeCookie === true) cookie[5] = (cookie[5] as number) ^ 1;
  const vouchNonce = randomBytes(LONG_NONCE_BYTES);
  const vouched = [forgery.vouchedKey ?? short.publicKey, forgery.vouchedServer ?? server.publicKey];
  const vouch = seal('VOUCH---', vouchNonce, sharedKey(serverShort, signer.secretKey), ...vouched);
  const box = seal(
    'CurveZMQINITIATE',
    shortNonce(nonce),
    sharedKey(serverShort, short.secretKey),
    claimed,
    vouchNonce,
    vouch,
  );
  return ours.receive(encodeCommand('INITIATE', cookie, shortNonce(nonce), box));
}

test('who holds the secret key is established, and is asked for by the public one', async () => {
  const asked: string[] = [];
  expect((await handshake({}, asked)).established?.proof).toEqual({
    publicKey: encodeZ85(alice.publicKey),
    identity: 'alice',
  });
  expect(asked).toEqual([encodeZ85(alice.publicKey)]);
});

test('another who claims the key, or carries a vouch elsewhere, is refused before anybody is asked', async () => {
  const check = async (forgery: Forgery, message: string): Promise<void> => {
    const asked: string[] = [];
    await expect(handshake(forgery, asked)).rejects.toThrow(message);
    expect(asked).toEqual([]);
  };
  await check({ signer: mallory }, 'the box of its vouch does not open');
  await check({ vouchedKey: mallory.publicKey }, 'a vouch for others');
  await check({ vouchedServer: mallory.publicKey }, 'a vouch for others');
  await check({ changeCookie: true }, 'another cookie');
  await check({ nonce: 1 }, 'a nonce that was used');
});
