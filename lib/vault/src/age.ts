/**
 * Bytes and streams encrypted with age (https://age-encryption.org/v1), binary or in its ASCII armor. `age-encryption`
 * does the cryptography; here its keys are checked and its failures get codes.
 */
import { OperatingError } from '@plumb/base';
import { armor, Decrypter, Encrypter } from 'age-encryption';
import { parseIdentities } from './identity.ts';
import { parseRecipients } from './recipient.ts';

/** What opens a file: identities, or the passphrase that it was encrypted with. */
export type AgeKeys = { readonly identities: readonly string[] } | { readonly passphrase: string };
/**
 * Who shall open a file. A passphrase has to resist guessing: five random words, not a word. `workFactor` is the base-2
 * logarithm of what a guess costs: 18, a second or two, unless told, and 20 is the most that is read.
 */
export type AgeReaders =
  | { readonly recipients: readonly string[] }
  | { readonly passphrase: string; readonly workFactor?: number };

const ARMOR_START = '-----BEGIN AGE ENCRYPTED FILE-----';

/** Encrypts, in armor where `armored` is set. @throws OperatingError as `parseRecipients`. */
export async function encryptBytes(
  bytes: Uint8Array,
  { armored = false, ...readers }: AgeReaders & { readonly armored?: boolean },
): Promise<Uint8Array> {
  const file = await encrypter(readers).encrypt(bytes);
  return armored ? new TextEncoder().encode(armor.encode(file)) : file;
}

/**
 * Decrypts a file, in armor or not, whole or not at all.
 * @throws OperatingError `denied` when none of the keys fits, `invalid` when it is no age file, or was cut or changed.
 */
export async function decryptBytes(bytes: Uint8Array, keys: AgeKeys): Promise<Uint8Array> {
  const decrypting = decrypter(keys);
  const file = isArmored(bytes) ? unarmor(bytes) : bytes;
  return decrypting.decrypt(file).catch(rethrow);
}

/** Encrypts what is read from `source`, piece by piece, without armor. The result fails as `source` does. */
export async function encryptStream(
  source: ReadableStream<Uint8Array>,
  readers: AgeReaders,
): Promise<ReadableStream<Uint8Array>> {
  return encrypter(readers).encrypt(source);
}

/**
 * Decrypts what is read from `source`, in pieces of 64 KiB, each checked before it is given out. What came out is only
 * known to be the whole file when the stream ends without an error: do not act on it before. Not for armor.
 * @throws OperatingError as `decryptBytes`; what is wrong further on errors the stream, with the error of the library.
 */
export async function decryptStream(
  source: ReadableStream<Uint8Array>,
  keys: AgeKeys,
): Promise<ReadableStream<Uint8Array>> {
  return decrypter(keys).decrypt(source).catch(rethrow);
}

/** Whether the bytes start, after space, as age's ASCII armor does. */
export function isArmored(bytes: Uint8Array): boolean {
  // Space before it is allowed, and bounded here: a file of gigabytes is not read for it.
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 1_024));
  return start.trimStart().startsWith(ARMOR_START);
}

/** @throws OperatingError `invalid` for anything but well-formed armor. */
export function unarmor(bytes: Uint8Array): Uint8Array {
  try {
    return armor.decode(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new OperatingError('invalid', 'the armor of an age file is damaged: copy all of its lines', { cause });
  }
}

function encrypter(readers: AgeReaders): Encrypter {
  const encrypter = new Encrypter();
  if ('passphrase' in readers) {
    encrypter.setPassphrase(readers.passphrase);
    if (readers.workFactor !== undefined) encrypter.setScryptWorkFactor(readers.workFactor);
  } else for (const recipient of parseRecipients(readers.recipients)) encrypter.addRecipient(recipient);
  return encrypter;
}

function decrypter(keys: AgeKeys): Decrypter {
  const decrypter = new Decrypter();
  if ('passphrase' in keys) decrypter.addPassphrase(keys.passphrase);
  else for (const identity of parseIdentities(keys.identities)) decrypter.addIdentity(identity);
  return decrypter;
}

function rethrow(cause: unknown): never {
  if (cause instanceof Error && cause.message.startsWith('no identity matched')) {
    throw new OperatingError('denied', 'none of the keys at hand opens this: ask one of its readers to add yours');
  }
  throw new OperatingError('invalid', 'this age file cannot be opened: it is damaged, cut or not an age file', {
    cause,
  });
}
