/** A file of JSON (RFC 8259) as SOPS sees it: keys in their order, with places in the text. Every number is a float, as in Go. */
import { floatScalar } from './sops-scalar.ts';
import {
  faultAt,
  SOPS_DEPTH_MAX,
  type SopsEntry,
  type SopsLeaf,
  type SopsList,
  type SopsMap,
  type SopsNode,
  type SopsScalar,
  textScalar,
} from './sops-tree.ts';

const STRING = /"[^"\\]*(?:\\[^][^"\\]*)*"/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const SPACE = /[ \t\r\n]*/y;

/** @throws OperatingError `invalid` with line and column. It quotes nothing of the text. */
export function parseJsonTree(text: string): SopsMap {
  const reader = new JsonReader(text);
  const start = reader.skipSpace();
  const root = reader.readNode(0);
  reader.skipSpace();
  if (reader.offset < text.length) throw reader.fault('there is text after the end: remove it');
  if (root.kind !== 'map') throw faultAt(text, start, 'a file of SOPS is an object: make it one');
  return root;
}

class JsonReader {
  readonly #text: string;
  offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  fault(what: string): Error {
    return faultAt(this.#text, this.offset, what);
  }

  skipSpace(): number {
    this.#match(SPACE);
    return this.offset;
  }

  readNode(depth: number): SopsNode {
    if (depth > SOPS_DEPTH_MAX) throw this.fault(`this is nested more than ${SOPS_DEPTH_MAX} deep: flatten it`);
    const start = this.offset;
    const next = this.#text[start];
    if (next === '{') return this.#readMap(start, depth);
    if (next === '[') return this.#readList(start, depth);
    return this.#leaf(start, this.#readScalar(start));
  }

  #readMap(start: number, depth: number): SopsMap {
    const items: SopsEntry[] = [];
    const names = new Set<string>();
    this.#readMembers('}', () => {
      const from = this.offset;
      const key = this.#match(STRING);
      if (key === undefined) throw this.fault('a key in double quotes belongs here');
      const name = this.#unescape(key, from);
      if (names.has(name)) throw faultAt(this.#text, from, 'this key is there twice: remove one');
      names.add(name);
      this.skipSpace();
      this.#expect(':');
      this.skipSpace();
      const value = this.readNode(depth + 1);
      items.push({ kind: 'entry', key: name, range: { start: from, end: this.offset }, value });
    });
    return { kind: 'map', range: { start, end: this.offset }, isFlow: true, items };
  }

  #readList(start: number, depth: number): SopsList {
    const items: SopsNode[] = [];
    this.#readMembers(']', () => items.push(this.readNode(depth + 1)));
    return { kind: 'list', range: { start, end: this.offset }, isFlow: true, items };
  }

  #readMembers(end: '}' | ']', readMember: () => void): void {
    this.offset += 1;
    this.skipSpace();
    if (this.#text[this.offset] !== end) {
      for (;;) {
        readMember();
        this.skipSpace();
        if (this.#text[this.offset] !== ',') break;
        this.offset += 1;
        this.skipSpace();
      }
    }
    this.#expect(end);
  }

  #readScalar(start: number): SopsScalar | null {
    const string = this.#match(STRING);
    if (string !== undefined) return textScalar(this.#unescape(string, start));
    const number = this.#match(NUMBER);
    if (number !== undefined && number !== '') return floatScalar(Number(number));
    const word = this.#match(WORD);
    if (word === undefined) throw this.fault('a value of JSON belongs here');
    return word === 'null'
      ? null
      : { type: 'bool', bytes: new TextEncoder().encode(word === 'true' ? 'True' : 'False') };
  }

  #unescape(string: string, start: number): string {
    try {
      return JSON.parse(string) as string;
    } catch {
      // Its error would quote the text.
      throw faultAt(this.#text, start, 'a text has an escape that JSON has not, or a line break: correct it');
    }
  }

  #leaf(start: number, scalar: SopsScalar | null): SopsLeaf {
    return { kind: 'leaf', scalar, range: { start, end: this.offset }, needsQuotes: true };
  }

  #expect(character: string): void {
    if (this.#text[this.offset] !== character) throw this.fault(`a ${character} belongs here`);
    this.offset += 1;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.offset;
    const match = pattern.exec(this.#text)?.[0];
    this.offset += match?.length ?? 0;
    return match;
  }
}
