/** A tree as plain values. */
import { scalarToValue, type SopsScalarValue } from './sops-scalar.ts';
import type { SopsComment, SopsLeaf, SopsMap, SopsNode, SopsScalar } from './sops-tree.ts';

export type SopsValue = SopsScalarValue | readonly SopsValue[] | { readonly [key: string]: SopsValue };
export type SopsValues = { readonly [key: string]: SopsValue };

/** The values of `tree`, with those of `opened` in place of what is encrypted. */
export function treeToValues(tree: SopsMap, opened: ReadonlyMap<SopsLeaf, SopsScalar> = new Map()): SopsValues {
  const read = (node: SopsNode): SopsValue => {
    if (node.kind === 'leaf') {
      const scalar = opened.get(node) ?? node.scalar;
      return scalar === null ? null : scalarToValue(scalar);
    }
    if (node.kind === 'list') return node.items.filter((item) => !isComment(item)).map(read);
    return treeToValues(node, opened);
  };
  // As properties of their own, whatever their names.
  return Object.fromEntries(
    tree.items.flatMap((item) => (isComment(item) ? [] : [[item.key, read(item.value)] as const])),
  );
}

function isComment(item: { readonly kind: string }): item is SopsComment {
  return item.kind === 'comment';
}
