import { type Aggregate, METRIC_NAME } from './ast.ts';
import type { Budget } from './budget.ts';
import { formatNumber } from './format.ts';
import { labelFilter } from './group-columns.ts';
import { formatHistogram } from './native-histogram/format-histogram.ts';
import { filterLabels, labelsKey, withLabel } from './queryable.ts';
import { type Column, emptyColumn, sampleAt } from './vector.ts';

/** `count_values`: each value is a label of its group, and replaces what the label has been before. */
export function countValues(
  columns: readonly Column[],
  label: string,
  { grouping }: Aggregate,
  budget: Budget,
): readonly Column[] {
  const kind = grouping?.kind ?? 'by';
  const named = grouping?.labels ?? [];
  const keeps = labelFilter({ kind, labels: kind === 'by' ? [...named, label] : named });
  const counted = new Map<string, Column>();
  for (const member of columns) {
    const { present, labels, dropsName } = member;
    const byText = new Map<string, Column>();
    const columnOf = (text: string): Column => {
      const own = filterLabels(withLabel(labels, label, text), keeps);
      const key = labelsKey(own);
      // Every distinct value is a series: as many as there are values, in the worst case, so each is paid for.
      if (!counted.has(key)) budget.take(present.length);
      const column = counted.get(key) ?? emptyColumn(own, present.length, dropsName && Object.hasOwn(own, METRIC_NAME));
      counted.set(key, column);
      byText.set(text, column);
      return column;
    };
    for (let step = 0; step < present.length; step += 1) {
      if (present[step] !== 1) continue;
      const sample = sampleAt(member, step);
      const text = typeof sample === 'number' ? formatNumber(sample) : formatHistogram(sample);
      const column = byText.get(text) ?? columnOf(text);
      column.values[step] = (column.values[step] as number) + 1;
      column.present[step] = 1;
    }
  }
  return [...counted.values()];
}
