/** Live queries as something to draw: snapshots and appends become points on one grid of time. */
import type { Panel, Series } from '@plumb/metrics';
import { type ChartFrame, timeStart } from '@plumb/ui/chart-series';

export type LiveEvent = {
  readonly kind: 'snapshot' | 'append';
  readonly series: readonly Series[];
  readonly endAt: number;
};

export type LiveSeries = {
  readonly labels: Readonly<Record<string, string>>;
  /** Value by epoch ms. */
  readonly points: ReadonlyMap<number, number>;
};

/** What one query has given so far, by the series' labels as text. */
export type LiveFrame = { readonly endAt: number; readonly series: ReadonlyMap<string, LiveSeries> };

/** Lines that one graph draws; more than this nobody can tell apart, and the legend would be the slow part. */
export const GRAPH_SERIES_MAX = 24;

/** The frame after `event`; points older than `windowMs` before its end are dropped. */
export function applyLiveEvent(frame: LiveFrame | undefined, event: LiveEvent, windowMs: number): LiveFrame {
  const series = new Map(event.kind === 'snapshot' ? [] : frame?.series);
  for (const { labels, points } of event.series) {
    const key = JSON.stringify(Object.entries(labels).sort(([a], [b]) => a.localeCompare(b)));
    const numbers = points.flatMap(([at, value]) => (typeof value === 'number' ? [[at, value] as const] : []));
    series.set(key, { labels, points: new Map([...(series.get(key)?.points ?? []), ...numbers]) });
  }
  const oldestAt = event.endAt - windowMs;
  for (const [key, one] of series) {
    const points = new Map([...one.points].filter(([at]) => at >= oldestAt));
    if (points.size === 0) series.delete(key);
    else series.set(key, { ...one, points });
  }
  return { endAt: event.endAt, series };
}

export type Grid = { readonly windowMs: number; readonly stepMs: number };

/** The lines of a panel, on the common grid of its queries. Undefined until one of them has given something. */
export function panelFrame(
  queries: Panel['queries'],
  frames: readonly (LiveFrame | undefined)[],
  { windowMs, stepMs }: Grid,
): ChartFrame | undefined {
  const known = frames.filter((frame) => frame !== undefined);
  if (known.length === 0) return undefined;
  const endAt = Math.max(...known.map((frame) => frame.endAt));
  const firstAt = Math.min(...known.flatMap((frame) => [...frame.series.values()].map(firstPoint)));
  const startAt = timeStart(Number.isFinite(firstAt) ? firstAt : undefined, endAt, windowMs);
  const times = gridTimes(endAt, endAt - startAt, stepMs);
  const series = queries.flatMap(({ legend }, index) =>
    [...(frames[index]?.series.values() ?? [])].map(({ labels, points }) => ({
      label: legendText(legend, labels),
      values: times.map((at) => points.get(at) ?? null),
    })),
  );
  return { times, series: series.slice(0, GRAPH_SERIES_MAX), startAt, endAt };
}

/** Points are kept in the order in which they came, which is that of time. */
function firstPoint({ points }: LiveSeries): number {
  return points.keys().next().value ?? Number.POSITIVE_INFINITY;
}

/** The multiples of `stepMs` in the window that ends at `endAt`. */
export function gridTimes(endAt: number, windowMs: number, stepMs: number): number[] {
  const lastIndex = Math.floor(endAt / stepMs);
  const firstIndex = Math.ceil((endAt - windowMs) / stepMs);
  return Array.from({ length: lastIndex - firstIndex + 1 }, (_, index) => (firstIndex + index) * stepMs);
}

/** `{{label}}` replaced by its value; without a template, the labels themselves. */
export function legendText(legend: string, labels: Readonly<Record<string, string>>): string {
  const text = legend.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, name: string) => labels[name] ?? '').trim();
  return text === '' ? labelText(labels) : text;
}

/** Labels as PromQL writes them, or `value` where there are none. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  const { __name__: name = '', ...rest } = labels;
  const pairs = Object.entries(rest).map(([label, value]) => `${label}="${value}"`);
  const text = pairs.length === 0 ? name : `${name}{${pairs.join(', ')}}`;
  return text === '' ? 'value' : text;
}
