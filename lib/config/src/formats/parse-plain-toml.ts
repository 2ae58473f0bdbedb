/**
 * The TOML that most configuration files are: tables with bare names, and names with a text, number or truth value on one
 * line. It knows what it does not know: undefined for all else, and for everything with a fault, which the real parser
 * then reads. That one, which does not tell places, takes with them and with being loaded some 10 ms for 1,000 values
 * when it is cold; this takes 2.
 *
 * The property tests hold it to the real parser: what it reads, that reads the same.
 */
import { numberFault, type PlacedEntry, type PlacedMap, type PlacedNode } from './file-reading.ts';

const BLANK = /^[ \t]*(?:#[\t -~\u00a1-\uffef]*)?$/;
const TABLE = /^\[([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)\][ \t]*(?:#[\t -~\u00a1-\uffef]*)?$/;
/** A bare name and a text without escapes, or a word, and a comment. */
const ENTRY =
  /^([A-Za-z0-9_-]+)[ \t]*=[ \t]*(?:"([ !#-[\]-~\u00a1-\uffef]*)"|([A-Za-z0-9.-]+))[ \t]*(?:#[\t -~\u00a1-\uffef]*)?$/;
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/;

/** The tree of `text`, or undefined when it is not so plain. */
export function parsePlainToml(text: string): PlacedMap | undefined {
  const root = emptyMap();
  const headers = new Set<string>();
  let table: PlacedMap = root;
  let offset = 0;
  for (const line of text.split('\n')) {
    const [, name = '', quoted, word = ''] = ENTRY.exec(line) ?? [];
    if (name !== '') {
      const node = quoted === undefined ? wordNode(word) : ({ kind: 'value', value: quoted } as const);
      if (node === undefined || table.entries.has(name)) return undefined;
      table.entries.set(name, { offset, node });
    } else if (!BLANK.test(line)) {
      const [, header] = TABLE.exec(line) ?? [];
      const opened = header === undefined || headers.has(header) ? undefined : openTable(root, header, offset + 1);
      if (header === undefined || opened === undefined) return undefined;
      headers.add(header);
      table = opened;
    }
    offset += line.length + 1;
  }
  return root;
}

/** The table of a header, made with those on the way to it; undefined where one of them is a value. */
function openTable(root: PlacedMap, header: string, start: number): PlacedMap | undefined {
  let table = root;
  let offset = start;
  for (const name of header.split('.')) {
    const entry: PlacedEntry = table.entries.get(name) ?? { offset, node: emptyMap() };
    if (entry.node.kind !== 'map') return undefined;
    table.entries.set(name, entry);
    table = entry.node;
    offset += name.length + 1;
  }
  return table;
}

function wordNode(word: string): PlacedNode | undefined {
  if (word === 'true' || word === 'false') return { kind: 'value', value: word === 'true' };
  if (!NUMBER.test(word)) return undefined;
  const value = Number(word);
  return numberFault(value) === undefined ? { kind: 'value', value } : undefined;
}

function emptyMap(): PlacedMap {
  return { kind: 'map', entries: new Map() };
}
