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
  /** As they stand in paths, in no order. */
  readonly names: readonly string[];
  /** The object that is read there, once somebody did. */
  value: ConfigValue | undefined;
};

const NO_NODES: ReadonlySet<PathNode> = new Set();

export class PathNode {
  readonly path: string;
  /** As it stands in paths. */
  readonly name: string;
  readonly depth: number;
  readonly parent: PathNode | undefined;
  /** In force right now. */
  entry: Entry | undefined;
  /** The last source that says something here other than an empty object, so: hides what earlier ones say below; or -1. */
  floor = -1;
  /** The last source that says something here, or -1. */
  #top = -1;
  readonly #said: (SourceValue | undefined)[] = [];
  /** Most paths have none. */
  #children: Set<PathNode> | undefined;
  #inForceCount = 0;
  #areNamesChanged = false;
  #isBelowChanged = false;
  #round = 0;

  constructor(path: string, name: string, parent: PathNode | undefined) {
    this.path = path;
    this.name = name;
    this.parent = parent;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    if (parent !== undefined) (parent.#children ??= new Set()).add(this);
  }

  get children(): ReadonlySet<PathNode> {
    return this.#children ?? NO_NODES;
  }

  /** Nobody needs it. */
  get isIdle(): boolean {
    return this.children.size === 0 && this.#top === -1;
  }

  /** Takes it away from its parent. */
  leave(): void {
    if (this.parent !== undefined) this.parent.#children?.delete(this);
  }

  saidBy(index: number): SourceValue | undefined {
    return this.#said[index];
  }

  say(index: number, said: SourceValue | undefined): void {
    this.#said[index] = said;
    this.#top = -1;
    this.floor = -1;
    for (let i = this.#said.length - 1; i >= 0 && this.floor === -1; i -= 1) {
      const one = this.#said[i];
      if (one === undefined) continue;
      if (this.#top === -1) this.#top = i;
      if (!isEmptyObject(one.value)) this.floor = i;
    }
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

  /** Whether this is the first time in a round. Numbers of rounds ascend. */
  enter(round: number): boolean {
    const isFirst = this.#round !== round;
    this.#round = round;
    return isFirst;
  }

  /** Tells of a child whose entry is another, and whether it came, went or neither. */
  noteChild(difference: 1 | 0 | -1): void {
    this.#isBelowChanged = true;
    this.#inForceCount += difference;
    if (difference !== 0) this.#areNamesChanged = true;
  }

  /** What is in force once all children are up to date: the same object as before where nothing is different. */
  evaluate(): Entry | undefined {
    const entry = this.entry;
    const isBelowChanged = this.#isBelowChanged;
    this.#isBelowChanged = false;
    if (this.#inForceCount > 0) {
      if (entry?.kind === 'branch' && !isBelowChanged) return entry;
      const names = entry?.kind === 'branch' && !this.#areNamesChanged ? entry.names : this.#namesInForce();
      this.#areNamesChanged = false;
      return { kind: 'branch', names, value: undefined };
    }
    const said = this.#said[this.#top];
    if (said === undefined || this.#isHidden()) return undefined;
    return entry?.kind === 'leaf' && entry.said === said ? entry : { kind: 'leaf', index: this.#top, said };
  }

  #namesInForce(): string[] {
    const names: string[] = [];
    for (const child of this.children) if (child.entry !== undefined) names.push(child.name);
    return names;
  }

  /** A later source has a value above it. */
  #isHidden(): boolean {
    for (let node = this.parent; node !== undefined; node = node.parent) if (node.floor > this.#top) return true;
    return false;
  }
}
