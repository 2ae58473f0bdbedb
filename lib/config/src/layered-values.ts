/**
 * What several sources say, merged: all paths that anybody speaks of, with what each source says there, and what is in
 * force. Pure; it changes in place, and a change costs what it changes (and, where a name comes or goes, its siblings).
 *
 * The rules, which the property tests check against the obvious slow version. Sources have an order, lowest first.
 * 1. A leaf is in force if no later source has a leaf at its path, above it or below it. So objects merge, all else is
 *    replaced, and what was replaced once does not come back from under a still later source.
 * 2. Of one source the leaf below counts, where it speaks of a path and of one below it.
 * 3. An empty object takes away nothing below it: it is in force where nothing below is.
 */
import { ancestorsOf, parentOf } from './config-path.ts';
import type { SourceValue } from './config-source.ts';
import { isEqualValue } from './config-values.ts';
import { type Entry, PathNode } from './path-node.ts';

/** By the number of a source, what it says from then on, by path: undefined takes it back. */
export type Statements = ReadonlyMap<number, ReadonlyMap<string, SourceValue | undefined>>;

export type Outcome = {
  /** What was in force before, at each path where that is another entry. */
  readonly before: ReadonlyMap<string, Entry | undefined>;
  /** Paths whose leaf in force came, went or has another value. */
  readonly changed: readonly string[];
  /** What takes all of it back. */
  readonly inverse: Statements;
};

/** Which maps of the outcome are needed: all unless it is said otherwise. They cost as much as the change itself. */
export type Needs = { readonly before?: boolean; readonly inverse?: boolean };

/** What the source number `index` says at `path`. */
export type Spoken = { readonly path: string; readonly index: number; readonly said: SourceValue };

export class LayeredValues {
  readonly #root = new PathNode('', undefined);
  readonly #nodes = new Map([['', this.#root]]);
  #inForce = new Map<string, Entry>();
  #round = 0;

  /** Entries in force by path, branches too; the empty path is everything. Changes with this object. */
  get inForce(): ReadonlyMap<string, Entry> {
    return this.#inForce;
  }

  /** Goes on with a copy of `inForce`; the one before stays as it is. */
  detach(): void {
    this.#inForce = new Map(this.#inForce);
  }

  /** Makes all of `statements` take effect as one change. Maps of the outcome that nobody needs are left empty. */
  apply(statements: Statements, { before = true, inverse: isReversible = true }: Needs = {}): Outcome {
    const round = (this.#round += 1);
    const silenced: PathNode[] = [];
    const stale: PathNode[][] = [];
    const plan = (node: PathNode): void => {
      if (node.enter(round)) (stale[node.depth] ??= []).push(node);
    };
    const inverse = new Map<number, Map<string, SourceValue | undefined>>();
    for (const [index, changes] of statements) {
      const back = new Map<string, SourceValue | undefined>();
      inverse.set(index, back);
      // With forEach: in code that runs once, a loop over a map makes two objects for each entry.
      changes.forEach((said, path) => {
        const node = this.#nodeAt(path);
        if (isReversible) back.set(path, node.saidBy(index));
        const { floor } = node;
        node.say(index, said);
        plan(node);
        if (said === undefined) silenced.push(node);
        if (node.floor !== floor && node.children.length > 0) for (const below of node.descendants()) plan(below);
      });
    }
    const outcome = this.#settle(stale, plan, before);
    for (const node of silenced) this.#prune(node);
    return { ...outcome, inverse };
  }

  /** Everything that is said above `path`, at it and below it: by path from above, by source from the lowest. */
  spokenAround(path: string): Spoken[] {
    const above = [...ancestorsOf(path), path].map((one) => this.#nodes.get(one));
    const below = this.#nodes.get(path)?.descendants() ?? [];
    return [...above, ...below].flatMap((node) =>
      node === undefined ? [] : node.spoken.map(({ index, said }) => ({ path: node.path, index, said })),
    );
  }

  /** Brings the entries of `stale`, which is by depth, up to date, and those above, which depend on them; from below. */
  #settle(
    stale: readonly (readonly PathNode[])[],
    plan: (node: PathNode) => void,
    isRemembered: boolean,
  ): Omit<Outcome, 'inverse'> {
    const before = new Map<string, Entry | undefined>();
    const changed: string[] = [];
    for (let depth = stale.length - 1; depth >= 0; depth -= 1) {
      for (const node of stale[depth] ?? []) {
        const { entry: old, path, parent } = node;
        const entry = node.evaluate();
        if (old === entry) continue;
        if (isRemembered) before.set(path, old);
        if (!isSame(old, entry)) changed.push(path);
        node.entry = entry;
        if (entry === undefined) this.#inForce.delete(path);
        else this.#inForce.set(path, entry);
        if (parent === undefined) continue;
        parent.noteChild(entry === undefined ? -1 : old === undefined ? 1 : 0);
        plan(parent);
      }
    }
    return { before, changed };
  }

  #nodeAt(path: string): PathNode {
    const known = this.#nodes.get(path);
    if (known !== undefined) return known;
    const node = new PathNode(path, this.#nodeAt(parentOf(path)));
    this.#nodes.set(path, node);
    return node;
  }

  #prune(node: PathNode): void {
    for (let idle = node; idle.isIdle && idle.parent !== undefined; idle = idle.parent) {
      idle.leave();
      this.#nodes.delete(idle.path);
    }
  }
}

/** Equal for a reader of that path alone: what is below a branch has paths of its own. */
function isSame(a: Entry | undefined, b: Entry | undefined): boolean {
  const left = a?.kind === 'leaf' ? a.said : undefined;
  const right = b?.kind === 'leaf' ? b.said : undefined;
  if (left === undefined || right === undefined) return left === right;
  return isEqualValue(left.value, right.value);
}
