import { nearestWord } from '@plumb/base';
import type { Faults } from './faults.ts';
import { describeNode, type MapNode, type Node, pathTo, type Place, quote } from './node.ts';

/** Reads one value. What it returns after adding a fault is never used: the faults are thrown at the end. */
export type Reader<T> = (node: Node, faults: Faults) => T;

export type SectionKeys = {
  readonly known: readonly string[];
  /** Keys that a later version reads: refused with that reason, so that nobody believes they have an effect. */
  readonly later?: readonly string[];
};

/** A map with fixed keys. Making one tells every key that is not known; keys that begin with `x-` are free. */
export class Section {
  readonly node: Node;
  readonly #entries: MapNode['entries'];
  readonly #faults: Faults;

  constructor(node: Node, what: string, { known, later = [] }: SectionKeys, faults: Faults) {
    this.node = node;
    this.#entries = mapEntries(node, what, faults);
    this.#faults = faults;
    for (const [key, entry] of this.#entries) {
      if (known.includes(key) || key.startsWith('x-')) continue;
      const problem = later.includes(key)
        ? `the key ${quote(key)} is not supported by this version`
        : `unknown key ${quote(key)}: ${suggestion(key, known, later)}`;
      faults.add(entry.key, problem);
    }
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Where the key stands, or the section where it is absent. */
  placeOf(key: string): Place {
    return this.#entries.get(key)?.key ?? this.node;
  }

  optional<T, F>(key: string, read: Reader<T>, fallback: F): T | F {
    const entry = this.#entries.get(key);
    return entry === undefined ? fallback : read(entry.value, this.#faults);
  }

  /** `example` is what a person could write. */
  required<T>(key: string, read: Reader<T>, example: string): T | undefined {
    const entry = this.#entries.get(key);
    if (entry !== undefined) return read(entry.value, this.#faults);
    this.#faults.add({ at: this.node.at, path: pathTo(this.node.path, key) }, `"${key}" is missing: write ${example}`);
    return undefined;
  }
}

/** The entries of a map; of anything else none, with a fault. `what` says what stands there: `processes`. */
export function mapEntries(node: Node, what: string, faults: Faults): MapNode['entries'] {
  if (node.kind === 'map') return node.entries;
  const isEmpty = node.kind === 'scalar' && node.value === null;
  if (!isEmpty) faults.add(node, `${what} is a map of keys and values, not ${describeNode(node)}`);
  else faults.add(node, `${what} is empty: write something below it, or take it away`);
  return new Map();
}

function suggestion(key: string, known: readonly string[], later: readonly string[]): string {
  const nearest = nearestWord(key, [...known, ...later]);
  if (nearest === undefined) return `known here are ${known.join(', ')}`;
  return `did you mean ${quote(nearest)}?`;
}
