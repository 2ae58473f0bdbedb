/**
 * Values of other programs' files, as keys of the store. Nothing is guessed in silence: what cannot be a key, or a value,
 * is a fault with its place, and a file with a fault gives nothing.
 */
import * as v from 'valibot';
import { configKeySchema, type ConfigValue } from './feed.ts';
import { createPlaces, type FileReading } from './formats/file-reading.ts';
import { parseDotenv } from './formats/parse-dotenv.ts';
import { parseFile } from './formats/parse-file.ts';
import { readVariables } from './formats/variables.ts';
import { readConsulKv } from './import-consul.ts';
import { isPlainScalar } from './import-words.ts';

export const IMPORT_FORMATS = ['yaml', 'json', 'toml', 'dotenv', 'consul'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

/** A value, and where it stands: line and column from 1, or its name in the other program. */
export type ImportedValue = {
  readonly value: ConfigValue;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  readonly name?: string | undefined;
};
export type ImportFault = Omit<ImportedValue, 'value'> & { readonly reason: string };
export type Imported =
  | { readonly kind: 'values'; readonly values: ReadonlyMap<string, ImportedValue> }
  | { readonly kind: 'faults'; readonly faults: readonly ImportFault[] };

export type ImportOptions = {
  readonly format: ImportFormat;
  /** What names begin with to count; it is taken away. */
  readonly prefix?: string | undefined;
  /** `max_size` and `maxSize` become `max-size`. Names of variables always do. */
  readonly isKebab?: boolean | undefined;
  /** In dotenv and Consul: everything is text. Without it, what is written as a number or truth value is one. */
  readonly isText?: boolean | undefined;
};

/** All values by key, in the order of the file. Never throws for what the text says. */
export async function importValues(text: string, options: ImportOptions): Promise<Imported> {
  switch (options.format) {
    case 'consul':
      return keyed(readConsulKv(text, options), options);
    case 'dotenv':
      return keyed(readDotenv(text, options), { ...options, isKebab: false });
    case 'yaml':
    case 'json':
    case 'toml':
      return keyed(underPrefix(await parseFile(text, options.format, {}), options.prefix), options);
  }
}

/** Makes keys of the names, or says which cannot be any. */
export function keyed(read: Imported, { isKebab = false }: Pick<ImportOptions, 'isKebab'>): Imported {
  if (read.kind === 'faults') return read;
  const values = new Map<string, ImportedValue>();
  const faults: ImportFault[] = [];
  for (const [path, imported] of read.values) {
    const { value: _, ...place } = imported;
    const key = isKebab ? kebab(path) : path;
    if (!v.is(configKeySchema, key)) faults.push({ ...place, reason: noKey(path) });
    else if (values.has(key))
      faults.push({ ...place, reason: `${path} and another name are both the key ${key}: rename one` });
    else values.set(key, imported);
  }
  return faults.length === 0 ? { kind: 'values', values } : { kind: 'faults', faults };
}

function noKey(path: string): string {
  const suggestion = kebab(path);
  const rule = 'letters, digits and inner hyphens, with dots between';
  if (!v.is(configKeySchema, suggestion)) return `"${path}" is no key: a key is ${rule}`;
  return `"${path}" is no key, which is ${rule}: write ${suggestion}, or have all names made so with --kebab`;
}

/** `maxSize_kb` is `max-size-kb`; dots stay. */
function kebab(path: string): string {
  return path
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replace(/[_\s-]+/g, '-');
}

function readDotenv(text: string, { prefix, isText = false }: ImportOptions): Imported {
  const place = createPlaces(text);
  const { assignments, faults } = parseDotenv(text);
  if (faults.length > 0) {
    return { kind: 'faults', faults: faults.map(({ offset, reason }) => ({ ...place(offset), reason })) };
  }
  const placed = assignments.map(({ offset, ...assignment }) => ({ ...assignment, ...place(offset) }));
  return readNamedTexts(placed, { prefix, isText });
}

/** A text with its name, as variables are: `DB__MAX_SIZE`. */
export type NamedText = {
  readonly name: string;
  readonly text: string;
  /** It is meant as text. */
  readonly isQuoted?: boolean;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
};

/** Variables of any origin, by path. */
export function readNamedTexts(
  texts: readonly NamedText[],
  { prefix, isText = false }: Pick<ImportOptions, 'prefix' | 'isText'>,
): Imported {
  const exact = texts.map((one) => ({ ...one, isQuoted: isText || one.isQuoted === true || !isPlainScalar(one.text) }));
  const placeOf = ({ name, line, column }: NamedText): Omit<ImportedValue, 'value'> => ({ name, line, column });
  const read = readVariables(exact, { prefix, nameCase: 'kebab' });
  if (read.faults.length > 0) {
    return { kind: 'faults', faults: read.faults.map(({ variable, reason }) => ({ ...placeOf(variable), reason })) };
  }
  const values = [...read.values].map(
    ([path, { value, variable }]) => [path, { value, ...placeOf(variable) }] as const,
  );
  return { kind: 'values', values: new Map(values) };
}

function underPrefix(reading: FileReading, prefix: string | undefined): Imported {
  if (reading.kind === 'faults' || prefix === undefined) return reading;
  const under = prefix.endsWith('.') ? prefix : `${prefix}.`;
  const chosen = [...reading.values].filter(([path]) => path.startsWith(under));
  return { kind: 'values', values: new Map(chosen.map(([path, value]) => [path.slice(under.length), value])) };
}
