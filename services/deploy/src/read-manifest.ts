import fs from 'node:fs/promises';
import path from 'node:path';
import { describeError, formatSize, OperatingError } from '@plumb/base';
import { FILE_SIZE_BYTES_MAX, type Manifest, parseManifest } from '@plumb/manifest';

/** Where an application is described: a directory of this host, a file in it, and the environment that is wanted. */
export type Source = {
  readonly directory: string;
  /** Default `MANIFEST_FILE`. */
  readonly manifest?: string | undefined;
  readonly environment?: string | undefined;
};

export type ManifestSource = {
  readonly manifest: Manifest;
  readonly text: string;
  /** The manifest's path, for messages. */
  readonly file: string;
  readonly directory: string;
};

export const MANIFEST_FILE = 'plumb.yaml';

/**
 * The manifest of a directory. @throws OperatingError `invalid` with `details.faults` for its mistakes, and for a
 * path that is relative, leads out of the directory or names no YAML; `not-found` when the directory or the file is absent.
 */
export async function readManifest({
  directory,
  manifest: name = MANIFEST_FILE,
  environment,
}: Source): Promise<ManifestSource> {
  if (!path.isAbsolute(directory)) {
    throw new OperatingError('invalid', `the directory "${directory}" is not an absolute path: give it from the root`);
  }
  const file = path.resolve(directory, name);
  if (path.relative(directory, file).startsWith('..')) {
    throw new OperatingError('invalid', `the manifest ${file} is not in ${directory}: name a file in the directory`);
  }
  // Faults quote what they find: nothing that is no manifest is read.
  if (!/\.ya?ml$/.test(name)) {
    throw new OperatingError('invalid', `"${name}" is no manifest: name a file that ends in .yaml or .yml`);
  }
  const text = await readText(file, directory);
  const manifest = parseManifest(text, { file: name, environment });
  return { manifest, text, file: name, directory: path.resolve(directory) };
}

async function readText(file: string, directory: string): Promise<string> {
  try {
    const { size } = await fs.stat(file);
    if (size > FILE_SIZE_BYTES_MAX) {
      const sizes = `${formatSize(size)}, and a manifest has at most ${formatSize(FILE_SIZE_BYTES_MAX)}`;
      throw new OperatingError('invalid', `${file} has ${sizes}: move data to files of their own`);
    }
    return await fs.readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof OperatingError) throw error;
    const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (!isAbsent)
      throw new OperatingError('invalid', `${file} cannot be read: ${describeError(error)}`, { cause: error });
    const what = (await isDirectory(directory))
      ? `there is no ${path.basename(file)} in ${directory}`
      : `there is no directory ${directory}`;
    throw new OperatingError('not-found', `${what}: go to the application's folder, or name it`);
  }
}

async function isDirectory(directory: string): Promise<boolean> {
  const stat = await fs.stat(directory).catch(() => undefined);
  return stat?.isDirectory() ?? false;
}
