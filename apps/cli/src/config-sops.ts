/** Files of SOPS with age: what they have encrypted becomes a secret, and the other way round. */
import { OperatingError, systemClock } from '@plumb/base';
import { exportValues } from '@plumb/config/export';
import type { ConfigValue } from '@plumb/config/feed';
import { type Imported, type ImportedValue, type ImportFault, keyed, readNamedTexts } from '@plumb/config/import';
import { readSops, type SopsValue, sopsFormatOf, type SopsValues, writeSops } from '@plumb/vault/sops';
import { parse } from 'yaml';
import type { IncomingValue } from './config-change-set.ts';
import { type FileValues, type NamedText, valuesOf } from './config-file.ts';

export type ReadSopsValuesOptions = {
  readonly prefix: string | undefined;
  readonly isKebab: boolean;
  readonly isText: boolean;
  /** Keys to seal although the file has them in the open. */
  readonly secrets: string | undefined;
  readonly identities: readonly string[];
};

/** @throws OperatingError as `readSops`, and `invalid` with every fault of a name or value. */
export async function readSopsValues({ text, name }: NamedText, options: ReadSopsValuesOptions): Promise<FileValues> {
  const format = name === 'stdin' ? 'yaml' : sopsFormatOf(name);
  if (format === 'binary') {
    const advice = 'decrypt it with sops, and set it with "plumb config set KEY --secret --file FILE"';
    throw new OperatingError('invalid', `${name} is one value as a whole, by its name: ${advice}`);
  }
  const { values, positions } = await readSops(text, { format, identities: options.identities });
  // JSON is YAML; a file of variables has its ciphertexts as they stand.
  const raw: unknown = format === 'dotenv' ? variablesOf(text) : parse(text);
  const encrypted = new Set<string>();
  const leaves: [string, ImportedValue][] = [];
  const faults: ImportFault[] = [];
  for (const { names, value } of leavesOf(values, [])) {
    const path = names.join('.');
    const place = { name: path, ...positions.get(path) };
    if (hasCiphertext(at(raw, names))) encrypted.add(path);
    if (isConfigValue(value)) leaves.push([path, { value, ...place }]);
    else faults.push({ ...place, reason: `${path} is bytes or a number that JSON has not: set it by itself` });
  }
  const read: Imported = faults.length > 0 ? { kind: 'faults', faults } : { kind: 'values', values: new Map(leaves) };
  const imported = format === 'dotenv' ? readVariableLeaves(read, options) : keyed(read, options);
  return sealEncrypted(valuesOf(imported, name, options.secrets), encrypted);
}

/** What stood encrypted in the file is sealed on its way. */
function sealEncrypted(file: FileValues, encrypted: ReadonlySet<string>): FileValues {
  const values = [...file.values].map(([key, value]): [string, IncomingValue] => {
    const own = value.name ?? key;
    // A list of variables is of several names.
    const isSecret = value.isSecret || [...encrypted].some((path) => path === own || path.startsWith(`${own}__`));
    return [key, { ...value, isSecret }];
  });
  return { ...file, values: new Map(values) };
}

function readVariableLeaves(read: Imported, options: ReadSopsValuesOptions): Imported {
  if (read.kind === 'faults') return read;
  const texts = [...read.values].map(([name, { value, line, column }]) => ({
    name,
    text: typeof value === 'string' ? value : JSON.stringify(value),
    line,
    column,
  }));
  const imported = readNamedTexts(texts, options);
  return imported.kind === 'faults' ? imported : keyed(imported, {});
}

function* leavesOf(
  values: SopsValues,
  above: readonly string[],
): Generator<{ readonly names: readonly string[]; readonly value: SopsValue }> {
  for (const [name, value] of Object.entries(values)) {
    const names = [...above, name];
    const isBranch =
      typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
    if (isBranch && Object.keys(value).length > 0) yield* leavesOf(value as SopsValues, names);
    else yield { names, value };
  }
}

function isConfigValue(value: SopsValue): value is ConfigValue & SopsValue {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  if (value instanceof Uint8Array) return false;
  return Object.values(value as { readonly [key: string]: SopsValue }).every(isConfigValue);
}

function hasCiphertext(raw: unknown): boolean {
  if (typeof raw === 'string') return raw.startsWith('ENC[AES256_GCM,');
  return typeof raw === 'object' && raw !== null && Object.values(raw).some(hasCiphertext);
}

function at(raw: unknown, names: readonly string[]): unknown {
  let value = raw;
  for (const name of names) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

function variablesOf(text: string): Readonly<Record<string, string>> {
  const lines = text.split('\n').filter((line) => line.includes('=') && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** A file of YAML in which the secrets, or where there are none all values, are encrypted. */
export async function writeSopsValues(
  values: ReadonlyMap<string, ConfigValue>,
  { secrets, recipients }: { readonly secrets: ReadonlySet<string>; readonly recipients: readonly string[] },
): Promise<string> {
  const { text } = await exportValues(values, { format: 'json' });
  // SOPS chooses by the names of keys, wherever they are.
  const names = [...new Set([...secrets].map((key) => key.split('.').at(-1) ?? key))].sort();
  const rule = { name: 'encrypted_regex', text: `^(${names.join('|')})$` } as const;
  return writeSops(JSON.parse(text) as SopsValues, {
    format: 'yaml',
    recipients,
    clock: systemClock,
    rules: names.length === 0 ? {} : { rule },
  });
}
