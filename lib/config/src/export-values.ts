/**
 * Values of the store as files of other programs. What a format cannot hold is left out and named; what would come back
 * as something else when it is read again is named too, found by reading it again.
 */
import { isDeepStrictEqual } from 'node:util';
import type { TomlTable } from 'smol-toml';
import type { ConfigObject } from './config-values.ts';
import { formatDotenv } from './export-dotenv.ts';
import { type ConfigValue, isSealedValue } from './feed.ts';
import { importValues, type ImportFormat } from './import-values.ts';

export type ExportedValues = {
  readonly text: string;
  /** Keys that the format has no way to write, sorted. */
  readonly omitted: readonly string[];
  /** Keys that an import of the text would not give back as they are, sorted. */
  readonly inexact: readonly string[];
};

export type ExportOptions = {
  readonly format: ImportFormat;
  /** What names begin with, in dotenv (`SHOP_`) and Consul (`shop/`). */
  readonly prefix?: string | undefined;
};

/** Sorted by key. Sealed values stay sealed, in the formats that have objects. */
export async function exportValues(
  values: ReadonlyMap<string, ConfigValue>,
  { format, prefix = '' }: ExportOptions,
): Promise<ExportedValues> {
  const sorted = [...values].sort(([a], [b]) => (a < b ? -1 : 1));
  const kept = new Map(sorted.filter(([, value]) => canHold(format, value)));
  const text = await formatValues(kept, format, prefix);
  const isPrefixed = prefix !== '' && (format === 'dotenv' || format === 'consul');
  const again = await importValues(text, { format, prefix: isPrefixed ? prefix : undefined });
  const read = again.kind === 'values' ? again.values : new Map<string, { readonly value: ConfigValue }>();
  return {
    text,
    omitted: sorted.map(([key]) => key).filter((key) => !kept.has(key)),
    inexact: [...kept].filter(([key, value]) => !isDeepStrictEqual(read.get(key)?.value, value)).map(([key]) => key),
  };
}

async function formatValues(
  values: ReadonlyMap<string, ConfigValue>,
  format: ImportFormat,
  prefix: string,
): Promise<string> {
  switch (format) {
    case 'json':
      return `${JSON.stringify(treeOf(values), undefined, 2)}\n`;
    case 'yaml': {
      const { stringify } = await import('yaml');
      return values.size === 0 ? '' : stringify(treeOf(values), { lineWidth: 0, aliasDuplicateObjects: false });
    }
    case 'toml': {
      const { stringify } = await import('smol-toml');
      return `${stringify(treeOf(values) as TomlTable)}`;
    }
    case 'dotenv':
      return formatDotenv(values, prefix);
    case 'consul':
      return formatConsul(values, prefix);
  }
}

function formatConsul(values: ReadonlyMap<string, ConfigValue>, prefix: string): string {
  const under = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
  const entries = [...values].map(([key, value]) => ({
    key: under + key.replaceAll('.', '/'),
    flags: 0,
    value: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64'),
  }));
  return `${JSON.stringify(entries, undefined, 2)}\n`;
}

type MutableObject = { [name: string]: ConfigValue };

/** The object that the paths make. */
function treeOf(values: ReadonlyMap<string, ConfigValue>): ConfigObject {
  const root: MutableObject = {};
  for (const [path, value] of values) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    let object = root;
    for (const name of names) {
      if (!Object.hasOwn(object, name)) object[name] = {};
      object = object[name] as MutableObject;
    }
    object[last] = value;
  }
  return root;
}

/** TOML has no null; variables and Consul have text only, so no secret is put there as if it were one. */
function canHold(format: ImportFormat, value: ConfigValue): boolean {
  switch (format) {
    case 'json':
    case 'yaml':
      return true;
    case 'toml':
      return !hasNull(value);
    case 'dotenv':
      return !isSealedValue(value) && !hasNull(value) && !isEmpty(value);
    case 'consul':
      return !isSealedValue(value);
  }
}

function hasNull(value: ConfigValue): boolean {
  if (value === null) return true;
  return typeof value === 'object' && Object.values(value as ConfigObject).some(hasNull);
}

function isEmpty(value: ConfigValue): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const inner = Object.values(value as ConfigObject);
  return inner.length === 0 || inner.some(isEmpty);
}
