/** Columns by the labels that an aggregation keeps. */
import { type Grouping, isMetadataLabel, METRIC_NAME } from './ast.ts';
import { filterLabels, type Labels, labelsKey } from './queryable.ts';
import type { Column } from './vector.ts';

export type Group = { readonly labels: Labels; readonly dropsName: boolean; readonly members: Column[] };

/** In order of their first members. */
export function groupColumns(columns: readonly Column[], grouping: Grouping | undefined): Group[] {
  const keeps = grouping === undefined ? () => false : labelFilter(grouping);
  const keepsName = grouping?.kind === 'by' && grouping.labels.includes(METRIC_NAME);
  const groups = new Map<string, Omit<Group, 'dropsName'>>();
  for (const column of columns) {
    const labels = filterLabels(column.labels, keeps);
    const key = labelsKey(labels);
    const members = groups.get(key)?.members;
    if (members === undefined) groups.set(key, { labels, members: [column] });
    else members.push(column);
  }
  return [...groups.values()].map(({ labels, members }) => {
    return { labels, members, dropsName: keepsName && members.some(({ dropsName }) => dropsName) };
  });
}

export function labelFilter({ kind, labels }: Grouping): (name: string) => boolean {
  const named = new Set(labels);
  return kind === 'by' ? (name) => named.has(name) : (name) => !named.has(name) && !isMetadataLabel(name);
}
