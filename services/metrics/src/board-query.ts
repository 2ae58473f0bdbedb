/** The PromQL that boards are made of. */
import { escapeLabelValue } from './series-text.ts';

/** The range of every rate: a dozen scrapes of the usual period, so that one lost scrape does not show. */
const RATE_WINDOW = '1m';

/** `metric{job="tipjar-web"}`. */
export function selector(metric: string, matchers: Readonly<Record<string, string>>, more = ''): string {
  const parts = Object.entries(matchers).map(([label, value]) => `${label}="${escapeLabelValue(value)}"`);
  if (more !== '') parts.push(more);
  return parts.length === 0 ? metric : `${metric}{${parts.join(',')}}`;
}

export function rate(selected: string): string {
  return `rate(${selected}[${RATE_WINDOW}])`;
}

/** `sum by (code) (…)`; without labels `sum(…)`. */
export function aggregate(operator: 'sum' | 'avg' | 'max' | 'min', by: readonly string[], inner: string): string {
  return by.length === 0 ? `${operator}(${inner})` : `${operator} by (${by.join(', ')}) (${inner})`;
}

export function quantile(q: number, buckets: string): string {
  return `histogram_quantile(${q}, ${aggregate('sum', ['le'], rate(buckets))})`;
}
