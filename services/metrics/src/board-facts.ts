/** What a board is computed from: the series that a job has, with what the targets say of their metrics. */
import type { BoardFacts, MetricFacts } from './board.ts';
import type { MetricMetadata } from './contract.ts';
import type { Labels } from './series-text.ts';

/** Labels that say where a series comes from rather than what it counts, and those that belong to a metric's type. */
const TARGET_LABELS: ReadonlySet<string> = new Set([
  '__name__',
  'job',
  'instance',
  'application',
  'component',
  'le',
  'quantile',
]);
/** Values of one label that are counted: beyond it, it is many. */
const VALUES_MAX = 100;

export type FactsInput = {
  readonly job: string;
  /** Which unit the job is, where it is one: metrics of other jobs that are about it belong to its board. */
  readonly unit?: { readonly application: string; readonly component: string } | undefined;
  /** The recent series of the job and of its unit. */
  readonly series: readonly Labels[];
  readonly metadata: readonly MetricMetadata[];
};

export function boardFacts({ job, unit, series, metadata }: FactsInput): BoardFacts {
  const order = new Map(metadata.map((one, index) => [one.metric, { ...one, index }]));
  const found = new Map<string, { isOwn: boolean; values: Map<string, Set<string>> }>();
  const instances = new Set<string>();
  for (const labels of series) {
    const isOwn = labels['job'] === job;
    const metric = familyOf(labels, order);
    let one = found.get(metric);
    // A job's own series of a metric come before another's about it.
    if (one === undefined || (isOwn && !one.isOwn)) found.set(metric, (one = { isOwn, values: new Map() }));
    if (one.isOwn !== isOwn) continue;
    if (isOwn) instances.add(labels['instance'] ?? '');
    for (const [label, value] of Object.entries(labels)) {
      if (TARGET_LABELS.has(label)) continue;
      const values = one.values.get(label) ?? new Set();
      if (values.size < VALUES_MAX) values.add(value);
      one.values.set(label, values);
    }
  }
  const indexOf = ({ metric }: MetricFacts): number => order.get(metric)?.index ?? order.size;
  const metrics = [...found].map(([metric, { isOwn, values }]): MetricFacts => ({
    metric,
    type: order.get(metric)?.type ?? guessType(metric, series),
    help: order.get(metric)?.help ?? '',
    unit: order.get(metric)?.unit ?? '',
    labels: Object.fromEntries([...values].map(([label, distinct]) => [label, distinct.size])),
    selector: isOwn || unit === undefined ? { job } : { application: unit.application, component: unit.component },
  }));
  return {
    title: job === 'host' ? 'Host' : job,
    kind: job === 'host' ? 'host' : 'service',
    instanceCount: instances.size,
    metrics: metrics.toSorted((a, b) => indexOf(a) - indexOf(b)),
  };
}

/** A histogram's buckets, sum and count are one metric; so are those of a summary. */
function familyOf(labels: Labels, known: ReadonlyMap<string, unknown>): string {
  const name = labels['__name__'] ?? '';
  if (known.has(name)) return name;
  const base = /^(.+)_(bucket|sum|count)$/.exec(name)?.[1];
  if (base === undefined) return name;
  return known.has(base) || labels['le'] !== undefined ? base : name;
}

function guessType(metric: string, series: readonly Labels[]): MetricMetadata['type'] {
  const isHistogram = series.some((labels) => labels['__name__'] === `${metric}_bucket`);
  return isHistogram ? 'histogram' : 'unknown';
}
