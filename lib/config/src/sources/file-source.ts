import fs from 'node:fs/promises';
import path from 'node:path';
import { OperatingError } from '@plumb/base';
import type { ConfigSource } from '../config-source.ts';
import { type FileFormat, FORMAT_OF_ENDING, formatOfFile, requireFormat } from '../formats/parse-file.ts';
import type { VariableOptions } from '../formats/variables.ts';
import { type Coordinates, layerFileName, layersFor } from '../layers.ts';
import { createFileGroup, type GroupFile } from './file-group.ts';

export type FileSourceOptions = {
  /** By the name, where it is left out. */
  readonly format?: FileFormat | undefined;
  /** `open` rejects where it is absent or cannot be used. Without this, that is a warning. */
  readonly isRequired?: boolean | undefined;
  /** How names of a dotenv file are paths. */
  readonly variables?: VariableOptions | undefined;
};

/**
 * A file, from whenever it is there; followed as it changes. While it cannot be used, or when it is gone, its last values
 * stay. At most 1 MiB of YAML, JSON, TOML or dotenv.
 * @throws OperatingError `invalid` for a format that the name does not tell.
 */
export function fileSource(file: string, options: FileSourceOptions = {}): ConfigSource {
  const { format = requireFormat(file), isRequired = false, variables = {} } = options;
  return createFileGroup({
    name: file,
    directory: path.dirname(file),
    list: async () => ((await isFile(file)) ? [{ file, format }] : []),
    gone: `${file} is gone: its last values stay until it is back`,
    isRequired,
    variables,
  });
}

/** Files of one directory beyond which it is not meant as configuration. */
const DIRECTORY_FILES_MAX = 256;

/**
 * The files of a directory whose names end in `.yaml`, `.yml`, `.json`, `.toml` or `.env`, in order of name, later over
 * earlier. Hidden files do not count, nor directories in it. Files may come and go; when all of it is gone, the last values stay.
 */
export function directorySource(directory: string, options: Omit<FileSourceOptions, 'format'> = {}): ConfigSource {
  const { isRequired = false, variables = {} } = options;
  return createFileGroup({
    name: directory,
    directory,
    list: () => listDirectory(directory),
    gone: undefined,
    isRequired,
    variables,
  });
}

/**
 * The files of C5Store's order in `directory`: `common`, then that of the release environment, of the environment, of the
 * region, and of both; each as YAML, JSON or TOML. Those that are not there say nothing; two of one name are refused.
 * @throws OperatingError `invalid` for a coordinate that is not a name.
 */
export function c5Sources(directory: string, coordinates: Coordinates): readonly ConfigSource[] {
  const names = layersFor(coordinates).flatMap((layer) => layerFileName(layer) ?? []);
  // A release environment and an environment of one name have one file, which has its place where it counts most.
  const distinct = names.filter((name, i) => !names.includes(name, i + 1));
  return distinct.map((name) => layerSource(directory, name));
}

const LAYER_ENDINGS = ['.yaml', '.yml', '.json', '.toml'] as const;

function layerSource(directory: string, layerName: string): ConfigSource {
  const name = path.join(directory, layerName);
  const candidates = LAYER_ENDINGS.map((ending) => name + ending);
  return createFileGroup({
    name,
    directory,
    async list() {
      const there = await Promise.all(candidates.map(isFile));
      const files = candidates.filter((_, i) => there[i]);
      if (files.length <= 1) return files.map((file) => ({ file, format: requireFormat(file) }));
      throw new OperatingError(
        'invalid',
        `${files.join(' and ')} are there, and one of them counts: take the other away`,
      );
    },
    gone: `the file of ${name} is gone: its last values stay until it is back`,
    isRequired: false,
    variables: {},
  });
}

async function listDirectory(directory: string): Promise<readonly GroupFile[]> {
  const names = (await fs.readdir(directory)).filter((name) => !name.startsWith('.')).sort();
  const known = names.flatMap((name) => {
    const format = FORMAT_OF_ENDING[path.extname(name).toLowerCase()] ?? formatOfFile(name);
    return format === undefined ? [] : { file: path.join(directory, name), format };
  });
  if (known.length > DIRECTORY_FILES_MAX) {
    const advice = `${known.length} files, and at most ${DIRECTORY_FILES_MAX} count: put them together`;
    throw new OperatingError('exhausted', `${directory} has ${advice}`);
  }
  const there = await Promise.all(known.map(({ file }) => isFile(file)));
  return known.filter((_, i) => there[i]);
}

/** A pipe is none: it would hang who reads it. */
async function isFile(file: string): Promise<boolean> {
  try {
    return (await fs.stat(file)).isFile();
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'ENOENT') return false;
    // What is there and cannot be looked at is told when it is read.
    return (error as { readonly code?: unknown }).code !== 'ENOTDIR';
  }
}
