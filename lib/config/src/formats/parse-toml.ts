/** TOML 1.0 with the place of every name. Dates are their text; a list of tables is one value. */
import type * as Toml from 'smol-toml';
import type { TomlError, TomlTable, TomlValue } from 'smol-toml';
import { escapeName } from '../config-path.ts';
import type { ConfigValue } from '../feed.ts';
import {
  DEPTH_MAX,
  faultsAt,
  type FileReading,
  numberFault,
  type OffsetFault,
  type PlacedMap,
  type PlacedNode,
  readingOf,
} from './file-reading.ts';
import { parsePlainToml } from './parse-plain-toml.ts';
import { tomlPlaces } from './toml-places.ts';

export async function parseToml(text: string): Promise<FileReading> {
  const plain = parsePlainToml(text);
  return plain === undefined ? parseFullToml(text, await import('smol-toml')) : readingOf(text, plain, []);
}

/** The parser is loaded when a file needs it. */
type TomlModule = Pick<typeof Toml, 'parse' | 'TomlError'>;

export function parseFullToml(text: string, { parse, TomlError }: TomlModule): FileReading {
  // The parser does not know the mark that some editors begin a file with.
  const source = text.startsWith('\uFEFF') ? ` ${text.slice(1)}` : text;
  try {
    const table = parse(source, { maxDepth: DEPTH_MAX });
    return treeReading(source, table);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return { kind: 'faults', faults: [{ line: error.line, column: error.column, reason: reasonOf(error) }] };
  }
}

function treeReading(text: string, table: TomlTable): FileReading {
  const places = tomlPlaces(text);
  const faults: OffsetFault[] = [];
  const build = (object: TomlTable, prefix: string, above: number): PlacedMap => {
    const entries = Object.entries(object).map(([name, value]) => {
      const path = prefix + escapeName(name);
      const offset = places.get(path) ?? above;
      const node: PlacedNode = isTable(value)
        ? build(value, `${path}.`, offset)
        : { kind: 'value', value: plainValue(value, (reason) => faults.push({ offset, reason })) };
      return [name, { offset, node }] as const;
    });
    return { kind: 'map', entries: new Map(entries) };
  };
  const root = build(table, '', 0);
  return faults.length > 0 ? faultsAt(text, faults) : readingOf(text, root, []);
}

function plainValue(value: TomlValue, refuse: (reason: string) => void): ConfigValue {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((item) => plainValue(item, refuse));
  if (isTable(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plainValue(inner, refuse)]));
  }
  const reason = typeof value === 'number' ? numberFault(value) : undefined;
  if (reason !== undefined) refuse(reason);
  return typeof value === 'bigint' ? String(value) : value;
}

function isTable(value: TomlValue): value is TomlTable {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date);
}

/** The parser's own words without the lines of the file, which may have a secret. */
function reasonOf({ message }: TomlError): string {
  const [first = ''] = message.split('\n');
  return `not TOML: ${first.replace('Invalid TOML document: ', '')}`;
}
