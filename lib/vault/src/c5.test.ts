// C5Store's encrypted values. The vectors marked "published" are those of normano/ecies_25519 and normano/c5store.
import { OperatingError } from '@plumb/base';
import { openTemporaryDirectory } from '@plumb/testing';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { C5KeyStore } from './c5-key-store.ts';
import { holdC5Secrets, parseC5Encrypted, readC5Bytes } from './c5-value.ts';
import { decryptEciesX25519, encryptEciesX25519, parseX25519Pem } from './ecies-x25519.ts';
import type { Secret } from './secret.ts';

/** Published: the test key of C5Store, which opens nothing else. */
const TEST_LOCAL_PEM =
  '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEIBi/8Xh6lBALroZNSuPqVxESK2UIiUJ2G0RkZmbCq4pM\n-----END PRIVATE KEY-----\n';
const HELLO_SECRET = 'iQv4jONnOQvzIXqkYPT1q2VbD+A1fCKG6yp+VhCtAQdm3N2J4vhv/Z9rtGVp88gmmXo/rFdG7rGQ9hyIQDB8S6auVagBFPI=';

test('the published vector of ecies_25519 is decrypted', () => {
  const key = Buffer.from('cc126e0739ed9258c2c738aabe9a8411905667a6bc23de9956578ac8176691a1', 'hex');
  const text = 'iKpx6k75mJBp0xmaW/lAlHDcbDr0GcWoY7IkrSta5WMG0n+CM4rYyJPtO3MBr+/Wyi+ma5c6cIfkwHhwPRy4ylXRC7tlgv4=';
  expect(Buffer.from(decryptEciesX25519(key, Buffer.from(text, 'base64'))).toString()).toBe('Hello World');
});

test('the published configuration of C5Store is decrypted, and its bad one refused', async () => {
  const keys = new C5KeyStore();
  keys.setKey('test_local', parseX25519Pem(TEST_LOCAL_PEM));
  const held = holdC5Secrets(
    {
      a_secret: { '.c5encval': ['base64', 'key1', 'YWJjZA=='] },
      hello_secret: { '.c5encval': ['ecies_x25519', 'test_local', HELLO_SECRET] },
      bad_secret: {
        '.c5encval': [
          'ecies_x25519',
          'test_local',
          'gr7WCEjthHNzD+p0xfoNjcJeI/4EYKGPWajZBgsS9VJk0Y+HtE3SiuR3+Kxk4/55EAeGKPtZD043xkUfqXUM3yD56WtpDDU=',
        ],
      },
      database: { host: 'db.prod.com', port: 5_432 },
    },
    { keys },
  ) as Record<'a_secret' | 'hello_secret' | 'bad_secret', Secret<Uint8Array>>;
  expect(inspect(held)).toBe(
    "{\n  a_secret: [secret],\n  hello_secret: [secret],\n  bad_secret: [secret],\n  database: { host: 'db.prod.com', port: 5432 }\n}",
  );
  expect(readC5Bytes(await held.a_secret.reveal(), 'text')).toBe('abcd');
  expect(readC5Bytes(await held.hello_secret.reveal(), 'text')).toBe('Hello World');
  await expect(held.bad_secret.reveal()).rejects.toMatchObject({
    code: 'invalid',
    message: 'bad_secret was not decrypted',
  });
});

test('encrypted values are found in lists, under another segment, and with names of 9 characters', async () => {
  const { privateKey, publicKey } = rawKeys();
  const keys = new C5KeyStore();
  keys.setKey('ninechars', privateKey);
  keys.setDecryptor('algorithm', (text) => Buffer.from(text.toUpperCase()));
  const encrypted = Buffer.from(encryptEciesX25519(publicKey, Buffer.from('deep'))).toString('base64');
  const held = holdC5Secrets(
    {
      servers: [
        'plain',
        { token: { enc: ['ecies_x25519', 'ninechars', encrypted] } },
        { enc: ['algorithm', 'k', 'a'] },
      ],
    },
    { keys, segment: 'enc' },
  ) as { servers: [string, { token: Secret<Uint8Array> }, Secret<Uint8Array>] };
  expect(held.servers[0]).toBe('plain');
  expect(Buffer.from(await held.servers[1].token.reveal()).toString()).toBe('deep');
  expect(Buffer.from(await held.servers[2].reveal()).toString()).toBe('A');
  const marked = { '.c5encval': ['base64', 'k', 'AA=='] };
  expect(holdC5Secrets([marked], { keys, segment: 'enc' })).toEqual([marked]);
});

test('keys come from a folder and from the environment', async () => {
  await using directory = await openTemporaryDirectory();
  const { privateKey, publicKey } = rawKeys();
  const at = (name: string): string => path.join(directory.path, name);
  await fs.writeFile(at('test_local.pem'), TEST_LOCAL_PEM);
  await fs.writeFile(at('raw.key'), privateKey);
  await fs.writeFile(at('.hidden'), 'nothing');
  await fs.mkdir(at('folder'));
  const keys = new C5KeyStore();
  await keys.readFolder(directory.path);
  keys.readEnvironment({
    C5_SECRETKEY_ENVKEY: Buffer.from(privateKey).toString('base64'),
    C5_SECRETKEY_: 'AA==',
    C5_OTHER: 'x',
  });
  const text = Buffer.from(encryptEciesX25519(publicKey, Buffer.from('x'))).toString('base64');
  const decrypt = async (keyName: string, given = text): Promise<string> =>
    Buffer.from(await keys.decrypt({ algorithm: 'ecies_x25519', keyName, text: given })).toString();
  expect(await decrypt('test_local', HELLO_SECRET)).toBe('Hello World');
  expect(await decrypt('raw')).toBe('x');
  expect(await decrypt('envkey')).toBe('x');
  await expect(decrypt('absent')).rejects.toMatchObject({
    code: 'not-found',
    message: 'there is no key named absent: there are envkey, raw, test_local; add it by setKey or its folder',
  });
  await expect(keys.decrypt({ algorithm: 'rot13', keyName: 'raw', text })).rejects.toMatchObject({
    code: 'not-found',
    message: 'the algorithm rot13 is not known: base64, ecies_x25519 are; add it by setDecryptor',
  });
  expect(() => keys.readEnvironment({ C5_SECRETKEY_A: 'hunter2!' })).toThrow('C5_SECRETKEY_A is not in base 64');
  await expect(keys.readFolder(at('absent'))).rejects.toMatchObject({ code: 'not-found' });
  await fs.writeFile(at('bad.pem'), 'hunter2');
  await expect(keys.readFolder(directory.path)).rejects.toThrow(
    `${at('bad.pem')}: not a private key in PEM without a passphrase`,
  );
  const rsa = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  await fs.writeFile(at('bad.pem'), rsa);
  await expect(keys.readFolder(directory.path)).rejects.toThrow('a private key of ed25519, not of x25519');
});

test('what was changed anywhere, cut, or is for another key is refused', () => {
  const { privateKey, publicKey } = rawKeys();
  const bytes = encryptEciesX25519(publicKey, Buffer.from('hunter2'));
  expect(Buffer.from(decryptEciesX25519(privateKey, bytes)).toString()).toBe('hunter2');
  const isRefused = (changed: Uint8Array, key = privateKey): void =>
    expect(() => decryptEciesX25519(key, changed)).toThrow(OperatingError);
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    isRefused(Uint8Array.from(bytes, (byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)));
  }
  for (let length = 0; length < bytes.length; length += 1) isRefused(bytes.subarray(0, length));
  isRefused(bytes, rawKeys().privateKey);
  // A point of small order, by which everybody would know the key.
  isRefused(Buffer.concat([Buffer.alloc(32), bytes.subarray(32)]));
  expect(() => decryptEciesX25519(privateKey.subarray(1), bytes)).toThrow('a key of x25519 has 32 bytes, not 31');
});

test('what has the mark and is malformed is refused with its path, and not repeated', () => {
  const check = (value: unknown): void => {
    const error = caught(() => holdC5Secrets({ mail: [{ password: value }] }, { keys: new C5KeyStore() }));
    expect(error).toMatchObject({ code: 'invalid', message: 'mail[0].password was not decrypted' });
    expect(inspect(error)).not.toContain('hunter2');
  };
  check({ '.c5encval': 'hunter2' });
  check({ '.c5encval': ['base64', 'hunter2'] });
  check({ '.c5encval': ['base64', 'key', 'hunter2', 'more'] });
  check({ '.c5encval': ['base64', '', 'hunter2'] });
  check({ '.c5encval': ['base64', 'key', 7] });
  check({ '.c5encval': ['base64', 'key', 'hunter2'], more: 1 });
  expect(parseC5Encrypted({ password: 1 })).toBeUndefined();
  expect(parseC5Encrypted(null)).toBeUndefined();
  expect(parseC5Encrypted(['.c5encval'])).toBeUndefined();
});

test('bytes are read as the type that is asked for', () => {
  const bytes = (hex: string): Uint8Array => Buffer.from(hex, 'hex');
  expect(readC5Bytes(bytes('00000037'), 'integer')).toBe(55);
  expect(readC5Bytes(bytes('ffff'), 'integer')).toBe(-1);
  expect(readC5Bytes(bytes('80'), 'integer')).toBe(-128);
  expect(readC5Bytes(bytes('00000000ffffffff'), 'integer')).toBe(4_294_967_295);
  expect(readC5Bytes(Buffer.from(' 1234'), 'integer')).toBe(1_234);
  expect(readC5Bytes(bytes('4000000000000000'), 'float')).toBe(2);
  expect(readC5Bytes(bytes('40000000'), 'float')).toBe(2);
  expect(readC5Bytes(Buffer.from('2.5e1'), 'float')).toBe(25);
  expect(readC5Bytes(Buffer.from('grün'), 'text')).toBe('grün');
  expect(() => readC5Bytes(bytes('ff'), 'text')).toThrow('is not text in UTF-8');
  expect(() => readC5Bytes(bytes('7fffffffffffffff'), 'integer')).toThrow('is no integer');
  expect(() => readC5Bytes(Buffer.from('hunter'), 'float')).toThrow('of 6 bytes is no float');
});

function rawKeys(): { readonly privateKey: Uint8Array; readonly publicKey: Uint8Array } {
  const { privateKey } = generateKeyPairSync('x25519');
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).subarray(-32);
  return { privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }).subarray(-32), publicKey };
}

function caught(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}
