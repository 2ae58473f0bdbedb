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

const NONE: readonly never[] = [];

export class PathNode {
  readonly path: string;
  readonly depth: number;
  readonly parent: PathNode | undefined;
  /** In force right now. */
  entry: Entry | undefined;
  /** The last source that says something here other than an empty object, so: hides what earlier ones say below; or -1. */
  floor = -1;
  /** What is said here, by the number of the source, lowest first. Mostly one, so lists are made anew and stay small. */
  #spoken: readonly LeafEntry[] = NONE;
  #children: PathNode[] | undefined;
  #inForceCount = 0;
  #areNamesChanged = false;
  #isBelowChanged = false;
  #round = 0;

  constructor(path: string, parent: PathNode | undefined) {
    this.path = path;
    this.parent = parent;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    if (parent === undefined) return;
    if (parent.#children === undefined) parent.#children = [this];
    else parent.#children.push(this);
  }

  get children(): readonly PathNode[] {
    return this.#children ?? NONE;
  }

  /** Nobody needs it. */
  get isIdle(): boolean {
    return this.children.length === 0 && this.#spoken.length === 0;
  }

  /** By the number of the source, lowest first. */
  get spoken(): readonly LeafEntry[] {
    return this.#spoken;
  }

  /** Takes it away from its parent. */
  leave(): void {
    if (this.parent === undefined) return;
    this.parent.#children = this.parent.#children?.filter((child) => child !== this);
  }

  saidBy(index: number): SourceValue | undefined {
    return this.#spoken.find((one) => one.index === index)?.said;
  }

  say(index: number, said: SourceValue | undefined): void {
    const entry: LeafEntry | undefined = said && { kind: 'leaf', index, said };
    if (entry !== undefined && this.#spoken.length === 0) {
      this.#spoken = [entry];
      this.floor = isEmptyObject(entry.said.value) ? -1 : index;
      return;
    }
    const others = this.#spoken.filter((one) => one.index !== index);
    this.#spoken = entry === undefined ? others : [...others, entry].sort((a, b) => a.index - b.index);
    this.floor = this.#spoken.findLast((one) => !isEmptyObject(one.said.value))?.index ?? -1;
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
    const top = this.#spoken.at(-1);
    return top === undefined || this.#isHidden(top.index) ? undefined : top;
  }

  /** A source later than `index` has a value above. */
  #isHidden(index: number): boolean {
    for (let node = this.parent; node !== undefined; node = node.parent) if (node.floor > index) return true;
    return false;
  }

  #namesInForce(): string[] {
    const start = this.path === '' ? 0 : this.path.length + 1;
    const names: string[] = [];
    for (const child of this.children) if (child.entry !== undefined) names.push(child.path.slice(start));
    return names;
  }
}
