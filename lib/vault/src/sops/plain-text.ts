/** Values as text that SOPS encrypts. */
import { OperatingError } from '@plumb/base';
import { decodeUtf8, valueToScalar } from './sops-scalar.ts';
import { SOPS_DEPTH_MAX } from './sops-tree.ts';
import type { SopsValue, SopsValues } from './sops-values.ts';
import { formatYamlText } from './yaml-scalar.ts';

/** @throws OperatingError `invalid` with the path of a value that the format cannot hold. */
export function formatPlain(values: SopsValues, format: 'yaml' | 'json' | 'dotenv'): string {
  checkValues(values, '', 0);
  if (format === 'dotenv') return Object.entries(values).map(formatDotenvLine).join('');
  if (format === 'json') return JSON.stringify(values, null, '\t');
  const lines = yamlLines(values);
  return lines.length === 0 ? '{}\n' : `${lines.join('\n')}\n`;
}

function checkValues(value: SopsValue, path: string, depth: number): void {
  if (depth > SOPS_DEPTH_MAX) throw fault(path, `it is nested more than ${SOPS_DEPTH_MAX} deep: flatten it`);
  if (value instanceof Uint8Array) throw fault(path, 'it is bytes: write it as text in base 64');
  if (Array.isArray(value)) {
    for (const [i, item] of (value as readonly SopsValue[]).entries()) checkValues(item, `${path}[${i}]`, depth + 1);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      if (!key.isWellFormed()) throw fault(path, 'it has a key that is no text');
      checkValues(inner as SopsValue, path === '' ? key : `${path}.${key}`, depth + 1);
    }
  } else {
    try {
      valueToScalar(value);
    } catch (error) {
      throw fault(path, error instanceof Error ? error.message : 'it is no value');
    }
  }
}

function yamlLines(values: SopsValues): string[] {
  return Object.entries(values).flatMap(([key, value]) => withLead(`${formatYamlText(key)}:`, value));
}

/** `lead value` on a line, or `lead` and the value below, indented as SOPS does. */
function withLead(lead: string, value: SopsValue): string[] {
  const below = yamlBelow(value);
  return below === undefined ? [`${lead} ${yamlInline(value)}`] : [lead, ...below.map((line) => `    ${line}`)];
}

function yamlBelow(value: SopsValue): string[] | undefined {
  if (Array.isArray(value)) {
    const items = value as readonly SopsValue[];
    return items.length === 0 ? undefined : items.flatMap((item) => yamlItem(item));
  }
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return undefined;
  return yamlLines(value as SopsValues);
}

function yamlItem(item: SopsValue): string[] {
  const below = yamlBelow(item);
  if (below === undefined) return [`- ${yamlInline(item)}`];
  return below.map((line, i) => `${i === 0 ? '- ' : '  '}${line}`);
}

function yamlInline(value: SopsValue): string {
  if (Array.isArray(value)) return '[]';
  if (typeof value === 'object' && value !== null) return '{}';
  if (typeof value === 'string') return formatYamlText(value);
  const scalar = valueToScalar(value);
  return scalar === null ? 'null' : (decodeUtf8(scalar.bytes) ?? '').toLowerCase();
}

function formatDotenvLine([key, value]: readonly [string, SopsValue]): string {
  if (!/^[^#=\n][^=\n]*$/.test(key) || key.startsWith('sops_')) {
    throw fault(
      key,
      'it cannot be the name of a variable: use letters, digits and underscores, without sops_ at the start',
    );
  }
  if (typeof value === 'object') throw fault(key, 'a line of dotenv holds text: flatten it, or give it a value');
  const text = String(value);
  if (text.includes('\\n'))
    throw fault(key, 'dotenv reads a backslash before n as a line break: write it in another format');
  return `${key}=${text.replaceAll('\n', '\\n')}\n`;
}

function fault(path: string, what: string): OperatingError {
  return new OperatingError('invalid', `${path === '' ? 'the file' : path} was not written: ${what}`);
}
