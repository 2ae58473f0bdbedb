/** A path that somebody speaks of, or that is on the way to one: what each source says there, and what is in force. */
import type { SourceValue } from './config-source.ts';
import { isEmptyObject } from './config-values.ts';
import type { ConfigValue } from './feed.ts';

/** What is in force at a path: a leaf, as one source says it, or a branch. */
export type Entry = LeafEntry | BranchEntry;

export type LeafEntry = { readonly kind: 'leaf'; readonly index: number; readonly said: SourceValue };

/** Another one comes in its place when anything below it is different, so what is made of it can be kept on it. */
export type BranchEntry = {
  readonly kind: 'branch';
  /** As they stand in paths. */
  readonly names: ReadonlySet<string>;
  /** The object that is read there, once somebody did. */
  value?: ConfigValue;
};

export class PathNode {
  readonly path: string;
  /** As it stands in paths. */
  readonly name: string;
  readonly depth: number;
  readonly parent: PathNode | undefined;
  readonly children = new Set<PathNode>();
  /** In force right now. */
  entry: Entry | undefined;
  /** The last source that says something here other than an empty object, so: hides what earlier ones say below; or -1. */
  floor = -1;
  readonly #said: (SourceValue | undefined)[] = [];
  /** The children that are in force. Shared with the entry, so it is copied before it changes, once a round. */
  #names = new Set<string>();
  #namesRound = 0;
  #isBelowChanged = false;

  constructor(path: string, name: string, parent: PathNode | undefined) {
    this.path = path;
    this.name = name;
    this.parent = parent;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    parent?.children.add(this);
  }

  /** Nobody needs it. */
  get isIdle(): boolean {
    return this.children.size === 0 && this.#said.every((said) => said === undefined);
  }

  saidBy(index: number): SourceValue | undefined {
    return this.#said[index];
  }

  say(index: number, said: SourceValue | undefined): void {
    this.#said[index] = said;
    this.floor = this.#said.findLastIndex((one) => one !== undefined && !isEmptyObject(one.value));
  }

  /** By the number of the source, lowest first. */
  *spoken(): Generator<readonly [index: number, said: SourceValue]> {
    for (const [index, said] of this.#said.entries()) if (said !== undefined) yield [index, said];
  }

  *descendants(): Generator<PathNode> {
    for (const child of this.children) {
      yield child;
      yield* child.descendants();
    }
  }

  /** Tells of a child whose entry is another. Numbers of rounds ascend. */
  noteChild(name: string, isInForce: boolean, round: number): void {
    this.#isBelowChanged = true;
    if (this.#names.has(name) === isInForce) return;
    if (this.#namesRound !== round) this.#names = new Set(this.#names);
    this.#namesRound = round;
    if (isInForce) this.#names.add(name);
    else this.#names.delete(name);
  }

  /** What is in force once all children are up to date: the same object as before where nothing is different. */
  evaluate(): Entry | undefined {
    const { entry } = this;
    const isSameBranch = entry?.kind === 'branch' && !this.#isBelowChanged;
    this.#isBelowChanged = false;
    if (this.#names.size > 0) return isSameBranch ? entry : { kind: 'branch', names: this.#names };
    const index = this.#said.findLastIndex((one) => one !== undefined);
    const said = this.#said[index];
    if (said === undefined || index < this.#floorAbove()) return undefined;
    return entry?.kind === 'leaf' && entry.said === said ? entry : { kind: 'leaf', index, said };
  }

  #floorAbove(): number {
    let floor = -1;
    for (let { parent } = this as PathNode; parent !== undefined; parent = parent.parent) {
      floor = Math.max(floor, parent.floor);
    }
    return floor;
  }
}
