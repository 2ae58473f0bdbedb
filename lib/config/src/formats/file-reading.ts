/**
 * What a file of values says: a tree of names and values with places, or what is wrong with it. Every format makes one,
 * and nothing of a file with a fault is used.
 */
import { escapeName } from '../config-path.ts';
import { type ConfigObject, define } from '../config-values.ts';
import type { ConfigValue } from '../feed.ts';

/** As large as what a Kubernetes ConfigMap can hold. */
export const FILE_SIZE_BYTES_MAX = 1_024 * 1_024;
/** Values after aliases are followed: above what a file of the greatest size can write out. */
export const VALUES_MAX = 600_000;
/** Nothing that a person writes is deeper, and recursion stays far from the end of the stack. */
export const DEPTH_MAX = 40;
/** A person mends the first ones; a file that is of another format has one on each line. */
const FAULTS_MAX = 20;

/** A value of a file, and where its name stands, from 1. */
export type FileValue = { readonly value: ConfigValue; readonly line: number; readonly column: number };

/** Something wrong with a file: what, and what to do. */
export type FileFault = { readonly line: number; readonly column: number; readonly reason: string };

export type FileReading =
  | { readonly kind: 'values'; readonly values: ReadonlyMap<string, FileValue> }
  | { readonly kind: 'faults'; readonly faults: readonly FileFault[] };

/** Names of a file with the offset in its text where each stands. */
export type PlacedMap = {
  readonly kind: 'map';
  readonly entries: Map<string, PlacedEntry>;
  /** The object that it makes, once it was made: aliases ask for the same one again. */
  object?: ConfigObject;
};
export type PlacedEntry = { readonly offset: number; readonly node: PlacedNode };
export type PlacedNode = PlacedMap | { readonly kind: 'value'; readonly value: ConfigValue };

/** What is wrong at which offset. */
export type OffsetFault = { readonly offset: number; readonly reason: string };

/** The leaves of a tree by dotted path, or its faults in order of place. */
export function readingOf(text: string, root: PlacedMap, faults: readonly OffsetFault[]): FileReading {
  const place = createPlaces(text);
  const all = [...faults];
  const values = new Map<string, FileValue>();
  const visit = ({ entries }: PlacedMap, prefix: string): void => {
    entries.forEach(({ offset, node }, name) => {
      if (name === '') all.push({ offset, reason: 'a name must not be empty: write one' });
      const path = prefix + escapeName(name);
      if (node.kind === 'map' && isOnTheWay(node)) return visit(node, `${path}.`);
      const { line, column } = place(offset);
      values.set(path, { value: valueOf(node), line, column });
    });
  };
  visit(root, '');
  return all.length === 0 ? { kind: 'values', values } : faultsAt(text, all);
}

export function faultsAt(text: string, faults: readonly OffsetFault[]): FileReading {
  const place = createPlaces(text);
  const sorted = faults.toSorted((a, b) => a.offset - b.offset);
  const shown = sorted.slice(0, FAULTS_MAX).map(({ offset, reason }) => ({ ...place(offset), reason }));
  return { kind: 'faults', faults: shown };
}

/** The plain value that a tree makes. */
export function valueOf(node: PlacedNode): ConfigValue {
  if (node.kind === 'value') return node.value;
  if (node.object !== undefined) return node.object;
  const object: { [key: string]: ConfigValue } = {};
  for (const [name, { node: inner }] of node.entries) define(object, name, valueOf(inner));
  node.object = object;
  return object;
}

/** Why a number cannot be used; undefined for one that every program can hold. It may be a secret, so it is not shown. */
export function numberFault(value: number): string | undefined {
  if (Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))) return undefined;
  return 'this is not a number that every program can hold: write it as text, in quotes';
}

/** An empty object is a value, and so is one that is sealed. */
function isOnTheWay({ entries }: PlacedMap): boolean {
  return entries.size > 0 && !entries.has('$sealed');
}

/** Lines and columns of offsets, from 1. Offsets that ascend cost nothing to find. */
export function createPlaces(text: string): (offset: number) => { readonly line: number; readonly column: number } {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const startOf = (index: number): number => starts[index] ?? Infinity;
  let last = 0;
  return (offset) => {
    if (offset < startOf(last)) last = lastBefore(starts, offset);
    while (startOf(last + 1) <= offset) last += 1;
    return { line: last + 1, column: offset - startOf(last) + 1 };
  };
}

/** The index of the last of ascending `starts` that is at `offset` or before it. */
function lastBefore(starts: readonly number[], offset: number): number {
  let [low, high] = [0, starts.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return low;
}
