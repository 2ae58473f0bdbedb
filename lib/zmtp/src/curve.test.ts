import fc from 'fast-check';
import sodium from 'sodium-native';
import { expect, test } from 'vitest';
import { derivePublicKey, generateKeyPair } from './curve.ts';
import { newRawKeyPair, seal, sharedKey } from './curve-box.ts';
import { createCurveCodec } from './curve-codec.ts';
import { FLAG, SHORT_HEADER_BYTES } from './frame.ts';
import { decodeZ85, encodeZ85 } from './z85.ts';

test('Z85: the example of RFC 32, any bytes there and back, and what is none', () => {
  const bytes = Buffer.from('864fd26fb559f75b', 'hex');
  expect(encodeZ85(bytes)).toBe('HelloWorld');
  expect(decodeZ85('HelloWorld')).toEqual(bytes);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (given) => {
      const whole = Buffer.from(given.subarray(0, given.length - (given.length % 4)));
      expect(decodeZ85(encodeZ85(whole)).equals(whole)).toBe(true);
    }),
  );
  expect(() => decodeZ85('Hello World')).toThrow('they come in fives');
  expect(() => decodeZ85('Hell"')).toThrow('no digit');
  expect(() => decodeZ85('#####')).toThrow('above 32 bits');
  expect(() => encodeZ85(Buffer.alloc(3))).toThrow('in fours');
});

test('keys are those of libzmq: its documented pair, and pairs of our own', () => {
  // From the manual page zmq_curve(7).
  const secretKey = 'D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs';
  expect(derivePublicKey(secretKey)).toBe('Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID');
  const pair = generateKeyPair();
  expect(derivePublicKey(pair.secretKey)).toBe(pair.publicKey);
  expect(() => derivePublicKey('short')).toThrow('the secret key has 5 characters, not 40');
  expect(() => derivePublicKey('ab')).toThrow('the secret key has 2 characters, not 40');
  expect(() => derivePublicKey('~'.repeat(40))).toThrow('the secret key of 40 characters is not Z85');
});

test('a box with the key that is computed once is the box of libsodium', () => {
  for (let i = 0; i < 20; i += 1) {
    const [a, b] = [newRawKeyPair(), newRawKeyPair()];
    const nonce = Buffer.alloc(24, i);
    const plain = Buffer.alloc(i * 7, i);
    const expected = Buffer.alloc(plain.length + 16);
    sodium.crypto_box_easy(expected, plain, nonce, b.publicKey, a.secretKey);
    const box = seal('', nonce, sharedKey(b.publicKey, a.secretKey), plain);
    expect(box.equals(expected)).toBe(true);
    expect(sharedKey(a.publicKey, b.secretKey).equals(sharedKey(b.publicKey, a.secretKey))).toBe(true);
  }
  expect(() => sharedKey(Buffer.alloc(32), newRawKeyPair().secretKey)).toThrow('a public key that is none');
});

test('a MESSAGE opens once, in order, unchanged, and with its flags', () => {
  const key = Buffer.alloc(32, 7);
  const client = createCurveCodec({ side: 'client', key, sentNonce: 2, receivedNonce: 1 });
  const server = createCurveCodec({ side: 'server', key, sentNonce: 1, receivedNonce: 2 });
  const bodyOf = (text: string, flags: number): Buffer => {
    const body = Buffer.from(text);
    const wire = Buffer.alloc(client.sizeOf(body.length));
    expect(client.write(wire, 0, flags, body)).toBe(wire.length);
    return wire.subarray(SHORT_HEADER_BYTES);
  };
  const [first, second, third] = [bodyOf('one', FLAG.more), bodyOf('two', FLAG.command), bodyOf('three', 0)];
  expect(server.open?.(first)).toEqual(Buffer.from([FLAG.more, ...Buffer.from('one')]));
  expect(server.open?.(third)).toEqual(Buffer.from([0, ...Buffer.from('three')]));
  expect(() => server.open?.(third)).toThrow('sent before');
  expect(() => server.open?.(second)).toThrow('sent before');
  const fourth = bodyOf('four', 0);
  for (let at = 0; at < fourth.length; at += 1) {
    const changed = Buffer.from(fourth);
    changed[at] = (changed[at] as number) ^ 1;
    expect(() => server.open?.(changed)).toThrow(/does not open|no MESSAGE|sent before|2\^53/);
  }
  expect(() => client.open?.(fourth)).toThrow('does not open');
  expect(server.open?.(fourth)).toEqual(Buffer.from([0, ...Buffer.from('four')]));
});
