/** Puts a rendered file in its place: there is the old one or the new one, never a part, and nobody reads it who should not. */
import { OperatingError, randomText } from '@plumb/base';
import type { Stats } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';

/** For a file without secrets that was not there; the umask may take more away. */
const OPEN_MODE = 0o666;
const PRIVATE_MODE = 0o600;

export type WriteOutcome = 'written' | 'unchanged';

/**
 * Writes `text` in place of `file`, synced to disk. The file keeps its mode and, as far as this process may, its owner and
 * group; one that holds secrets is never for others, and for the owner only where it was not there. A link is followed.
 * `unchanged` where it has that text already; its mode is made right then too.
 * @throws OperatingError `unavailable` with what the file system says; the old file is there then.
 */
export async function writeRenderedFile(
  file: string,
  text: string,
  { hasSecrets }: { readonly hasSecrets: boolean },
): Promise<WriteOutcome> {
  try {
    return await write(await fs.realpath(file).catch(() => file), text, hasSecrets);
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException;
    throw new OperatingError('unavailable', `cannot write ${file} (${code}): the file is as it was`, { cause });
  }
}

async function write(file: string, text: string, hasSecrets: boolean): Promise<WriteOutcome> {
  const before = await fs.stat(file).catch(() => undefined);
  const mode = modeOf(before, hasSecrets);
  if (before?.isFile() === true && (await fs.readFile(file, 'utf8')) === text) {
    if (mode !== undefined && (before.mode & 0o777) !== mode) await fs.chmod(file, mode);
    return 'unchanged';
  }
  const temporary = `${file}.${randomText(10)}.partial`;
  try {
    // Nobody else can read it before it has its mode.
    const handle = await fs.open(temporary, 'wx', mode === undefined ? OPEN_MODE : PRIVATE_MODE);
    try {
      await handle.writeFile(text);
      if (mode !== undefined) await handle.chmod((await giveAway(handle, before)) ? mode : mode & 0o700);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fs.rename(temporary, file);
  } finally {
    await fs.rm(temporary, { force: true });
  }
  await syncFolder(path.dirname(file));
  return 'written';
}

/** Undefined: whatever the umask allows. */
function modeOf(before: Stats | undefined, hasSecrets: boolean): number | undefined {
  if (before === undefined) return hasSecrets ? PRIVATE_MODE : undefined;
  const mode = before.mode & 0o777;
  return hasSecrets ? mode & ~0o007 : mode;
}

/** To the owner and group of the old file. False where we may not: then a group that could read it is another one. */
async function giveAway(handle: fs.FileHandle, before: Stats | undefined): Promise<boolean> {
  if (before === undefined) return true;
  const { uid, gid } = await handle.stat();
  if (uid === before.uid && gid === before.gid) return true;
  return handle.chown(before.uid, before.gid).then(
    () => true,
    () => false,
  );
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await fs.open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
