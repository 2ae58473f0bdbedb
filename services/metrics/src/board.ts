/**
 * The standard board of a job, computed from what its metrics say of themselves: type, unit, help, and the shape of their
 * labels. Pure: facts in, a board as data out; drawing is the console's part.
 *
 * The order is that in which people ask: what the application does, its traffic with errors and latency, its chain, what the
 * unit uses, and the language's runtime last. Metrics that people know get panels made by hand (`board-known.ts`); the
 * others follow the rules below. A board has a bounded number of panels, each with a bounded number of lines.
 */
import { CHAIN_PANELS, HOST_PANELS, knownPanels, RESOURCE_PANELS, RUNTIME_PANELS } from './board-known.ts';
import { aggregate, quantile, rate, selector } from './board-query.ts';
import type { Board, MetricMetadata, Panel } from './contract.ts';

/** What is known of one metric of a job. */
export type MetricFacts = MetricMetadata & {
  /** The number of values of each label, without those of the target, `le` and `quantile`. */
  readonly labels: Readonly<Record<string, number>>;
  /** The matchers that pick the job's series of it. */
  readonly selector: Readonly<Record<string, string>>;
};

export type BoardFacts = {
  readonly title: string;
  readonly kind: 'host' | 'service';
  readonly instanceCount: number;
  /** In the order in which the target writes them. */
  readonly metrics: readonly MetricFacts[];
};

/** Panels of one group: two screens full. What is beyond it can be asked for with a query. */
export const GROUP_PANELS_MAX = 24;
/** Lines of one panel that can still be told apart. */
export const PANEL_SERIES_MAX = 12;
const GROUP_LABELS_MAX = 2;

export function standardBoard({ title, kind, instanceCount, metrics }: BoardFacts): Board {
  const shown = metrics.filter(({ metric }) => !isHidden(metric));
  if (kind === 'host') {
    return { title, groups: [{ title: 'Host', panels: knownPanels(HOST_PANELS, shown).panels }] };
  }
  const byGroup = Map.groupBy(shown, groupOf);
  // What people write before the names of their own metrics, which the page says already.
  const [namespace = ''] = title.split('-');
  const generic = (facts: readonly MetricFacts[] = []): Panel[] =>
    facts.flatMap((one) => panelsOf(one, { instanceCount, namespace }));
  const chain = knownPanels(CHAIN_PANELS, byGroup.get('Chain') ?? []);
  const resources = knownPanels(RESOURCE_PANELS, byGroup.get('Resources') ?? []);
  const runtime = knownPanels(RUNTIME_PANELS, byGroup.get('Runtime') ?? []);
  // What prom-client and the Go client add beside the known ones is noise; of another runtime it is all there is.
  const otherRuntime = runtime.rest.filter(({ metric }) => !/^(nodejs|process|go|promhttp)_/.test(metric));
  const traffic = (byGroup.get('Traffic') ?? []).toSorted((a, b) => trafficRank(a) - trafficRank(b));

  const groups: { title: GroupName; panels: Panel[] }[] = [
    { title: 'Application', panels: generic(byGroup.get('Application')) },
    { title: 'Traffic', panels: generic(traffic) },
    { title: 'Chain', panels: [...chain.panels, ...generic(chain.rest)] },
    { title: 'Resources', panels: resources.panels },
    {
      title: 'Runtime',
      panels: [...runtime.panels, ...generic(otherRuntime)],
    },
  ];
  return {
    title,
    groups: groups
      .filter(({ panels }) => panels.length > 0)
      .map((group) => ({ title: group.title, panels: group.panels.slice(0, GROUP_PANELS_MAX) })),
  };
}

type GroupName = 'Application' | 'Traffic' | 'Chain' | 'Resources' | 'Runtime';

function groupOf({ metric }: MetricFacts): GroupName {
  if (/^(nodejs|process|go|python|jvm|dotnet|ruby|promhttp)_/.test(metric)) return 'Runtime';
  if (metric.startsWith('plumb_unit_')) return 'Resources';
  if (metric.startsWith('chain_')) return 'Chain';
  return /(^|_)(https?|grpc|rpc|requests?|responses?)(_|$)/.test(metric) ? 'Traffic' : 'Application';
}

/** Versions are text, and what the scraper writes about the scrape is on the targets' page. */
function isHidden(metric: string): boolean {
  return metric === 'up' || metric.startsWith('scrape_') || metric.endsWith('_info');
}

/** Rate, errors, duration: in the order that people are taught. */
function trafficRank(facts: MetricFacts): number {
  const type = typeOf(facts);
  if (type === 'counter') return /error|fail|refus|reject/.test(facts.metric) ? 1 : 0;
  return type === 'histogram' || type === 'summary' ? 2 : 3;
}

type Context = { readonly instanceCount: number; readonly namespace: string };

function panelsOf(facts: MetricFacts, context: Context): Panel[] {
  switch (typeOf(facts)) {
    case 'counter':
      return [counterPanel(facts, context)];
    case 'gauge':
      return [isTimestamp(facts) ? agePanel(facts, context) : gaugePanel(facts, context)];
    case 'histogram':
      return [quantilesPanel(facts, context), countPanel(facts, context)];
    case 'summary':
      return [summaryPanel(facts, context), countPanel(facts, context)];
  }
}

/** Without a declared type the name decides, as it does for people. */
function typeOf({ metric, type }: MetricFacts): Exclude<MetricMetadata['type'], 'unknown'> {
  if (type !== 'unknown') return type;
  return metric.endsWith('_total') ? 'counter' : 'gauge';
}

function counterPanel(facts: MetricFacts, context: Context): Panel {
  const by = groupLabels(facts, context);
  const base = baseUnit(facts);
  const unit =
    base === 'bytes'
      ? 'bytes-per-second'
      : base === 'seconds'
        ? // Seconds in each second: of processor time that is cores, of anything else a share of the time.
          /(^|_)cpu(_|$)/.test(facts.metric)
          ? 'cores'
          : 'ratio'
        : 'per-second';
  const query = aggregate('sum', by, rate(selector(facts.metric, facts.selector)));
  return panel(facts, context, { unit, queries: [{ query, legend: legendOf(facts, by) }] });
}

function gaugePanel(facts: MetricFacts, context: Context): Panel {
  const by = groupLabels(facts, context);
  const base = baseUnit(facts);
  const isShare = base === 'ratio' || base === 'seconds' || base === 'celsius';
  const operator = /_max(_|$)/.test(facts.metric)
    ? 'max'
    : /_min(_|$)/.test(facts.metric)
      ? 'min'
      : isShare
        ? 'avg'
        : 'sum';
  const query = aggregate(operator, by, selector(facts.metric, facts.selector));
  return panel(facts, context, { unit: gaugeUnit(facts), queries: [{ query, legend: legendOf(facts, by) }] });
}

function agePanel(facts: MetricFacts, context: Context): Panel {
  const by = groupLabels(facts, context);
  const query = `time() - ${aggregate('max', by, selector(facts.metric, facts.selector))}`;
  const title = humanName(`age_of_${ownName(facts, context).replace(/(_timestamp|_time)?(_seconds)?$/, '')}`);
  return { ...panel(facts, context, { unit: 'seconds', queries: [{ query, legend: legendOf(facts, by) }] }), title };
}

function quantilesPanel(facts: MetricFacts, context: Context): Panel {
  const buckets = selector(`${facts.metric}_bucket`, facts.selector);
  const queries = (
    [
      [0.5, 'p50'],
      [0.9, 'p90'],
      [0.99, 'p99'],
    ] as const
  ).map(([q, legend]) => ({ query: quantile(q, buckets), legend }));
  return panel(facts, context, { unit: gaugeUnit(facts), queries }, 'quantiles');
}

function summaryPanel(facts: MetricFacts, context: Context): Panel {
  const query = aggregate('avg', ['quantile'], selector(facts.metric, facts.selector));
  return panel(
    facts,
    context,
    { unit: gaugeUnit(facts), queries: [{ query, legend: 'quantile {{quantile}}' }] },
    'quantiles',
  );
}

function countPanel(facts: MetricFacts, context: Context): Panel {
  const by = groupLabels(facts, context);
  const query = aggregate('sum', by, rate(selector(`${facts.metric}_count`, facts.selector)));
  return panel(facts, context, { unit: 'per-second', queries: [{ query, legend: legendOf(facts, by) }] }, 'rate');
}

/** `part`: which of several panels of one metric. */
function panel(
  facts: MetricFacts,
  context: Context,
  rest: Pick<Panel, 'unit' | 'queries'>,
  part?: 'quantiles' | 'rate',
): Panel {
  const { metric, help } = facts;
  return {
    id: part === undefined ? metric : `${metric}:${part}`,
    title:
      part === undefined
        ? titleOf(facts, context, TITLE_LENGTH_MAX)
        : `${titleOf(facts, context, PART_LENGTH_MAX)}: ${part}`,
    help: help === '' ? metric : `${metric}: ${help}`,
    ...rest,
  };
}

/** Labels that people ask for first, where there is a choice. */
const LABEL_ORDER = [
  'status',
  'code',
  'status_code',
  'result',
  'outcome',
  'reason',
  'state',
  'type',
  'kind',
  'method',
  'route',
];

/**
 * The few labels to split by: those with more than one value and so few that the lines stay within `PANEL_SERIES_MAX`. A
 * label of many values, such as a user, is summed over. Several instances are split where nothing else is.
 */
function groupLabels({ labels }: MetricFacts, { instanceCount }: Context): string[] {
  const rank = (label: string): number =>
    (LABEL_ORDER.indexOf(label) + LABEL_ORDER.length + 1) % (LABEL_ORDER.length + 1);
  const candidates = Object.keys(labels)
    .filter((label) => (labels[label] ?? 0) > 1)
    .sort((a, b) => rank(a) - rank(b) || (labels[a] ?? 0) - (labels[b] ?? 0) || (a < b ? -1 : 1));
  const chosen: string[] = [];
  let lineCount = 1;
  for (const label of candidates) {
    const count = lineCount * (labels[label] ?? 1);
    if (count > PANEL_SERIES_MAX || chosen.length === GROUP_LABELS_MAX) continue;
    chosen.push(label);
    lineCount = count;
  }
  return chosen.length === 0 && instanceCount > 1 && instanceCount <= PANEL_SERIES_MAX ? ['instance'] : chosen;
}

function legendOf({ metric }: MetricFacts, by: readonly string[]): string {
  return by.length === 0 ? metric : by.map((label) => `{{${label}}}`).join(' ');
}

function isTimestamp({ metric }: MetricFacts): boolean {
  return /(_timestamp(_seconds)?|_(start|boot|created|modified)_time_seconds)$/.test(metric);
}

/** The declared unit, or what the name ends with. */
function baseUnit({ metric, unit }: MetricFacts): string {
  return unit !== '' ? unit : (/_(seconds|bytes|ratio|celsius)(_total)?$/.exec(metric)?.[1] ?? '');
}

function gaugeUnit(facts: MetricFacts): Panel['unit'] {
  const base = baseUnit(facts);
  return base === 'seconds' || base === 'bytes' || base === 'ratio' ? base : 'none';
}

/** Room for a title above a graph that is a third of a screen wide. */
const TITLE_LENGTH_MAX = 36;
/** The same with `: quantiles` after it: what tells two panels of one metric apart is never cut. */
const PART_LENGTH_MAX = 25;
/** Written in capitals wherever they are a word of a name. */
const ACRONYMS = /\b(api|cpu|db|dns|gc|grpc|http|https|id|io|ip|rpc|sql|tcp|tls|udp|url)\b/g;

/** The first sentence of the help, where it is one of at most `lengthMax`; else the name in words. */
function titleOf(facts: MetricFacts, context: Context, lengthMax: number): string {
  const { metric, help } = facts;
  const [sentence = ''] = help.split(/\.(?:\s|$)|\n/);
  const isTitle = sentence.length >= 3 && sentence.length <= lengthMax && sentence !== metric;
  const name = ownName(facts, context).replace(/(_seconds|_bytes|_ratio)?(_total)?$/, '');
  return isTitle ? sentence.trim() : humanName(name);
}

/** The metric's name without the application's before it. */
function ownName({ metric }: MetricFacts, { namespace }: Context): string {
  const own = metric.startsWith(`${namespace}_`) ? metric.slice(namespace.length + 1) : '';
  return /[a-z]{3}/.test(own) ? own : metric;
}

function humanName(name: string): string {
  const words = name
    .replaceAll(/[_:]+/g, ' ')
    .trim()
    .replaceAll(ACRONYMS, (word) => word.toUpperCase());
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}
