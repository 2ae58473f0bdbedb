/**
 * YAML 1.2 (`yes` is text), with anchors, aliases and merge keys (`<<`), and the place of every name. All faults are told.
 *
 * A file is not trusted: what aliases stand for and the depth are bounded, and no text makes the time grow faster than
 * itself (the parser's own check for equal names compares all pairs, so it is off and done here).
 */
import type * as Yaml from 'yaml';
import type { ConfigValue } from '../feed.ts';
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
  VALUES_MAX,
  valueOf,
} from './file-reading.ts';
import { parsePlainYaml } from './parse-plain-yaml.ts';

/** Loaded when a file needs it: that takes as long as reading a large one. */
type YamlModule = typeof Yaml;

export async function parseYaml(text: string): Promise<FileReading> {
  const plain = parsePlainYaml(text);
  return plain === undefined ? parseFullYaml(text, await import('yaml')) : readingOf(text, plain, []);
}

export function parseFullYaml(text: string, yaml: YamlModule): FileReading {
  const document = yaml.parseDocument(text, { prettyErrors: false, schema: 'core', uniqueKeys: false });
  const troubles = [...document.errors, ...document.warnings];
  if (troubles.length > 0) {
    return faultsAt(
      text,
      troubles.map(({ message, pos }) => ({ offset: pos[0], reason: `not YAML: ${plainWords(message)}` })),
    );
  }
  if (document.contents === null) return readingOf(text, { kind: 'map', entries: new Map() }, []);
  const builder = new TreeBuilder(yaml);
  const { node } = builder.build(document.contents, 0, 0);
  if (node.kind === 'map') return readingOf(text, node, builder.faults);
  const isNothing = node.value === null && builder.faults.length === 0;
  if (isNothing) return readingOf(text, { kind: 'map', entries: new Map() }, []);
  return faultsAt(text, [...builder.faults, { offset: 0, reason: 'the file must have names: write "name: value"' }]);
}

/** What the parser says before it quotes the file without quotes. */
const QUOTING =
  /^(Unknown directive|Unresolved tag|Invalid escape sequence|Block scalar header includes extra characters|Not a YAML token)/;

/** The parser's message in our voice, without what it quotes of the file, which may be a secret. It tells of the stack's end too. */
function plainWords(message: string): string {
  if (message.includes('call stack')) return 'nested too deeply';
  const [said = ''] = (QUOTING.exec(message)?.[0] ?? message).split(/:? ["\n]/);
  return said.charAt(0).toLowerCase() + said.slice(1);
}

/** A converted node, how many values it stands for once aliases are followed, and how deep it goes. */
type Built = { readonly node: PlacedNode; readonly size: number; readonly depth: number };

const NOTHING: Built = { node: { kind: 'value', value: null }, size: 1, depth: 0 };

class TreeBuilder {
  readonly faults: OffsetFault[] = [];
  readonly #yaml: YamlModule;
  /** Undefined while the anchor's own node is still being built: an alias to it would contain itself. */
  readonly #anchors = new Map<string, Built | undefined>();
  #mergedCount = 0;

  constructor(yaml: YamlModule) {
    this.#yaml = yaml;
  }

  /** `fallback` is where a value that is not written stands: at its name. */
  build(source: unknown, depth: number, fallback: number): Built {
    const { isAlias, isMap, isScalar, isSeq } = this.#yaml;
    const offset = offsetOf(source) ?? fallback;
    if (depth > DEPTH_MAX) return this.#refuse(offset, `nested more than ${DEPTH_MAX} levels deep`);
    if (isAlias(source)) return this.#buildAlias(source, offset, depth);
    const isNode = isMap(source) || isSeq(source) || isScalar(source);
    const anchor = isNode ? source.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, undefined);
    const built = isMap(source)
      ? this.#buildMap(source, depth)
      : isSeq(source)
        ? this.#buildList(source.items, depth, offset)
        : isScalar(source)
          ? this.#buildScalar(source, offset)
          : NOTHING;
    if (anchor !== undefined) this.#anchors.set(anchor, built);
    return built.size > VALUES_MAX
      ? this.#refuse(offset, `its aliases stand for more than ${VALUES_MAX} values`)
      : built;
  }

  #buildAlias(alias: Yaml.Alias, offset: number, depth: number): Built {
    if (!this.#anchors.has(alias.source)) {
      return this.#refuse(offset, `the alias *${alias.source} has no anchor &${alias.source} before it`);
    }
    const built = this.#anchors.get(alias.source);
    if (built === undefined) return this.#refuse(offset, `the alias *${alias.source} contains itself`);
    // An alias in an alias can go deeper than anything that is written out.
    if (depth + built.depth > DEPTH_MAX) return this.#refuse(offset, `nested more than ${DEPTH_MAX} levels deep`);
    return built;
  }

  #buildScalar(scalar: Yaml.Scalar, offset: number): Built {
    const { value } = scalar;
    const reason = typeof value === 'number' ? numberFault(value) : undefined;
    if (reason !== undefined) return this.#refuse(offset, reason);
    const isPlain = value === null || ['string', 'number', 'boolean'].includes(typeof value);
    if (!isPlain) return this.#refuse(offset, 'this is neither text, number, truth value nor nothing');
    return { node: { kind: 'value', value: value as ConfigValue }, size: 1, depth: 0 };
  }

  #buildList(items: readonly unknown[], depth: number, offset: number): Built {
    const built = items.map((item) => this.build(item, depth + 1, offset));
    const { size, depth: below } = measure(built);
    // Refused before it is written out.
    if (size > VALUES_MAX) return this.#refuse(offset, `its aliases stand for more than ${VALUES_MAX} values`);
    return { node: { kind: 'value', value: built.map(({ node }) => valueOf(node)) }, size, depth: below };
  }

  #buildMap(map: Yaml.YAMLMap, depth: number): Built {
    const entries = new Map<string, PlacedEntry>();
    const children: Built[] = [];
    const merges: { readonly built: Built; readonly offset: number }[] = [];
    for (const { key, value } of map.items as Yaml.Pair[]) {
      const offset = offsetOf(key) ?? 0;
      if (!this.#yaml.isScalar(key)) {
        this.faults.push({ offset, reason: 'a name must be plain text' });
        continue;
      }
      const name = key.source ?? String(key.value);
      const isMerge = name === '<<' && key.type === 'PLAIN';
      if (isMerge && this.#yaml.isSeq(value)) {
        for (const item of value.items) merges.push({ built: this.build(item, depth + 1, offset), offset });
        continue;
      }
      const built = this.build(value, depth + 1, offset);
      children.push(built);
      if (isMerge) merges.push({ built, offset });
      else if (entries.has(name)) this.faults.push({ offset, reason: `the name "${name}" stands here twice` });
      else entries.set(name, { offset, node: built.node });
    }
    for (const { built, offset } of merges) this.#merge(built.node, offset, entries);
    return { node: { kind: 'map', entries } satisfies PlacedMap, ...measure(children) };
  }

  /** The merge key: what is written out wins, and the first of several maps over later ones. */
  #merge(from: PlacedNode, offset: number, into: Map<string, PlacedEntry>): void {
    if (from.kind !== 'map') {
      this.faults.push({ offset, reason: '"<<" takes in the names of a map, or of a list of maps' });
      return;
    }
    this.#mergedCount += from.entries.size;
    if (this.#mergedCount > VALUES_MAX) this.faults.push({ offset, reason: `takes in more than ${VALUES_MAX} names` });
    else for (const [name, entry] of from.entries) if (!into.has(name)) into.set(name, entry);
  }

  #refuse(offset: number, reason: string): Built {
    this.faults.push({ offset, reason });
    return NOTHING;
  }
}

function offsetOf(source: unknown): number | undefined {
  return (source as { readonly range?: readonly [number, number, number] } | null | undefined)?.range?.[0];
}

function measure(children: readonly Built[]): { readonly size: number; readonly depth: number } {
  const size = children.reduce((sum, child) => sum + child.size, 1);
  return { size, depth: children.reduce((most, child) => Math.max(most, child.depth + 1), 0) };
}
