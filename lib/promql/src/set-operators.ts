/** `and`, `or` and `unless`, and what makes series of two vectors belong together. */
import { type Binary, type Matching, METRIC_NAME } from './ast.ts';
import { filterLabels, type Labels, labelsKey } from './queryable.ts';
import type { Column } from './vector.ts';

/** The labels that decide which series of two vectors belong together. */
export function signatureOf(matching: Matching | undefined): (labels: Labels) => string {
  const named = new Set(matching?.labels ?? []);
  if (matching?.kind === 'on') return (labels) => labelsKey(filterLabels(labels, (name) => named.has(name)));
  return (labels) => labelsKey(filterLabels(labels, (name) => !named.has(name) && name !== METRIC_NAME));
}

export function evaluateSet(
  { operator, matching }: Binary,
  left: readonly Column[],
  right: readonly Column[],
): Column[] {
  const signature = signatureOf(matching);
  const rightPresence = presenceBySignature(right, signature);
  if (operator === 'or') {
    const leftPresence = presenceBySignature(left, signature);
    return [...left, ...right.map((column) => masked(column, leftPresence.get(signature(column.labels)), false))];
  }
  return left.map((column) => masked(column, rightPresence.get(signature(column.labels)), operator === 'and'));
}

export function presenceBySignature(
  columns: readonly Column[],
  signature: (labels: Labels) => string,
): Map<string, Uint8Array> {
  const presence = new Map<string, Uint8Array>();
  for (const { labels, present } of columns) {
    const key = signature(labels);
    const known = presence.get(key);
    presence.set(
      key,
      known === undefined ? present : known.map((isPresent, step) => isPresent | (present[step] as number)),
    );
  }
  return presence;
}

/** The column where `mask` is set (or is not, when `wanted` is false). */
function masked(column: Column, mask: Uint8Array | undefined, wanted: boolean): Column {
  const isWanted = (step: number): boolean => (mask?.[step] === 1) === wanted;
  return { ...column, present: column.present.map((isPresent, step) => (isPresent === 1 && isWanted(step) ? 1 : 0)) };
}
