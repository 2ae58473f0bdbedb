/** Panels for metrics that everybody has, as data: better titles and companions than rules could find. */
import type { MetricFacts } from './board.ts';
import { aggregate, rate, selector } from './board-query.ts';
import type { Panel } from './contract.ts';

type Line = {
  readonly metric: string;
  readonly legend: string;
  readonly by?: readonly string[];
  /** A further matcher. */
  readonly where?: string;
  /** From the selector to the query; a sum unless given. */
  readonly query?: (selected: string, by: readonly string[]) => string;
};
type KnownPanel = Pick<Panel, 'id' | 'title' | 'unit' | 'stacked'> & {
  readonly lines: readonly Line[];
};

const sumRate = (selected: string, by: readonly string[]): string => aggregate('sum', by, rate(selected));
const age = (selected: string): string => `time() - max(${selected})`;
const maximum = (selected: string): string => aggregate('max', [], selected);

export const HOST_PANELS: readonly KnownPanel[] = [
  {
    id: 'cpu-used',
    title: 'CPU used',
    unit: 'ratio',
    lines: [
      {
        metric: 'node_cpu_seconds_total',
        legend: 'used',
        where: 'mode="idle"',
        query: (selected) => `1 - avg(${rate(selected)})`,
      },
    ],
  },
  {
    id: 'cpu-modes',
    title: 'CPU by mode',
    unit: 'cores',
    stacked: true,
    lines: [
      { metric: 'node_cpu_seconds_total', legend: '{{mode}}', where: 'mode!="idle"', by: ['mode'], query: sumRate },
    ],
  },
  {
    id: 'memory',
    title: 'Memory',
    unit: 'bytes',
    lines: [
      { metric: 'node_memory_MemTotal_bytes', legend: 'total' },
      { metric: 'node_memory_MemAvailable_bytes', legend: 'available' },
    ],
  },
  {
    id: 'load',
    title: 'Load',
    unit: 'none',
    lines: [
      { metric: 'node_load1', legend: '1 min' },
      { metric: 'node_load5', legend: '5 min' },
      { metric: 'node_load15', legend: '15 min' },
    ],
  },
  {
    id: 'disk-space',
    title: 'Disk space left',
    unit: 'bytes',
    lines: [{ metric: 'node_filesystem_avail_bytes', legend: '{{mountpoint}}', by: ['mountpoint'] }],
  },
  {
    id: 'disk-traffic',
    title: 'Disk',
    unit: 'bytes-per-second',
    lines: [
      { metric: 'node_disk_read_bytes_total', legend: 'read', query: sumRate },
      { metric: 'node_disk_written_bytes_total', legend: 'written', query: sumRate },
    ],
  },
  {
    id: 'network-received',
    title: 'Network received',
    unit: 'bytes-per-second',
    lines: [{ metric: 'node_network_receive_bytes_total', legend: '{{device}}', by: ['device'], query: sumRate }],
  },
  {
    id: 'network-sent',
    title: 'Network sent',
    unit: 'bytes-per-second',
    lines: [{ metric: 'node_network_transmit_bytes_total', legend: '{{device}}', by: ['device'], query: sumRate }],
  },
  {
    id: 'uptime',
    title: 'Uptime',
    unit: 'seconds',
    lines: [{ metric: 'node_boot_time_seconds', legend: 'since the machine started', query: age }],
  },
];

/** Of a chain node, as the chains service sees it from outside. */
export const CHAIN_PANELS: readonly KnownPanel[] = [
  {
    id: 'chain-height',
    title: 'Height',
    unit: 'none',
    lines: [{ metric: 'chain_height', legend: 'head block', query: maximum }],
  },
  {
    id: 'chain-head-age',
    title: 'Age of the head block',
    unit: 'seconds',
    lines: [{ metric: 'chain_head_age_seconds', legend: 'age', query: maximum }],
  },
  {
    id: 'chain-state',
    title: 'State',
    unit: 'none',
    stacked: true,
    lines: [
      {
        metric: 'chain_state',
        legend: '{{state}}',
        by: ['state'],
        // Only the state that it is in: the others are lines at zero.
        query: (selected, by) => `${aggregate('max', by, selected)} > 0`,
      },
    ],
  },
  {
    id: 'chain-peers',
    title: 'Peers',
    unit: 'count',
    lines: [{ metric: 'chain_peers', legend: 'connected', query: maximum }],
  },
];

export const RESOURCE_PANELS: readonly KnownPanel[] = [
  {
    id: 'unit-cpu',
    title: 'CPU',
    unit: 'cores',
    lines: [{ metric: 'plumb_unit_cpu_seconds_total', legend: 'used', query: sumRate }],
  },
  {
    id: 'unit-memory',
    title: 'Memory',
    unit: 'bytes',
    lines: [{ metric: 'plumb_unit_resident_memory_bytes', legend: 'resident' }],
  },
  {
    id: 'unit-files',
    title: 'Open files and sockets',
    unit: 'count',
    lines: [{ metric: 'plumb_unit_open_fds', legend: 'open' }],
  },
  {
    id: 'unit-threads',
    title: 'Processes and threads',
    unit: 'count',
    lines: [
      { metric: 'plumb_unit_processes', legend: 'processes' },
      { metric: 'plumb_unit_threads', legend: 'threads' },
    ],
  },
];

export const RUNTIME_PANELS: readonly KnownPanel[] = [
  {
    id: 'runtime-cpu',
    title: 'CPU',
    unit: 'cores',
    lines: [{ metric: 'process_cpu_seconds_total', legend: 'used', query: sumRate }],
  },
  {
    id: 'runtime-memory',
    title: 'Memory',
    unit: 'bytes',
    lines: [
      { metric: 'process_resident_memory_bytes', legend: 'resident' },
      { metric: 'nodejs_heap_size_total_bytes', legend: 'heap' },
      { metric: 'nodejs_heap_size_used_bytes', legend: 'heap used' },
      { metric: 'nodejs_external_memory_bytes', legend: 'external' },
      { metric: 'go_memstats_heap_inuse_bytes', legend: 'heap used' },
    ],
  },
  {
    id: 'nodejs-event-loop',
    title: 'Event loop lag',
    unit: 'seconds',
    lines: [
      { metric: 'nodejs_eventloop_lag_p50_seconds', legend: 'p50', query: maximum },
      { metric: 'nodejs_eventloop_lag_p99_seconds', legend: 'p99', query: maximum },
      { metric: 'nodejs_eventloop_lag_max_seconds', legend: 'max', query: maximum },
    ],
  },
  {
    id: 'nodejs-gc',
    title: 'Time in garbage collection',
    unit: 'ratio',
    lines: [
      {
        metric: 'nodejs_gc_duration_seconds',
        legend: '{{kind}}',
        by: ['kind'],
        query: (selected, by) =>
          sumRate(selected.replace('nodejs_gc_duration_seconds', 'nodejs_gc_duration_seconds_sum'), by),
      },
    ],
  },
  {
    id: 'nodejs-resources',
    title: 'Active resources',
    unit: 'count',
    lines: [{ metric: 'nodejs_active_resources', legend: '{{type}}', by: ['type'] }],
  },
  {
    id: 'go-goroutines',
    title: 'Goroutines',
    unit: 'count',
    lines: [{ metric: 'go_goroutines', legend: 'goroutines' }],
  },
  {
    id: 'runtime-files',
    title: 'Open files and sockets',
    unit: 'count',
    lines: [{ metric: 'process_open_fds', legend: 'open' }],
  },
  {
    id: 'runtime-uptime',
    title: 'Uptime',
    unit: 'seconds',
    lines: [{ metric: 'process_start_time_seconds', legend: 'since the process started', query: age }],
  },
];

/** The panels of `known` that have at least one of their metrics, and the metrics that none of them draws. */
export function knownPanels(
  known: readonly KnownPanel[],
  metrics: readonly MetricFacts[],
): { readonly panels: Panel[]; readonly rest: readonly MetricFacts[] } {
  const byName = new Map(metrics.map((facts) => [facts.metric, facts]));
  const drawn = new Set<string>();
  const panels = known.flatMap(({ lines, ...rest }) => {
    const queries = lines.flatMap(({ metric, legend, by = [], where = '', query }) => {
      const facts = byName.get(metric);
      if (facts === undefined) return [];
      drawn.add(metric);
      const selected = selector(metric, facts.selector, where);
      return [{ query: query === undefined ? aggregate('sum', by, selected) : query(selected, by), legend }];
    });
    return queries.length === 0 ? [] : [{ ...rest, queries }];
  });
  return { panels, rest: metrics.filter(({ metric }) => !drawn.has(metric)) };
}
