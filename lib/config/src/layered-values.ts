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

/** What one source says at a path from then on: undefined takes it back. */
export type Statement = { readonly index: number; readonly path: string; readonly said: SourceValue | undefined };

export type Outcome = {
  /** What was in force before, at each path where that is another entry. */
  readonly before: ReadonlyMap<string, Entry | undefined>;
  /** Paths whose leaf in force came, went or has another value. */
  readonly changed: readonly string[];
  /** What takes all of it back. */
  readonly inverse: readonly Statement[];
};

/** What the source number `index` says at `path`. */
export type Spoken = { readonly path: string; readonly index: number; readonly said: SourceValue };

export class LayeredValues {
  readonly #root = new PathNode('', '', undefined);
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

  /** Makes all of `statements` take effect, in order, as one change. */
  apply(statements: readonly Statement[]): Outcome {
    const inverse: Statement[] = [];
    const stale = new Set<PathNode>();
    for (const { index, path, said } of statements) {
      const node = this.#nodeAt(path);
      inverse.push({ index, path, said: node.saidBy(index) });
      const { floor } = node;
      node.say(index, said);
      stale.add(node);
      if (node.floor !== floor) for (const below of node.descendants()) stale.add(below);
    }
    const before = this.#settle(stale);
    for (const node of stale) this.#prune(node);
    const changed = [...before].flatMap(([path, entry]) => (isSame(entry, this.#inForce.get(path)) ? [] : [path]));
    return { before, changed, inverse: inverse.reverse() };
  }

  /** Everything that is said above `path`, at it and below it: by path from above, by source from the lowest. */
  spokenAround(path: string): Spoken[] {
    const above = [...ancestorsOf(path), path].map((one) => this.#nodes.get(one));
    const below = this.#nodes.get(path)?.descendants() ?? [];
    return [...above, ...below].flatMap((node) =>
      node === undefined ? [] : [...node.spoken()].map(([index, said]) => ({ path: node.path, index, said })),
    );
  }

  /** Brings the entries of `stale` up to date, and those above, which depend on them; from below. */
  #settle(stale: ReadonlySet<PathNode>): Map<string, Entry | undefined> {
    this.#round += 1;
    const before = new Map<string, Entry | undefined>();
    const byDepth: Set<PathNode>[] = [];
    const plan = (node: PathNode): void => void (byDepth[node.depth] ??= new Set()).add(node);
    for (const node of stale) plan(node);
    for (let depth = byDepth.length - 1; depth >= 0; depth -= 1) {
      for (const node of byDepth[depth] ?? []) {
        const [old, entry] = [node.entry, node.evaluate()];
        if (old === entry) continue;
        before.set(node.path, old);
        node.entry = entry;
        if (entry === undefined) this.#inForce.delete(node.path);
        else this.#inForce.set(node.path, entry);
        if (node.parent === undefined) continue;
        node.parent.noteChild(node.name, entry !== undefined, this.#round);
        plan(node.parent);
      }
    }
    return before;
  }

  #nodeAt(path: string): PathNode {
    const known = this.#nodes.get(path);
    if (known !== undefined) return known;
    const parent = parentOf(path);
    const name = parent === '' ? path : path.slice(parent.length + 1);
    const node = new PathNode(path, name, this.#nodeAt(parent));
    this.#nodes.set(path, node);
    return node;
  }

  #prune(node: PathNode): void {
    for (let idle = node; idle.isIdle && idle.parent !== undefined; idle = idle.parent) {
      idle.parent.children.delete(idle);
      this.#nodes.delete(idle.path);
    }
  }
}

/** Equal for a reader of that path alone: what is below a branch has paths of its own. */
function isSame(a: Entry | undefined, b: Entry | undefined): boolean {
  const [left, right] = [a, b].map((entry) => (entry?.kind === 'leaf' ? entry.said : undefined));
  if (left === undefined || right === undefined) return left === right;
  return isEqualValue(left.value, right.value);
}
