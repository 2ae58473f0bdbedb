/** The tree that a manifest is read from: values that know where they stand in the file. */

export type Position = { readonly line: number; readonly column: number };

/** Where a value stands, and its dotted path in the file. */
export type Place = { readonly at: Position; readonly path: string };

export type ScalarNode = Place & {
  readonly kind: 'scalar';
  readonly value: null | boolean | number | string;
  /** As written: `1.0` and `0x10` stay what they are where text is wanted. */
  readonly source: string;
};
export type ListNode = Place & { readonly kind: 'list'; readonly items: readonly Node[] };
export type MapEntry = { readonly key: Place; readonly value: Node };
export type MapNode = Place & { readonly kind: 'map'; readonly entries: ReadonlyMap<string, MapEntry> };
export type Node = ScalarNode | ListNode | MapNode;

/** How a person would name what stands there: `a list`, `the number 3`, `nothing`. */
export function describeNode(node: Node): string {
  if (node.kind === 'list') return 'a list';
  if (node.kind === 'map') return 'a map';
  if (typeof node.value === 'string') return `the text ${quote(node.value)}`;
  if (typeof node.value === 'number') return `the number ${node.source}`;
  return node.value === null ? 'nothing' : `the truth value ${node.source}`;
}

/** Longest piece of the file that a message repeats: enough to recognise it, short enough for one line. */
const QUOTE_CHARS_MAX = 40;

/** Text of the file for a message: on one line, shortened. */
export function quote(text: string): string {
  const short = text.length > QUOTE_CHARS_MAX ? `${text.slice(0, QUOTE_CHARS_MAX)}…` : text;
  return JSON.stringify(short);
}

/** The dotted path of a key below `path`. A key that is not a plain word is quoted. */
export function pathTo(path: string, key: string): string {
  const word = /^[\w-]+$/.test(key) ? key : quote(key);
  return path === '' ? word : `${path}.${word}`;
}

/** Where the value at `path` below `node` stands; where it is not written, the nearest that is. A list is searched for text. */
export function locate(node: Node, path: readonly string[]): Place {
  const [word, ...rest] = path;
  if (word === undefined) return node;
  const child = childOf(node, word);
  return child === undefined ? node : locate(child, rest);
}

function childOf(node: Node, word: string): Node | undefined {
  switch (node.kind) {
    case 'scalar':
      return undefined;
    case 'list':
      return node.items.find((item) => item.kind === 'scalar' && item.value === word);
    case 'map':
      return node.entries.get(word)?.value;
  }
}
