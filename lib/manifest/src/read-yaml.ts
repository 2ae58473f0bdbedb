/**
 * YAML text to a tree of values with places. Plain YAML 1.2 (`yes` is text), with anchors, aliases and merge keys (`<<`),
 * which are how `x-` blocks are shared.
 *
 * The file is untrusted: its size, the nodes after aliases are followed, and the depth are bounded, and no input makes
 * the time grow faster than the file (the parser's own check for equal keys compares all pairs, so it is off and done
 * here with a map).
 */
import { formatSize } from '@plumb/base';
import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { Faults } from './faults.ts';
import {
  type ListNode,
  type MapEntry,
  type MapNode,
  type Node,
  pathTo,
  type Place,
  type Position,
  quote,
} from './node.ts';

/** A hand-written manifest has a few kilobytes. */
export const FILE_SIZE_BYTES_MAX = 128 * 1_024;
/** Nodes after aliases are followed: above what a file of the greatest size can write out, so only "billion laughs" meets it. */
const NODES_MAX = 150_000;
/** Nothing in the schema is deeper than 6; configuration may be. */
const DEPTH_MAX = 40;

const START: Position = { line: 1, column: 1 };

/** The tree of `text`, or undefined when it has faults that leave nothing to read; they are added to `faults`. */
export function readYaml(text: string, faults: Faults): Node | undefined {
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes > FILE_SIZE_BYTES_MAX) {
    const sizes = `${formatSize(sizeBytes)}, and a manifest has at most ${formatSize(FILE_SIZE_BYTES_MAX)}`;
    faults.add({ at: START, path: '' }, `the file has ${sizes}: move data to files of their own`);
    return undefined;
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, schema: 'core', uniqueKeys: false });
  const place = (offset: number): Place => ({ at: positionAt(lines, offset), path: '' });
  for (const { message, pos } of document.errors) faults.add(place(pos[0]), `not YAML: ${plain(message)}`);
  for (const { message, pos } of document.warnings) faults.add(place(pos[0]), `not YAML: ${plain(message)}`);
  if (faults.count > 0) return undefined;
  if (document.contents === null) return { kind: 'map', at: START, path: '', entries: new Map() };
  const root = new TreeBuilder(lines, faults).build(document.contents, '', 0).node;
  return faults.count > 0 ? undefined : root;
}

/** The parser's message in our voice. It reports nesting beyond the stack as a fault of its own. */
function plain(message: string): string {
  return message.includes('call stack') ? 'nested too deeply' : message.charAt(0).toLowerCase() + message.slice(1);
}

function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  // The counter answers 0 for text without any line.
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/** A converted node, the number of nodes that it stands for once aliases are followed, and how deep it goes. */
type Built = { readonly node: Node; readonly size: number; readonly depth: number };

class TreeBuilder {
  readonly #lines: LineCounter;
  readonly #faults: Faults;
  /** Undefined while the anchor's own node is still being built: an alias to it would contain itself. */
  readonly #anchors = new Map<string, Built | undefined>();
  #mergedCount = 0;

  constructor(lines: LineCounter, faults: Faults) {
    this.#lines = lines;
    this.#faults = faults;
  }

  /** `fallback` is where a value that is not written stands: at its key. */
  build(source: unknown, path: string, depth: number, fallback: Position = START): Built {
    const place = this.#placeOf(source, path, fallback);
    if (depth > DEPTH_MAX) return this.#refuse(place, `nested more than ${DEPTH_MAX} levels deep`);
    if (isAlias(source)) return this.#buildAlias(source, place, depth);
    const anchor = isMap(source) || isSeq(source) || isScalar(source) ? source.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, undefined);
    const built = this.#buildValue(source, place, depth);
    if (anchor !== undefined) this.#anchors.set(anchor, built);
    return built.size > NODES_MAX ? this.#refuse(place, `its aliases expand to more than ${NODES_MAX} values`) : built;
  }

  #buildValue(source: unknown, place: Place, depth: number): Built {
    if (isMap(source)) return this.#buildMap(source, place, depth);
    if (isSeq(source)) return this.#buildList(source, place, depth);
    if (isScalar(source)) return this.#buildScalar(source, place);
    return { node: { kind: 'scalar', ...place, value: null, source: '' }, size: 1, depth: 0 };
  }

  #buildAlias(alias: Alias, place: Place, depth: number): Built {
    if (!this.#anchors.has(alias.source)) {
      return this.#refuse(place, `the alias *${alias.source} has no anchor &${alias.source} before it`);
    }
    const built = this.#anchors.get(alias.source);
    if (built === undefined) return this.#refuse(place, `the alias *${alias.source} contains itself`);
    // The tree is shared, so an alias in an alias can go deeper than anything written out.
    if (depth + built.depth > DEPTH_MAX) return this.#refuse(place, `nested more than ${DEPTH_MAX} levels deep`);
    return built;
  }

  #buildScalar(scalar: Scalar, place: Place): Built {
    const { value } = scalar;
    const source = scalar.source ?? String(value);
    if (
      typeof value === 'number' &&
      (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))
    ) {
      return this.#refuse(place, `${source} is not a number that every program can hold: write it as text, in quotes`);
    }
    const known = value === null || ['string', 'number', 'boolean'].includes(typeof value);
    if (!known) return this.#refuse(place, `${quote(source)} is neither text, number, truth value nor nothing`);
    return {
      node: { kind: 'scalar', ...place, value: value as string | number | boolean | null, source },
      size: 1,
      depth: 0,
    };
  }

  #buildList(list: YAMLSeq, place: Place, depth: number): Built {
    const items = list.items.map((item, index) => this.build(item, `${place.path}[${index}]`, depth + 1));
    const node: ListNode = { kind: 'list', ...place, items: items.map((item) => item.node) };
    return { node, ...measure(items) };
  }

  #buildMap(map: YAMLMap, place: Place, depth: number): Built {
    const entries = new Map<string, MapEntry>();
    const children: Built[] = [];
    const merges: Built[] = [];
    for (const pair of map.items as Pair[]) {
      const keyPlace = this.#placeOf(pair.key, place.path);
      const key = isScalar(pair.key) ? (pair.key.source ?? String(pair.key.value)) : undefined;
      if (key === undefined) {
        this.#faults.add(keyPlace, 'a key must be plain text');
        continue;
      }
      const isMerge = key === '<<' && isScalar(pair.key) && pair.key.type === 'PLAIN';
      const path = pathTo(place.path, key);
      const child = this.build(pair.value, path, depth + 1, keyPlace.at);
      children.push(child);
      if (isMerge) merges.push(child);
      else if (entries.has(key)) this.#faults.add({ ...keyPlace, path }, `the key ${quote(key)} stands here twice`);
      else entries.set(key, { key: { ...keyPlace, path }, value: child.node });
    }
    for (const { node } of merges) this.#merge(node, entries);
    return { node: { kind: 'map', ...place, entries } satisfies MapNode, ...measure(children) };
  }

  /** The merge key: what is written out wins over what is merged, and the first merged map over later ones. */
  #merge(from: Node, into: Map<string, MapEntry>): void {
    for (const node of from.kind === 'list' ? from.items : [from]) {
      if (node.kind !== 'map') {
        this.#faults.add(node, '"<<" merges a map, or a list of maps');
        continue;
      }
      this.#mergedCount += node.entries.size;
      if (this.#mergedCount > NODES_MAX) {
        this.#faults.add(node, `merges of more than ${NODES_MAX} keys`);
        return;
      }
      for (const [key, entry] of node.entries) if (!into.has(key)) into.set(key, entry);
    }
  }

  #placeOf(source: unknown, path: string, fallback: Position = START): Place {
    const range = (source as { range?: readonly [number, number, number] } | null)?.range;
    return { at: range === undefined ? fallback : positionAt(this.#lines, range[0]), path };
  }

  #refuse(place: Place, message: string): Built {
    this.#faults.add(place, message);
    return { node: { kind: 'scalar', ...place, value: null, source: '' }, size: 1, depth: 0 };
  }
}

function measure(children: readonly Built[]): { size: number; depth: number } {
  let size = 1;
  let depth = 0;
  for (const child of children) {
    size += child.size;
    depth = Math.max(depth, child.depth + 1);
  }
  return { size, depth };
}
