/** Files that are there as a whole or not at all, and that only their owner can read. */
import { randomText } from '@plumb/base';
import fs from 'node:fs/promises';
import path from 'node:path';

/** Only the owner reads and writes. */
const PRIVATE_MODE = 0o600;

/** `replace` an existing file, or `refuse` with the file system's `EEXIST`. */
export type Existing = 'replace' | 'refuse';

/**
 * Writes a file beside `file`, syncs it and puts it in its place: after a crash there is the old file or the whole new
 * one. Nothing is left when `content` or the disk fails. Mode 0600. The folder has to exist.
 */
export async function writeAtomically(
  file: string,
  content: Uint8Array | AsyncIterable<Uint8Array>,
  existing: Existing = 'replace',
): Promise<void> {
  const temporary = `${file}.${randomText(10)}.partial`;
  try {
    // With `wx` nobody can have put a file or a link there before.
    const handle = await fs.open(temporary, 'wx', PRIVATE_MODE);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // A link fails where a file is, so of two that create one at the same time only one does.
    await (existing === 'refuse' ? fs.link(temporary, file) : fs.rename(temporary, file));
  } finally {
    await fs.rm(temporary, { force: true });
  }
  await syncFolder(path.dirname(file));
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await fs.open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The code of an error of the file system, such as `ENOENT`. */
export function fileErrorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
