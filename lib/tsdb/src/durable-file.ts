/** The few file operations whose order decides what survives a power cut. */
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { OperatingError } from '@plumb/base';

/** Makes the names in a directory (creations, renames, deletions) survive a power cut. */
export function syncDirectory(directory: string): void {
  const fd = fs.openSync(directory, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * Creates `file` in one step: `write` fills a temporary file beside it, which is synced and renamed. A crash leaves either
 * the whole file or a `.tmp` that the next open removes.
 */
export async function createFileAtomically(file: string, write: (fd: number) => Promise<void>): Promise<void> {
  const temporary = `${file}.tmp`;
  const fd = fs.openSync(temporary, 'w', 0o600);
  try {
    await write(fd);
    await promisify(fs.fsync)(fd);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw diskError(`${file} could not be written`, error);
  } finally {
    fs.closeSync(fd);
  }
  fs.renameSync(temporary, file);
  syncDirectory(path.dirname(file));
}

/** `createFileAtomically` for a few bytes, in one go. */
export function replaceFile(file: string, bytes: Uint8Array): void {
  const temporary = `${file}.tmp`;
  try {
    const fd = fs.openSync(temporary, 'w', 0o600);
    try {
      writeFully(fd, bytes);
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw diskError(`${file} could not be written`, error);
  }
  fs.renameSync(temporary, file);
  syncDirectory(path.dirname(file));
}

/** Gives an immutable file a second name; on another disk, a copy. */
export function linkOrCopy(from: string, to: string): void {
  try {
    fs.linkSync(from, to);
  } catch {
    fs.copyFileSync(from, to, fs.constants.COPYFILE_EXCL);
  }
}

/** Writes all of `bytes`: a single write may take less, and says so only by its result. */
export function writeFully(fd: number, bytes: Uint8Array, position?: number): void {
  for (let done = 0; done < bytes.length;) {
    const at = position === undefined ? null : position + done;
    done += fs.writeSync(fd, bytes, done, bytes.length - done, at);
  }
}

/** Reads `length` bytes at `position`. @throws OperatingError `internal` when the file ends before. */
export function readFully(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let done = 0; done < length;) {
    const count = fs.readSync(fd, bytes, done, length - done, position + done);
    if (count === 0)
      throw new OperatingError('internal', `a file ends at ${position + done}, before ${position + length}`);
    done += count;
  }
  return bytes;
}

/** A disk error as an operating error: a full disk is `exhausted`, anything else `unavailable`. */
export function diskError(what: string, cause: unknown): OperatingError {
  if (cause instanceof OperatingError) return cause;
  const { code } = cause as NodeJS.ErrnoException;
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  const help = isFull ? 'the disk is full: free space or shorten the retention' : `the disk said ${code ?? 'nothing'}`;
  return new OperatingError(isFull ? 'exhausted' : 'unavailable', `${what}: ${help}`, { cause });
}

/** Files of a directory with a numbered name such as `00000012.wal`, by number. */
export function listNumbered(
  directory: string,
  extension: string,
): { readonly number: number; readonly file: string }[] {
  return fs
    .readdirSync(directory)
    .filter((name) => /^\d+\./.test(name) && name.endsWith(extension) && path.extname(name) === extension)
    .map((name) => ({ number: Number.parseInt(name, 10), file: path.join(directory, name) }))
    .sort((a, b) => a.number - b.number);
}

export function numberedName(number: number, extension: string): string {
  return `${String(number).padStart(8, '0')}${extension}`;
}
