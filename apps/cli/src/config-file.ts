/** Values from a file that a person names, with the place of each. */
import { OperatingError } from '@plumb/base';
import type { Imported, ImportFault, ImportFormat, ImportOptions } from '@plumb/config/import';
import fs from 'node:fs/promises';
import path from 'node:path';
import { UsageError } from './command.ts';
import type { IncomingValue } from './config-change-set.ts';
import { keyMatcher } from './config-words.ts';
import type { Shell } from './shell.ts';

/** Thousands of values; more is data, and belongs elsewhere. */
const FILE_SIZE_BYTES_MAX = 8 * 1_048_576;

export type NamedText = { readonly text: string; readonly name: string };

/** `-` is what is piped in. @throws OperatingError `not-found`, `exhausted`. */
export async function readNamedText(name: string, { directory, readInput }: Shell): Promise<NamedText> {
  if (name === '-') return { text: await readInput(), name: 'stdin' };
  const file = path.resolve(directory, name);
  try {
    const { size } = await fs.stat(file);
    if (size <= FILE_SIZE_BYTES_MAX) return { text: await fs.readFile(file, 'utf8'), name };
    throw new OperatingError('exhausted', `${name} has ${size} bytes, over ${FILE_SIZE_BYTES_MAX}: split it`);
  } catch (error) {
    if (error instanceof OperatingError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new OperatingError('not-found', `cannot read ${file} (${code}): name a file that you may read`);
  }
}

/** By the end of its name. @throws UsageError where that says nothing. */
export function formatOfName(name: string): ImportFormat {
  const base = path.basename(name);
  if (/\.ya?ml$/i.test(base)) return 'yaml';
  if (/\.json$/i.test(base)) return 'json';
  if (/\.toml$/i.test(base)) return 'toml';
  if (/^\.env(\.|$)|\.env$/i.test(base)) return 'dotenv';
  throw new UsageError(`the name "${name}" does not tell its format: say it with --format yaml, json, toml or dotenv`);
}

export type FileValues = {
  readonly values: ReadonlyMap<string, IncomingValue>;
  /** `app.yaml:3:5`, or the name of a variable or Consul key. */
  readonly placeOf: (key: string) => string | undefined;
};

/** `secrets` are the keys to seal, as `keyMatcher` reads them. @throws OperatingError `invalid` with every fault placed. */
export async function readFileValues(
  { text, name }: NamedText,
  options: ImportOptions & { readonly secrets?: string | undefined },
): Promise<FileValues> {
  const { importValues } = await import('@plumb/config/import');
  return valuesOf(await importValues(text, options), name, options.secrets);
}

export function valuesOf(imported: Imported, name: string, secrets: string | undefined): FileValues {
  if (imported.kind === 'faults') throw refused(imported.faults, name);
  const isSecret = keyMatcher(secrets);
  const values = new Map([...imported.values].map(([key, value]) => [key, { ...value, isSecret: isSecret(key) }]));
  return {
    values,
    placeOf: (key) => {
      const value = values.get(key);
      return value === undefined ? undefined : placeIn(value, name);
    },
  };
}

function refused(faults: readonly ImportFault[], name: string): OperatingError {
  const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`;
  const details = { faults: faults.map((fault) => ({ key: '', at: placeIn(fault, name), reason: fault.reason })) };
  return new OperatingError('invalid', `${name} has ${count}, and nothing of it was used`, { details });
}

function placeIn({ line, column, name: own }: Omit<ImportFault, 'reason'>, name: string): string {
  if (line !== undefined) return `${name}:${line}:${column}`;
  return own === undefined ? name : `${name} ${own}`;
}

/** @throws UsageError for what is none. */
export async function requireFormat(given: string): Promise<ImportFormat> {
  const { IMPORT_FORMATS } = await import('@plumb/config/import');
  const format = IMPORT_FORMATS.find((one) => one === given);
  if (format !== undefined) return format;
  throw new UsageError(`"${given}" is no format: use ${IMPORT_FORMATS.join(', ')} or sops`);
}
