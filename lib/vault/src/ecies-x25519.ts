/**
 * ECIES on X25519 as C5Store writes it. Not for values of our own, which are sealed: this has no associated data, so
 * its ciphertexts can be moved from key to key.
 *
 *   ephemeral public key (32) || IV (12) || ciphertext || GCM tag (16)
 *
 * The AES-256 key is HKDF-SHA256 of `ephemeral public key || shared secret`, without salt, with the info "ecies_x25519".
 */
import { OperatingError } from '@plumb/base';
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';
const INFO = 'ecies_x25519';

/** What stands before the 32 bytes of a key in DER: PKCS #8 and SubjectPublicKeyInfo of RFC 8410. */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');
const PUBLIC_PREFIX = Buffer.from('302a300506032b656e032100', 'hex');

/** Encrypts for the public key (32 bytes), with an ephemeral key of its own each time. */
export function encryptEciesX25519(publicKey: Uint8Array, plain: Uint8Array): Uint8Array {
  const ephemeral = generateKeyPairSync('x25519');
  const ephemeralPublic = ephemeral.publicKey.export({ type: 'spki', format: 'der' }).subarray(PUBLIC_PREFIX.length);
  const shared = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: importPublic(publicKey) });
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, deriveKey(ephemeralPublic, shared), iv, { authTagLength: TAG_BYTES });
  return Buffer.concat([ephemeralPublic, iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/**
 * Decrypts with the private key (32 bytes).
 * @throws OperatingError `invalid` for a wrong key, and for bytes that were cut or changed.
 */
export function decryptEciesX25519(privateKey: Uint8Array, bytes: Uint8Array): Uint8Array {
  if (bytes.length < KEY_BYTES + IV_BYTES + TAG_BYTES) {
    throw new OperatingError(
      'invalid',
      `a value of ecies_x25519 is cut: ${bytes.length} bytes are too few; copy it whole`,
    );
  }
  const ephemeralPublic = bytes.subarray(0, KEY_BYTES);
  const iv = bytes.subarray(KEY_BYTES, KEY_BYTES + IV_BYTES);
  const end = bytes.length - TAG_BYTES;
  const own = importPrivate(privateKey);
  try {
    // OpenSSL refuses a public key of small order, for which everybody would know the shared secret.
    const shared = diffieHellman({ privateKey: own, publicKey: importPublic(ephemeralPublic) });
    const decipher = createDecipheriv(CIPHER, deriveKey(ephemeralPublic, shared), iv, { authTagLength: TAG_BYTES });
    decipher.setAuthTag(bytes.subarray(end));
    return Buffer.concat([decipher.update(bytes.subarray(KEY_BYTES + IV_BYTES, end)), decipher.final()]);
  } catch {
    throw new OperatingError(
      'invalid',
      'a value of ecies_x25519 was not decrypted: the key is another, or it was changed',
    );
  }
}

/** The 32 bytes of a private key in PEM (PKCS #8). @throws OperatingError `invalid`, which tells nothing of the text. */
export function parseX25519Pem(pem: string): Uint8Array {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw new OperatingError('invalid', 'not a private key in PEM without a passphrase: export it as PKCS #8');
  }
  if (key.asymmetricKeyType !== 'x25519') {
    throw new OperatingError('invalid', `a private key of ${key.asymmetricKeyType}, not of x25519: name another`);
  }
  return key.export({ type: 'pkcs8', format: 'der' }).subarray(-KEY_BYTES);
}

function deriveKey(ephemeralPublic: Uint8Array, shared: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', Buffer.concat([ephemeralPublic, shared]), Buffer.alloc(0), INFO, KEY_BYTES));
}

function importPrivate(bytes: Uint8Array): KeyObject {
  if (bytes.length !== KEY_BYTES) {
    throw new OperatingError('invalid', `a key of x25519 has ${KEY_BYTES} bytes, not ${bytes.length}: name another`);
  }
  return createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, bytes]), format: 'der', type: 'pkcs8' });
}

function importPublic(bytes: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, bytes]), format: 'der', type: 'spki' });
}
