/** The keys by which C5Store's encrypted values name what opens them, and the algorithms that they name. */
import { assert, OperatingError } from '@plumb/base';
import fs from 'node:fs/promises';
import path from 'node:path';
import { decodeBase64 } from './base64.ts';
import { fileErrorCode } from './atomic-file.ts';
import { decryptEciesX25519, parseX25519Pem } from './ecies-x25519.ts';

/** Opens the text of a value, as it stands there, with the key of that name if there is one. */
export type C5Decryptor = (text: string, key: Uint8Array | undefined) => Uint8Array | Promise<Uint8Array>;

/** A service has a handful; a folder with more is another folder. */
const KEYS_MAX = 1_024;
const KEY_FILE_BYTES_MAX = 64 * 1_024;
const ENVIRONMENT_PREFIX = 'C5_SECRETKEY_';

export class C5KeyStore {
  readonly #keys = new Map<string, Uint8Array>();
  readonly #decryptors = new Map<string, C5Decryptor>([
    ['base64', decryptBase64],
    ['ecies_x25519', decryptEcies],
  ]);

  /** Keeps a key under a name of any length; one of that name is replaced. */
  setKey(name: string, key: Uint8Array): void {
    if (!this.#keys.has(name) && this.#keys.size === KEYS_MAX) {
      throw new OperatingError('exhausted', `${name} was not kept: there are ${KEYS_MAX} keys already; name fewer`);
    }
    this.#keys.set(name, Uint8Array.from(key));
  }

  /** Adds an algorithm, or replaces one: `base64` and `ecies_x25519` are there. */
  setDecryptor(algorithm: string, decryptor: C5Decryptor): void {
    this.#decryptors.set(algorithm, decryptor);
  }

  /**
   * Keeps each file of a folder as a key named by its stem: `.pem` is PKCS #8 of X25519, anything else the bytes of
   * the key. Hidden files and folders within are left out.
   * @throws OperatingError `not-found`, `invalid` with the file.
   */
  async readFolder(folder: string): Promise<void> {
    const names = await fs.readdir(folder).catch((error: unknown) => {
      if (fileErrorCode(error) === 'ENOENT')
        throw new OperatingError('not-found', `there is no folder ${folder}: name another`);
      throw error;
    });
    for (const name of names.filter((name) => !name.startsWith('.')).sort()) {
      const file = path.join(folder, name);
      const { size, isFile } = await fs.stat(file).then((stat) => ({ size: stat.size, isFile: stat.isFile() }));
      if (!isFile) continue;
      if (size > KEY_FILE_BYTES_MAX) throw new OperatingError('invalid', `${file} has ${size} bytes, which is no key`);
      this.setKey(path.parse(name).name, parseKeyFile(file, await fs.readFile(file)));
    }
  }

  /**
   * Keeps the keys of `C5_SECRETKEY_<NAME>` (base 64), named in small letters as C5Store does.
   * @throws OperatingError `invalid` with the name of the variable.
   */
  readEnvironment(environment: Readonly<Record<string, string | undefined>>, prefix = ENVIRONMENT_PREFIX): void {
    for (const [variable, text] of Object.entries(environment)) {
      if (!variable.startsWith(prefix) || variable === prefix || text === undefined) continue;
      const key = decodeBase64(text.trim());
      if (key === undefined)
        throw new OperatingError('invalid', `${variable} is not in base 64: encode the key's bytes`);
      this.setKey(variable.slice(prefix.length).toLowerCase(), key);
    }
  }

  /**
   * Opens the text of a value.
   * @throws OperatingError `not-found` for an algorithm or key that is not here, `invalid` when it was changed, and what a
   * decryptor of your own throws.
   */
  async decrypt({ algorithm, keyName, text }: C5Encrypted): Promise<Uint8Array> {
    const decryptor = this.#decryptors.get(algorithm);
    if (decryptor === undefined) {
      const known = [...this.#decryptors.keys()].sort().join(', ');
      throw new OperatingError(
        'not-found',
        `the algorithm ${algorithm} is not known: ${known} are; add it by setDecryptor`,
      );
    }
    const key = this.#keys.get(keyName);
    if (key === undefined && decryptor === decryptEcies) {
      const known = this.#keys.size === 0 ? 'there are none' : `there are ${[...this.#keys.keys()].sort().join(', ')}`;
      throw new OperatingError(
        'not-found',
        `there is no key named ${keyName}: ${known}; add it by setKey or its folder`,
      );
    }
    return decryptor(text, key);
  }
}

/** One encrypted value of C5Store: `{".c5encval": [algorithm, keyName, text]}`. */
export type C5Encrypted = { readonly algorithm: string; readonly keyName: string; readonly text: string };

function decryptBase64(text: string): Uint8Array {
  const bytes = decodeBase64(text);
  if (bytes === undefined) throw new OperatingError('invalid', 'an encrypted value is not in base 64: copy it whole');
  return bytes;
}

function decryptEcies(text: string, key: Uint8Array | undefined): Uint8Array {
  assert(key !== undefined, 'the store looks for the key first');
  return decryptEciesX25519(key, decryptBase64(text));
}

function parseKeyFile(file: string, bytes: Buffer): Uint8Array {
  if (path.extname(file) !== '.pem') return bytes;
  try {
    return parseX25519Pem(bytes.toString('utf8'));
  } catch (error) {
    throw new OperatingError('invalid', `${file}: ${error instanceof Error ? error.message : 'no key'}`);
  }
}
