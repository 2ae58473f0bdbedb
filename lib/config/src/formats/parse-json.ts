/** JSON (RFC 8259) with the place of every name; a name that stands twice in an object is refused. */
import {
  DEPTH_MAX,
  faultsAt,
  type FileReading,
  numberFault,
  type OffsetFault,
  type PlacedEntry,
  type PlacedMap,
  type PlacedNode,
  readingOf,
  valueOf,
} from './file-reading.ts';

export function parseJson(text: string): FileReading {
  const reader = new JsonReader(text);
  try {
    const root = reader.readAll();
    return readingOf(text, root, reader.faults);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    return faultsAt(text, [...reader.faults, { offset: error.offset, reason: error.message }]);
  }
}

class JsonFault extends Error {
  readonly offset: number;

  constructor(offset: number, reason: string) {
    super(reason);
    this.offset = offset;
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const BLANKS = /[ \t\n\r]*/y;
/** A text up to its end, which a line's end is not in. */
const TEXT = /"(?:[^"\\\n]|\\.)*"/y;
/** What only the real parser should judge: escapes, and control characters, which must be escaped. */
const UNUSUAL = /[\\\p{Cc}]/u;
const WORDS = { true: true, false: false, null: null } as const;

class JsonReader {
  readonly faults: OffsetFault[] = [];
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readAll(): PlacedMap {
    if (this.#text.startsWith('\uFEFF')) this.#at = 1;
    this.#skipBlanks();
    const start = this.#at;
    const node = this.#value(0);
    this.#skipBlanks();
    if (this.#at < this.#text.length) throw this.#fault('nothing may stand behind the end of the value');
    if (node.kind !== 'map') throw new JsonFault(start, 'the file must be an object: write {"name": value}');
    return node;
  }

  #value(depth: number): PlacedNode {
    if (depth > DEPTH_MAX) throw this.#fault(`nested more than ${DEPTH_MAX} levels deep`);
    const char = this.#text[this.#at];
    if (char === '{') return this.#object(depth);
    if (char === '[') return this.#list(depth);
    if (char === '"') return { kind: 'value', value: this.#string() };
    for (const [word, value] of Object.entries(WORDS)) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return { kind: 'value', value };
    }
    return this.#number();
  }

  #object(depth: number): PlacedMap {
    const entries = new Map<string, PlacedEntry>();
    this.#items('}', 'a name in quotes', () => {
      const offset = this.#at;
      if (this.#text[offset] !== '"') throw this.#fault('a name in quotes must stand here');
      const name = this.#string();
      this.#skipBlanks();
      if (this.#text[this.#at] !== ':') throw this.#fault(`":" must stand behind the name "${name}"`);
      this.#at += 1;
      this.#skipBlanks();
      const node = this.#value(depth + 1);
      if (entries.has(name)) this.faults.push({ offset, reason: `the name "${name}" stands here twice` });
      else entries.set(name, { offset, node });
    });
    return { kind: 'map', entries };
  }

  #list(depth: number): PlacedNode {
    const value: ReturnType<typeof valueOf>[] = [];
    this.#items(']', 'a value', () => value.push(valueOf(this.#value(depth + 1))));
    return { kind: 'value', value };
  }

  /** What stands between brackets, parted by commas. */
  #items(end: '}' | ']', what: string, read: () => void): void {
    this.#at += 1;
    this.#skipBlanks();
    if (this.#text[this.#at] === end) {
      this.#at += 1;
      return;
    }
    for (;;) {
      read();
      this.#skipBlanks();
      const char = this.#text[this.#at];
      if (char !== ',' && char !== end) throw this.#fault(`"," or "${end}" must stand here`);
      this.#at += 1;
      if (char === end) return;
      this.#skipBlanks();
      if (this.#text[this.#at] === end) throw this.#fault(`${what} must stand behind ",": take the comma away`);
    }
  }

  #string(): string {
    TEXT.lastIndex = this.#at;
    const [source] = TEXT.exec(this.#text) ?? [];
    if (source === undefined) throw this.#fault('the text that begins here does not end on its line: close its quotes');
    try {
      const value = UNUSUAL.test(source) ? (JSON.parse(source) as string) : source.slice(1, -1);
      this.#at += source.length;
      return value;
    } catch {
      throw this.#fault(
        'the text that begins here has a character that must be escaped, or an escape that there is not',
      );
    }
  }

  #number(): PlacedNode {
    NUMBER.lastIndex = this.#at;
    const [source] = NUMBER.exec(this.#text) ?? [];
    const next = this.#text[this.#at + (source?.length ?? 0)];
    if (source === undefined || (next !== undefined && /[\w.+-]/.test(next))) {
      const isEnd = this.#at >= this.#text.length;
      throw this.#fault(isEnd ? 'the file ends where a value must stand' : 'a value must stand here');
    }
    const value = Number(source);
    const reason = numberFault(value);
    if (reason !== undefined) this.faults.push({ offset: this.#at, reason });
    this.#at += source.length;
    return { kind: 'value', value };
  }

  #skipBlanks(): void {
    BLANKS.lastIndex = this.#at;
    BLANKS.exec(this.#text);
    this.#at = BLANKS.lastIndex;
  }

  #fault(reason: string): JsonFault {
    return new JsonFault(this.#at, reason);
  }
}
