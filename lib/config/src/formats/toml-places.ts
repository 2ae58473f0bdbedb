/**
 * Where the names of a TOML document stand, which its parser does not tell. For documents that are valid: it looks for
 * names only, and does not check what it steps over.
 */
import { ancestorsOf, childPath, escapeName } from '../config-path.ts';

const BLANKS = /(?:[ \t\r\n]|#[^\n]*)*/y;
const NAME = /[ \t]*(?:"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|([A-Za-z0-9_-]+))[ \t]*/y;
/** A text of each kind, or anything else up to what ends a value. */
const SCALAR = /"""(?:[^\\]|\\[^])*?"{3,5}|'''[^]*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^,\]}#\n[{]+/y;

/** The offset of each name by dotted path: the first one, of a path that several headers speak of. */
export function tomlPlaces(text: string): ReadonlyMap<string, number> {
  const scanner = new TomlScanner(text);
  scanner.readAll();
  return scanner.places;
}

class TomlScanner {
  readonly places = new Map<string, number>();
  readonly #text: string;
  /** Tables in a list: the list is one value, so what is in them has no path. */
  readonly #lists = new Set<string>();
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readAll(): void {
    let table = '';
    for (this.#skip(BLANKS); this.#at < this.#text.length; this.#skip(BLANKS)) {
      const isList = this.#text.startsWith('[[', this.#at);
      if (this.#text[this.#at] !== '[') {
        this.#entry(table);
        continue;
      }
      this.#at += isList ? 2 : 1;
      table = this.#names('');
      if (isList) this.#lists.add(table);
      this.#at += isList ? 2 : 1;
    }
  }

  /** `a.b = value`, from its first name to the end of the value. */
  #entry(table: string): void {
    const path = this.#names(table);
    this.#at += 1;
    this.#value(path);
  }

  /** The path of the names at the present place below `table`; each on the way is one too. */
  #names(table: string): string {
    let path = table;
    for (;;) {
      NAME.lastIndex = this.#at;
      const match = NAME.exec(this.#text);
      if (match === null) return path;
      const [whole, double, single, bare] = match;
      const name = double === undefined ? (single ?? bare ?? '') : unescape(double);
      path = childPath(path, escapeName(name));
      this.#place(path, this.#at + (whole.length - whole.trimStart().length));
      this.#at += whole.length;
      if (this.#text[this.#at] !== '.') return path;
      this.#at += 1;
    }
  }

  #place(path: string, offset: number): void {
    const isInList = this.#lists.size > 0 && ancestorsOf(path).some((above) => this.#lists.has(above));
    if (!isInList && !this.places.has(path)) this.places.set(path, offset);
  }

  /** Undefined: within a list. */
  #value(path: string | undefined): void {
    this.#skip(BLANKS);
    const char = this.#text[this.#at];
    if (char === '{') this.#inside('}', () => (path === undefined ? this.#entryInList() : this.#entry(path)));
    else if (char === '[') this.#inside(']', () => this.#value(undefined));
    else this.#skip(SCALAR);
  }

  #entryInList(): void {
    NAME.lastIndex = this.#at;
    while (NAME.exec(this.#text) !== null) {
      this.#at = NAME.lastIndex + 1;
      if (this.#text[this.#at - 1] === '=') break;
      NAME.lastIndex = this.#at;
    }
    this.#value(undefined);
  }

  #inside(end: string, read: () => void): void {
    this.#at += 1;
    for (this.#skip(BLANKS); this.#at < this.#text.length && this.#text[this.#at] !== end; this.#skip(BLANKS)) {
      if (this.#text[this.#at] === ',') this.#at += 1;
      else read();
    }
    this.#at += 1;
  }

  /** Goes on by at least what `pattern` takes, so that it always ends. */
  #skip(pattern: RegExp): void {
    pattern.lastIndex = this.#at;
    const [match = ''] = pattern.exec(this.#text) ?? [];
    this.#at += pattern === SCALAR ? Math.max(1, match.length) : match.length;
  }
}

/** The escapes of a basic string. */
function unescape(source: string): string {
  const plain: Readonly<Record<string, string>> = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r', e: '\u001b' };
  return source.replace(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/g, (_, x, u, long, char) => {
    const code = [x, u, long].find((one): one is string => one !== undefined);
    return code === undefined ? (plain[String(char)] ?? String(char)) : String.fromCodePoint(Number.parseInt(code, 16));
  });
}
