/** The few numbers of the overview: what a host and a unit use, each a query or two and how they make one value. */
import type { ChartFrame } from '@plumb/ui/chart-series';
import type { ValueUnit } from '@plumb/ui/format';

export type Figure = {
  readonly title: string;
  readonly unit: ValueUnit;
  readonly queries: readonly string[];
  /** One value from one of each query. */
  readonly combine: (...values: readonly number[]) => number;
};

/** The shape of the last while, in the width of a thumb. */
export const FIGURE_GRID = { windowMs: 900_000, stepMs: 5_000 } as const;

const first = (value = 0): number => value;
const usedShare = (whole = 0, free = 0): number => (whole === 0 ? 0 : 1 - free / whole);

export const HOST_FIGURES: readonly Figure[] = [
  { title: 'CPU', unit: 'ratio', queries: ['1 - avg(rate(node_cpu_seconds_total{mode="idle"}[1m]))'], combine: first },
  {
    title: 'Memory',
    unit: 'ratio',
    queries: ['node_memory_MemTotal_bytes', 'node_memory_MemAvailable_bytes'],
    combine: usedShare,
  },
  {
    title: 'Disk',
    unit: 'ratio',
    queries: ['node_filesystem_size_bytes{mountpoint="/"}', 'node_filesystem_avail_bytes{mountpoint="/"}'],
    combine: usedShare,
  },
  { title: 'Load', unit: 'none', queries: ['node_load1'], combine: first },
];

/** What a unit's processes use of the CPU. */
export function unitFigure(application: string, component: string): Figure {
  const selector = `plumb_unit_cpu_seconds_total{application="${application}",component="${component}"}`;
  return { title: 'CPU', unit: 'cores', queries: [`sum(rate(${selector}[1m]))`], combine: first };
}

/** The line of a figure; a gap wherever one of its queries has one. `frame` has one series for each query, in order. */
export function figureValues({ queries, combine }: Figure, frame: ChartFrame | undefined): readonly (number | null)[] {
  const lines = queries.map((_, index) => frame?.series.find(({ label }) => label === figureLegend(index)));
  return (frame?.times ?? []).map((_, at) => {
    const values = lines.map((line) => line?.values[at] ?? null);
    return values.every((value) => value !== null) ? combine(...values) : null;
  });
}

/** Names the series of query number `index`, so that one without samples does not shift the others. */
export function figureLegend(index: number): string {
  return `query ${index}`;
}
