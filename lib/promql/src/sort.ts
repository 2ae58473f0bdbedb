/** `sort`, `sort_by_label` and their kin: the order of an instant vector. */
import { compareLabels, labelOf } from './queryable.ts';
import { type Column, hasValues, numbersOf } from './vector.ts';

export const SORT_FUNCTIONS: ReadonlySet<string> = new Set([
  'sort',
  'sort_desc',
  'sort_by_label',
  'sort_by_label_desc',
]);

/** By the value of an instant query; a range query has no order. NaN comes last either way. Histograms have no order. */
export function sortByValue(mixed: readonly Column[], direction: 1 | -1): readonly Column[] {
  const columns = mixed.map(numbersOf).filter(hasValues);
  if ((columns[0]?.present.length ?? 0) !== 1) return columns;
  return columns.sort((a, b) => {
    const [left, right] = [a.values[0] as number, b.values[0] as number];
    if (Number.isNaN(left) || Number.isNaN(right)) return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
    return left === right ? 0 : (left < right ? -1 : 1) * direction;
  });
}

/** By the labels' values in turn, numbers within them as numbers (`b2` before `b10`), then by all labels. */
export function sortByLabels(columns: readonly Column[], names: readonly string[], direction: 1 | -1): Column[] {
  const collator = new Intl.Collator('en', { numeric: true, caseFirst: 'upper' });
  return columns.toSorted((a, b) => {
    for (const name of names) {
      const order = collator.compare(labelOf(a.labels, name), labelOf(b.labels, name));
      if (order !== 0) return order * direction;
    }
    return compareLabels(a.labels, b.labels) * direction;
  });
}
