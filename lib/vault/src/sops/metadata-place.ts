/**
 * Where each format keeps the metadata of SOPS: a map named `sops` at the end, or lines that start with `sops_`. Taking it
 * out and putting it in are changes of the text, so that nothing else moves.
 */
import type { SopsAgeKey, SopsField } from './sops-metadata.ts';
import { type Edit, faultAt, type SopsEntry, type SopsMap } from './sops-tree.ts';
import { treeToValues } from './sops-values.ts';
import { formatYamlText } from './yaml-scalar.ts';

export type SopsFields = Readonly<Record<string, SopsField>>;

export type SplitFile = {
  readonly fields: Readonly<Record<string, unknown>> | undefined;
  readonly tree: SopsMap;
  readonly edits: readonly Edit[];
};

const METADATA_KEY = 'sops';

function metadataEntry(tree: SopsMap): SopsEntry | undefined {
  return tree.items.find((item): item is SopsEntry => item.kind === 'entry' && item.key === METADATA_KEY);
}

function splitTree(tree: SopsMap, text: string, edit: (entry: SopsEntry) => Edit): SplitFile {
  const entry = metadataEntry(tree);
  if (entry === undefined) return { fields: undefined, tree, edits: [] };
  if (entry.value.kind !== 'map')
    throw faultAt(text, entry.range.start, 'sops is no map: it belongs to SOPS; rename the key');
  const rest = { ...tree, items: tree.items.filter((item) => item !== entry) };
  return { fields: treeToValues(entry.value), tree: rest, edits: [edit(entry)] };
}

export function splitFlow(tree: SopsMap, text: string): SplitFile {
  return splitTree(tree, text, (entry) => {
    if (tree.items.length === 1) return { start: tree.range.start + 1, end: tree.range.end - 1, text: '' };
    const entries = tree.items.filter(({ kind }) => kind === 'entry');
    const index = entries.indexOf(entry);
    const [previous, next] = [entries[index - 1], entries[index + 1]];
    const start = previous?.range.end ?? entry.range.start;
    return { start, end: previous === undefined && next !== undefined ? next.range.start : entry.range.end, text: '' };
  });
}

export function joinFlow(tree: SopsMap, text: string, fields: SopsFields): Edit {
  // SOPS indents by a tab.
  const member = JSON.stringify({ [METADATA_KEY]: fields }, null, '\t').slice(2, -2);
  const last = tree.items.findLast(({ kind }) => kind === 'entry');
  const end = tree.range.end - 1;
  if (last === undefined) return { start: end, end, text: `\n${member}\n` };
  const at = last.range.end;
  return { start: at, end: at, text: `,\n${member}${text.slice(at, end).includes('\n') ? '' : '\n'}` };
}

export function splitBlock(tree: SopsMap, text: string): SplitFile {
  return splitTree(tree, text, ({ range }) => {
    const lineEnd = text.indexOf('\n', range.end - 1);
    const end = text[range.end - 1] === '\n' ? range.end : lineEnd === -1 ? text.length : lineEnd + 1;
    return { start: text.lastIndexOf('\n', range.start - 1) + 1, end, text: '' };
  });
}

export function joinBlock(tree: SopsMap, text: string, fields: SopsFields): Edit {
  const { start, end } = tree.range;
  const indent = ' '.repeat(start - text.lastIndexOf('\n', start - 1) - 1);
  const marker = /^\.\.\.(\s|$)/m.exec(text.slice(end));
  const at = marker === null ? text.length : end + marker.index;
  const lines = formatFields(fields).map((line) => `${indent}${line}\n`);
  return { start: at, end: at, text: (text[at - 1] === '\n' ? '' : '\n') + lines.join('') };
}

/** As SOPS writes them. */
function formatFields(fields: SopsFields): string[] {
  const lines = Object.entries(fields).flatMap(([name, value]): string[] => {
    if (value === null) return [`${name}: []`];
    if (typeof value === 'object') return [`${name}:`, ...value.flatMap(formatAgeKey)];
    // Safe without quotes, and SOPS writes them so.
    const isPlain = typeof value === 'boolean' || name === 'mac' || name === 'version';
    return [`${name}: ${isPlain ? String(value) : formatYamlText(value)}`];
  });
  return [`${METADATA_KEY}:`, ...lines.map((line) => `    ${line}`)];
}

function formatAgeKey({ recipient, enc }: SopsAgeKey): string[] {
  const lines = enc.trimEnd().split('\n');
  return [`    - recipient: ${recipient}`, '      enc: |', ...lines.map((line) => `        ${line}`)];
}

const DOTENV_PREFIX = `${METADATA_KEY}_`;

export function splitDotenv(tree: SopsMap, text: string): SplitFile {
  const isOurs = (item: SopsMap['items'][number]): item is SopsEntry =>
    item.kind === 'entry' && item.key.startsWith(DOTENV_PREFIX);
  const entries = tree.items.filter(isOurs);
  if (entries.length === 0) return { fields: undefined, tree, edits: [] };
  const flat = treeToValues({ ...tree, items: entries });
  const rest = { ...tree, items: tree.items.filter((item) => !isOurs(item)) };
  const edits = entries.map(({ range }) => ({
    start: range.start,
    end: Math.min(range.end + 1, text.length),
    text: '',
  }));
  return { fields: unflattenFields(flat), tree: rest, edits };
}

export function joinDotenv(_tree: SopsMap, text: string, fields: SopsFields): Edit {
  const lines = flattenFields(fields).sort().join('');
  return { start: text.length, end: text.length, text: (text === '' || text.endsWith('\n') ? '' : '\n') + lines };
}

/** `sops_age__list_0__map_enc=…`, the lines of a field that is a list of maps. */
function flattenFields(fields: SopsFields): string[] {
  const line = (name: string, value: unknown): string =>
    `${DOTENV_PREFIX}${name}=${String(value).replaceAll('\n', '\\n')}\n`;
  return Object.entries(fields).flatMap(([name, value]) => {
    if (value === null) return [];
    if (!Array.isArray(value)) return [line(name, value)];
    return value.flatMap((item: object, i) =>
      Object.entries(item).map(([inner, text]) => line(`${name}__list_${i}__map_${inner}`, text)),
    );
  });
}

function unflattenFields(flat: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const fields = new Map<string, unknown>();
  const lists = new Map<string, Map<string, Record<string, unknown>>>();
  for (const [name, value] of Object.entries(flat)) {
    const [, list, index, inner] = /^(\w+?)__list_(\d+)__map_(\w+)$/.exec(name.slice(DOTENV_PREFIX.length)) ?? [];
    if (list === undefined || index === undefined || inner === undefined) {
      fields.set(name.slice(DOTENV_PREFIX.length), value);
      continue;
    }
    const items = lists.getOrInsertComputed(list, () => new Map());
    items.getOrInsertComputed(index, () => ({}))[inner] = value;
  }
  const entries = [...lists].map(([name, items]) => [name, [...items.values()]] as const);
  return { ...Object.fromEntries(fields), ...Object.fromEntries(entries) };
}
