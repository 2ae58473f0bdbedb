/** A file of YAML as SOPS sees it. One document, a map, without anchors, aliases and tags, which SOPS does not keep. */
import {
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseAllDocuments,
  type Pair,
  Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { findComments, placeComments } from './yaml-comments.ts';
import { readPlainScalar } from './yaml-scalar.ts';
import { parseCiphertext } from './sops-cipher.ts';
import {
  faultAt,
  SOPS_DEPTH_MAX,
  type SopsComment,
  type SopsEntry,
  type SopsLeaf,
  type SopsList,
  type SopsMap,
  type SopsNode,
  type TextRange,
  textScalar,
} from './sops-tree.ts';

/** A map or list while comments are put into it. */
export type DraftMap = SopsMap & { readonly items: (SopsEntry | SopsComment)[] };
export type DraftList = SopsList & { readonly items: (SopsNode | SopsComment)[] };

/** @throws OperatingError `invalid` with line and column. It quotes nothing but names of keys. */
export function parseYamlTree(text: string): DraftMap {
  // As strings: what a plain scalar is, Go decides. Its errors would quote the text.
  const documents = parseAllDocuments(text, { schema: 'failsafe', prettyErrors: false, keepSourceTokens: false });
  if (!Array.isArray(documents) || documents.length > 1) {
    throw faultAt(text, text.length, 'there is more than one document: split the file');
  }
  const [document] = documents;
  const [fault] = [...(document?.errors ?? []), ...(document?.warnings ?? [])];
  if (fault !== undefined) {
    throw faultAt(
      text,
      fault.pos[0],
      `this is not YAML (${fault.code.toLowerCase().replaceAll('_', ' ')}): correct it`,
    );
  }
  const root = document?.contents ?? undefined;
  if (!isMap(root))
    throw faultAt(text, root?.range?.[0] ?? 0, 'a file of SOPS is a map of keys to values: make it one');
  const tree = readMap(root, { text, depth: 0, isFlow: false });
  placeComments(tree, findComments(text), text);
  return tree;
}

/** `isFlow`: within braces or brackets, at any distance. */
type Reading = { readonly text: string; readonly depth: number; readonly isFlow: boolean };

function readMap(map: YAMLMap, { text, depth, isFlow: isInFlow }: Reading): DraftMap {
  const isFlow = isInFlow || map.flow === true;
  const items = map.items.map((pair: Pair): SopsEntry => {
    const key = readKey(pair.key, text);
    const start = key.range.start;
    const value =
      pair.value === null ? nullAt(key.range.end) : readNode(pair.value as Node, { text, depth: depth + 1, isFlow });
    return { kind: 'entry', key: key.text, range: { start, end: value.range.end }, value };
  });
  return { kind: 'map', range: rangeOf(map), isFlow, items };
}

function readList(list: YAMLSeq, { text, depth, isFlow: isInFlow }: Reading): DraftList {
  const isFlow = isInFlow || list.flow === true;
  const items = list.items.map((item): SopsNode | SopsComment => {
    const node = readNode(item as Node, { text, depth: depth + 1, isFlow });
    return isFlow ? node : (commentItem(node, text) ?? node);
  });
  return { kind: 'list', range: rangeOf(list), isFlow, items };
}

/** SOPS has no place for an encrypted comment in a list of YAML but an item. */
function commentItem(node: SopsNode, text: string): SopsComment | undefined {
  if (node.kind !== 'leaf') return undefined;
  const source = text.slice(node.range.start, node.range.end);
  if (parseCiphertext(source)?.type !== 'comment') return undefined;
  return {
    kind: 'comment',
    text: source,
    range: { start: text.lastIndexOf('-', node.range.start), end: node.range.end },
  };
}

function readNode(node: Node, reading: Reading): SopsNode {
  const { text, depth } = reading;
  const start = node.range?.[0] ?? 0;
  if (isAlias(node) || node.anchor !== undefined) {
    throw faultAt(text, start, 'SOPS keeps no anchors and aliases: write the value out');
  }
  if (node.tag !== undefined) throw faultAt(text, start, `SOPS keeps no tags (${node.tag}): write the value without`);
  if (isCollection(node) && depth > SOPS_DEPTH_MAX) {
    throw faultAt(text, start, `this is nested more than ${SOPS_DEPTH_MAX} deep: flatten it`);
  }
  if (isMap(node)) return readMap(node, reading);
  if (isSeq(node)) return readList(node, reading);
  if (isScalar(node)) return readScalar(node, reading);
  throw faultAt(text, start, 'this is no map, list or value: write one');
}

function readScalar(node: Scalar, { text, isFlow: needsQuotes }: Reading): SopsLeaf {
  const range = rangeOf(node);
  const source = String(node.value);
  if (node.type === Scalar.BLOCK_LITERAL || node.type === Scalar.BLOCK_FOLDED) {
    // A comment may follow the mark: it stays between what is replaced.
    const mark = /^[|>][0-9+-]*/.exec(text.slice(range.start))?.[0].length ?? 1;
    const header = { start: range.start, end: range.start + mark };
    const lineEnd = text.indexOf('\n', range.start);
    const body = { start: lineEnd === -1 ? range.end : lineEnd, end: range.end };
    return { kind: 'leaf', scalar: textScalar(source), range: header, body, needsQuotes };
  }
  if (node.type !== Scalar.PLAIN) return { kind: 'leaf', scalar: textScalar(source), range, needsQuotes };
  const scalar = readPlainScalar(source);
  if (scalar === undefined) throw faultAt(text, range.start, 'SOPS keeps no dates: put it in quotes');
  return { kind: 'leaf', scalar, range, needsQuotes };
}

function readKey(key: unknown, text: string): { readonly text: string; readonly range: TextRange } {
  if (!isScalar(key)) throw faultAt(text, 0, 'a key is a map or list: SOPS knows only text as keys');
  const range = rangeOf(key);
  const name = String(key.value);
  if (key.anchor !== undefined || key.tag !== undefined) {
    throw faultAt(text, range.start, 'SOPS keeps no anchors and tags: write the key without');
  }
  if (key.type === Scalar.PLAIN && readPlainScalar(name)?.type !== 'str') {
    throw faultAt(text, range.start, `the key ${name.slice(0, 40)} is no text: put it in quotes`);
  }
  return { text: name, range };
}

function nullAt(offset: number): SopsLeaf {
  return { kind: 'leaf', scalar: null, range: { start: offset, end: offset }, needsQuotes: false };
}

function rangeOf(node: { readonly range?: readonly [number, number, number] | null | undefined }): TextRange {
  return { start: node.range?.[0] ?? 0, end: node.range?.[1] ?? 0 };
}
