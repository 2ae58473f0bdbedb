/** The values and comments of a file in the order in which SOPS hashes them. */
import type { SopsPlace } from './sops-rules.ts';
import type { SopsComment, SopsLeaf, SopsList, SopsMap, SopsNode } from './sops-tree.ts';

/** Calls `visit` for each value that is not null, and each comment. */
export function walkTree(tree: SopsMap, visit: (item: SopsLeaf | SopsComment, place: SopsPlace) => void): void {
  walkItems(tree, [], [], visit);
}

function walkItems(
  { items }: SopsMap | SopsList,
  keys: readonly string[],
  above: readonly (readonly string[])[],
  visit: (item: SopsLeaf | SopsComment, place: SopsPlace) => void,
): void {
  let before: readonly string[] = [];
  for (const item of items) {
    if (item.kind === 'comment') {
      before = [...before, item.text];
      visit(item, { keys, comments: [...above, before], isComment: true });
      continue;
    }
    const comments = [...above, before];
    // The places in lists are no part of a path.
    const [node, path] = item.kind === 'entry' ? [item.value, [...keys, item.key]] : [item, keys];
    if (node.kind !== 'leaf') walkItems(node, path, comments, visit);
    else if (node.scalar !== null) visit(node, { keys: path, comments, isComment: false });
    before = [];
  }
}

/** The path that is authenticated with a value: `a:b:`, and `:` for a comment at the top. */
export function formatAad(keys: readonly string[]): string {
  return `${keys.join(':')}:`;
}

/** Calls `visit` for every value with its path as people write it: `a.b[0]`. */
export function walkPaths(tree: SopsMap, visit: (path: string, start: number) => void): void {
  const walk = (node: SopsNode, path: string): void => {
    if (node.kind === 'leaf') return;
    let index = 0;
    for (const item of node.items) {
      if (item.kind === 'comment') continue;
      const isEntry = item.kind === 'entry';
      const inner = isEntry ? (path === '' ? item.key : `${path}.${item.key}`) : `${path}[${index}]`;
      index += 1;
      visit(inner, item.range.start);
      walk(isEntry ? item.value : item, inner);
    }
  };
  walk(tree, '');
}
