/** Files encrypted with age: written as a whole or not at all, and given out only when all of them was checked. */
import { OperatingError } from '@plumb/base';
import fs from 'node:fs/promises';
import { Readable } from 'node:stream';
import {
  type AgeKeys,
  type AgeReaders,
  decryptBytes,
  decryptStream,
  encryptBytes,
  encryptStream,
  isArmored,
} from './age.ts';
import { fileErrorCode, writeAtomically } from './atomic-file.ts';

/** What is read into memory at once unless the caller allows more: a copy of a configuration, a backup of keys. */
const FILE_BYTES_MAX = 64 * 1_024 * 1_024;

/**
 * Writes `content` encrypted to `file`, mode 0600, replacing what was there. After a crash or a failure of `content`
 * there is the old file or the whole new one. Streams are binary; only bytes can be `armored`.
 */
export async function encryptFile(
  file: string,
  content: Uint8Array | ReadableStream<Uint8Array>,
  options: AgeReaders & { readonly armored?: boolean },
): Promise<void> {
  if (content instanceof Uint8Array) return writeAtomically(file, await encryptBytes(content, options));
  if (options.armored === true) {
    throw new OperatingError('invalid', `a stream is not written to ${file} in armor: write it binary, or give bytes`);
  }
  await writeAtomically(file, await encryptStream(content, options));
}

/**
 * What was encrypted to `file`, in armor or not.
 * @throws OperatingError `not-found`, `denied`, `invalid` as `decryptBytes`, `exhausted` above `sizeBytesMax` (64 MiB).
 */
export async function decryptFile(
  file: string,
  { sizeBytesMax = FILE_BYTES_MAX, ...keys }: AgeKeys & { readonly sizeBytesMax?: number },
): Promise<Uint8Array> {
  await using handle = await openFile(file);
  const { size } = await handle.stat();
  if (size > sizeBytesMax) {
    const advice = 'decrypt it to a file, or allow more';
    throw new OperatingError('exhausted', `${file} has ${size} bytes, more than ${sizeBytesMax}: ${advice}`);
  }
  const bytes = await handle.readFile();
  // Awaited here, while the file is open: else a failure would be nobody's until it is closed.
  return await decryptBytes(bytes, keys).catch((error: unknown) => rethrowAbout(file, error));
}

/**
 * Decrypts a file of any size to another one (mode 0600), which appears only when all of `file` was checked.
 * Armor is read into memory and takes at most 64 MiB.
 */
export async function decryptFileTo(file: string, target: string, keys: AgeKeys): Promise<void> {
  await using handle = await openFile(file);
  const start = Buffer.alloc(1_024);
  const { bytesRead } = await handle.read(start, 0, start.length, 0);
  if (isArmored(start.subarray(0, bytesRead))) {
    await writeAtomically(target, await decryptFile(file, keys));
    return;
  }

  const source = Readable.toWeb(handle.createReadStream({ start: 0, autoClose: false }));
  try {
    await writeAtomically(target, await decryptStream(source as ReadableStream<Uint8Array>, keys));
  } catch (error) {
    if (fileErrorCode(error) !== undefined && !(error instanceof OperatingError)) throw error;
    rethrowAbout(file, error);
  }
}

async function openFile(file: string): Promise<fs.FileHandle> {
  return fs.open(file, 'r').catch((error: unknown) => {
    if (fileErrorCode(error) === 'ENOENT')
      throw new OperatingError('not-found', `there is no file ${file}: name another`);
    throw error;
  });
}

function rethrowAbout(file: string, cause: unknown): never {
  const code = cause instanceof OperatingError ? cause.code : 'invalid';
  throw new OperatingError(code, `${file} was not decrypted`, { cause });
}
