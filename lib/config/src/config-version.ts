/**
 * The values of one moment, which never change, without a copy for each change: the newest version reads the map in
 * force, an older one what was different then, and for the rest the one after it (Baker's rerooting). A version that
 * nobody holds is let go, with what it remembers.
 */
import { childPath, namesOf } from './config-path.ts';
import type { Origin } from './config-source.ts';
import { type ConfigObject, define } from './config-values.ts';
import type { ConfigValue } from './feed.ts';
import type { BranchEntry, Entry, LeafEntry } from './path-node.ts';

export class ConfigVersion {
  readonly revision: number;
  readonly #entries: ReadonlyMap<string, Entry>;
  #before: ReadonlyMap<string, Entry | undefined> | undefined;
  #next: ConfigVersion | undefined;

  /** `entries` may change: whoever changes it says so with `supersede`. */
  constructor(revision: number, entries: ReadonlyMap<string, Entry>) {
    this.revision = revision;
    this.#entries = entries;
  }

  /** Says that what it reads is `next`'s, and what was there before where that is different. */
  supersede(next: ConfigVersion, before: ReadonlyMap<string, Entry | undefined>): void {
    this.#next = next;
    this.#before = before;
  }

  entry(path: string): Entry | undefined {
    if (this.#next === undefined) return this.#entries.get(path);
    return this.#before?.has(path) === true ? this.#before.get(path) : this.#next.entry(path);
  }

  /** The value, or the frozen object that the paths below make, put together when it is first asked for. */
  get(path: string): ConfigValue | undefined {
    const entry = this.entry(path);
    if (entry === undefined) return path === '' ? EMPTY : undefined;
    return entry.kind === 'leaf' ? entry.said.value : (entry.value ??= this.#build(path, entry));
  }

  originOf(path: string): Origin | undefined {
    const entry = this.entry(path);
    return entry?.kind === 'leaf' ? entry.said.origin : undefined;
  }

  /** The leaves in force at `path` and below it, by the path from there, in order of name. */
  *leaves(path: string): Generator<readonly [path: string, entry: LeafEntry]> {
    yield* this.#leavesFrom(path, '');
  }

  *#leavesFrom(path: string, relative: string): Generator<readonly [path: string, entry: LeafEntry]> {
    const entry = this.entry(path);
    if (entry?.kind === 'leaf') yield [relative, entry];
    for (const name of namesIn(entry)) yield* this.#leavesFrom(childPath(path, name), childPath(relative, name));
  }

  #build(path: string, entry: BranchEntry): ConfigObject {
    const object: { [key: string]: ConfigValue } = {};
    for (const name of namesIn(entry)) {
      const value = this.get(childPath(path, name));
      if (value !== undefined) define(object, name.includes('\\') ? (namesOf(name)[0] ?? name) : name, value);
    }
    return Object.freeze(object);
  }
}

const EMPTY: ConfigObject = Object.freeze({});

function namesIn(entry: Entry | undefined): string[] {
  return entry?.kind === 'branch' ? [...entry.names].sort((a, b) => (a < b ? -1 : 1)) : [];
}
