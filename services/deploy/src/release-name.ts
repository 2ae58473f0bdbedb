/**
 * The name of a release: what an application's files contain, so equal content has an equal name. The manifest is not
 * part of it: what it changes for a process is compared by itself, and a change of configuration alone restarts nothing.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { formatSize, OperatingError } from '@plumb/base';

/** Of the sha256 in hexadecimal: 48 bits, far more than one application has releases. */
const NAME_CHARS = 12;
/** An application's own files are few; more are data, dependencies, or the wrong folder. */
const FILES_MAX = 20_000;
/** Read at every deploy, about 0.3 s. */
const SIZE_BYTES_MAX = 200 * 1_024 * 1_024;

/** Made from the other files, fetched, or written while it runs: no part of a release. */
const EXCLUDED_NAMES: ReadonlySet<string> = new Set(['node_modules', '.git', '.plumb', 'dist', 'logs', '.DS_Store']);

export type ReleaseOptions = {
  /** In addition: what is left out, by absolute path. */
  readonly excluded?: readonly string[];
  readonly filesMax?: number;
  readonly sizeBytesMax?: number;
};

/**
 * Hashes paths, contents and executability of the files below `directory`, in the order of their paths.
 * Links count by where they lead and are not followed.
 * @throws OperatingError `invalid` beyond the bounds.
 */
export async function nameRelease(directory: string, options: ReleaseOptions = {}): Promise<string> {
  const { excluded = [], filesMax = FILES_MAX, sizeBytesMax = SIZE_BYTES_MAX } = options;
  const hash = createHash('sha256');
  let count = 0;
  let sizeBytes = 0;
  for await (const file of walk(directory, new Set(excluded))) {
    const { size, mode } = await fs.lstat(file);
    count += 1;
    sizeBytes += size;
    if (count > filesMax) throw tooMuch(directory, `more than ${filesMax.toLocaleString('en')} files`);
    if (sizeBytes > sizeBytesMax) throw tooMuch(directory, `more than ${formatSize(sizeBytesMax)}`);
    addText(hash, path.relative(directory, file));
    addText(hash, (mode & 0o100) === 0 ? 'file' : 'program');
    await addContent(hash, file, size);
  }
  return hash.digest('hex').slice(0, NAME_CHARS);
}

async function* walk(directory: string, excluded: ReadonlySet<string>): AsyncGenerator<string> {
  const entries = await fs.readdir(directory, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const file = path.join(directory, entry.name);
    if (EXCLUDED_NAMES.has(entry.name) || /\.(log|partial)$/.test(entry.name) || excluded.has(file)) continue;
    if (entry.isDirectory()) yield* walk(file, excluded);
    // Sockets, pipes and devices have no content.
    else if (entry.isFile() || entry.isSymbolicLink()) yield file;
  }
}

async function addContent(hash: Hash, file: string, size: number): Promise<void> {
  if ((await fs.lstat(file)).isSymbolicLink()) {
    addText(hash, await fs.readlink(file));
    return;
  }
  addText(hash, String(size));
  for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array);
}

/** With its length before it, so that no two lists of texts hash alike. */
function addText(hash: Hash, text: string): void {
  hash.update(`${Buffer.byteLength(text)}:${text}`);
}

function tooMuch(directory: string, what: string): OperatingError {
  const help = 'deploy from the application’s own folder, and keep data in one called logs, dist or .plumb, or outside';
  return new OperatingError('invalid', `${directory} holds ${what}, too much for a release: ${help}`);
}
