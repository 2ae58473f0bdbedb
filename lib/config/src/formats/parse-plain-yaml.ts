/**
 * The YAML that most configuration files are: names, indentation, plain or quoted values on one line, lists of such values,
 * comments. It knows what it does not know: undefined for all else, and for everything with a fault, which the real parser
 * then reads. A file of 1,000 values takes it 1 ms; the real one 30 ms when it is cold, and as much again to be loaded.
 *
 * The property tests hold it to the real parser: what it reads, that reads the same.
 */
import type { ConfigValue } from '../feed.ts';
import { DEPTH_MAX, numberFault, type PlacedMap, type PlacedNode } from './file-reading.ts';

/** Indentation, and then a name with what is behind it, or a dash with what is behind it. */
const LINE = /^( *)(?:([A-Za-z_][\w/-]*(?:\.[\w/-]+)*):|(-))(?: +(.*))?$/;
const BLANK = /^ *(?:#.*)?$/;
/** Nothing that a plain value must not begin with, and neither a number of an unusual form nor an indicator. */
const PLAIN = /^(?:[A-Za-z_/($]|-?[0-9])[ -~\u00a1-\uffef]*$/;
const QUOTED = /^(?:"([^"\\]*)"|'([^']*)')$/;
const COMMENT = /^(.*?)(?: +#.*)?$/;
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/;
/** Forms of numbers that are left to the real parser: `012`, `0x1f`, `1e3`, `1.`. */
const UNUSUAL_NUMBER = /^[-0-9][0-9a-fA-Fox.]*(?:[eE][-+]?[0-9]+)?$/;
const WORDS: ReadonlyMap<string, ConfigValue> = new Map([
  ...['null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, false] as const),
]);

type Line = {
  readonly offset: number;
  readonly indent: number;
  readonly name: string | undefined;
  readonly rest: string;
};

/** The tree of `text`, or undefined when it is not so plain. */
export function parsePlainYaml(text: string): PlacedMap | undefined {
  const lines = linesOf(text);
  return lines === undefined ? undefined : new PlainReader(lines).readAll();
}

function linesOf(text: string): Line[] | undefined {
  const lines: Line[] = [];
  let offset = 0;
  for (const source of text.split('\n')) {
    if (!BLANK.test(source)) {
      const [, blanks = '', name, dash, rest = ''] = LINE.exec(source) ?? [];
      if (name === undefined && dash === undefined) return undefined;
      lines.push({ offset: offset + blanks.length, indent: blanks.length, name, rest: rest.trimEnd() });
    }
    offset += source.length + 1;
  }
  return lines;
}

class PlainReader {
  readonly #lines: readonly Line[];
  #next = 0;

  constructor(lines: readonly Line[]) {
    this.#lines = lines;
  }

  readAll(): PlacedMap | undefined {
    const map = this.#map(0, 0);
    return this.#next === this.#lines.length ? map : undefined;
  }

  /** Entries with exactly this indentation, up to a line with less. */
  #map(indent: number, depth: number): PlacedMap | undefined {
    const map: PlacedMap = { kind: 'map', entries: new Map() };
    for (let line = this.#peek(); line !== undefined && line.indent >= indent; line = this.#peek()) {
      if (line.indent > indent || line.name === undefined || map.entries.has(line.name)) return undefined;
      this.#next += 1;
      const node = this.#behind(line, depth);
      if (node === undefined) return undefined;
      map.entries.set(line.name, { offset: line.offset, node });
    }
    return map;
  }

  /** What belongs to a name: a value on its line, or what is below it. */
  #behind(line: Line, depth: number): PlacedNode | undefined {
    const source = line.rest.startsWith('#') ? '' : line.rest;
    const next = this.#peek();
    const isListBelow = next !== undefined && next.name === undefined && next.indent >= line.indent;
    const isBelow = isListBelow || (next !== undefined && next.indent > line.indent);
    if (source !== '') return isBelow && next.indent > line.indent ? undefined : valueNode(source);
    if (!isBelow) return { kind: 'value', value: null };
    if (depth >= DEPTH_MAX) return undefined;
    return isListBelow ? this.#list(next.indent) : this.#map(next.indent, depth + 1);
  }

  #list(indent: number): PlacedNode | undefined {
    const value: ConfigValue[] = [];
    for (let line = this.#peek(); line?.name === undefined && line?.indent === indent; line = this.#peek()) {
      const node = line.rest === '' ? undefined : valueNode(line.rest);
      if (node?.kind !== 'value') return undefined;
      value.push(node.value);
      this.#next += 1;
      const after = this.#peek();
      if (after !== undefined && after.indent > indent) return undefined;
    }
    return { kind: 'value', value };
  }

  #peek(): Line | undefined {
    return this.#lines[this.#next];
  }
}

/** A value that is on one line. */
function valueNode(rest: string): PlacedNode | undefined {
  const isQuote = rest.startsWith('"') || rest.startsWith("'");
  if (isQuote) {
    // A mark of a comment can be within the quotes: only where there is none at all is it plain.
    const [, double, single] = QUOTED.exec(rest) ?? [];
    const value = double ?? single;
    return value === undefined || /[^ -~\u00a1-\uffef]/.test(value) ? undefined : { kind: 'value', value };
  }
  const [, source = ''] = COMMENT.exec(rest) ?? [];
  if (!PLAIN.test(source) || /: |:$| #/.test(source)) return undefined;
  const word = WORDS.get(source);
  if (word !== undefined) return { kind: 'value', value: word };
  if (NUMBER.test(source)) {
    const value = Number(source);
    return numberFault(value) === undefined ? { kind: 'value', value } : undefined;
  }
  return UNUSUAL_NUMBER.test(source) ? undefined : { kind: 'value', value: source };
}
