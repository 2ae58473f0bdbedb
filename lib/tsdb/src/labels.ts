/**
 * Label sets: what names a series. A metric's name is the label `__name__`. An empty value is the same as no label, as in
 * Prometheus, so empty values are dropped wherever a label set is made.
 */

export type Labels = Readonly<Record<string, string>>;

export const METRIC_NAME = '__name__';

/** The value of a label; empty when the set has none. Own properties only: `constructor` is a legal label name. */
export function labelOf(labels: Labels, name: string): string {
  return Object.hasOwn(labels, name) ? (labels[name] ?? '') : '';
}

/** Name and value pairs without empty values, by name in code unit order. */
export function sortedLabels(labels: Labels): (readonly [string, string])[] {
  return Object.entries(labels)
    .filter(([, value]) => value !== '')
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** One text per label set, whatever the order of its properties. The separators cannot occur in UTF-8 text. */
export function labelsKey(labels: Labels): string {
  return keyOfPairs(sortedLabels(labels));
}

export function keyOfPairs(pairs: readonly (readonly [string, string])[]): string {
  let key = '';
  for (const [name, value] of pairs) key += `${name}\uDC00${value}\uDC01`;
  return key;
}

/** `Object.fromEntries` defines own properties, so that `__proto__` is a label like any other. */
export function labelsFromPairs(pairs: readonly (readonly [string, string])[]): Labels {
  return Object.fromEntries(pairs);
}
