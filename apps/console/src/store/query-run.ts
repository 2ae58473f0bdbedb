/** One PromQL query: its values now, and its line over the window. */
import { errorToData, type ErrorData } from '@plumb/base';
import type { MetricsClient, QueryResult, Series } from '@plumb/metrics';
import type { ChartFrame } from '@plumb/ui/chart-series';
import { GRAPH_SERIES_MAX, gridTimes, labelText } from './live-frame.ts';

export type QueryRow = { readonly labels: string; readonly value: string };

export type QueryOutcome =
  | { readonly kind: 'done'; readonly rows: readonly QueryRow[]; readonly frame: ChartFrame | undefined }
  | {
      readonly kind: 'fault';
      readonly message: string;
      /** Characters before the fault. */ readonly offset: number | undefined;
      readonly length: number;
    };

export type QueryRun = {
  readonly query: string;
  readonly endAt: number;
  readonly windowMs: number;
  readonly stepMs: number;
};

/** Never rejects: a query that is wrong is an outcome. A range vector has values but no graph. */
export async function runQuery(
  { metrics }: { readonly metrics: Pick<MetricsClient, 'query' | 'queryRange'> },
  run: QueryRun,
): Promise<QueryOutcome> {
  const { query, windowMs, stepMs } = run;
  const endAt = Math.floor(run.endAt / stepMs) * stepMs;
  try {
    const result = await metrics.query({ query, at: run.endAt });
    const rows = resultRows(result);
    if (result.kind === 'matrix' || result.kind === 'string') return { kind: 'done', rows, frame: undefined };
    const { series } = await metrics.queryRange({ query, startAt: endAt - windowMs, endAt, stepMs });
    return { kind: 'done', rows, frame: seriesFrame(series, endAt, windowMs, stepMs) };
  } catch (error) {
    const data = errorToData(error);
    return { kind: 'fault', message: data.message, ...faultPlace(data) };
  }
}

export function resultRows(result: QueryResult): QueryRow[] {
  switch (result.kind) {
    case 'vector':
      return result.samples.map(({ labels, point: [, value] }) => ({
        labels: labelText(labels),
        value: String(value),
      }));
    case 'matrix':
      return result.series.map(({ labels, points }) => ({
        labels: labelText(labels),
        value: points.map(([, value]) => String(value)).join('  '),
      }));
    case 'scalar':
      return [{ labels: 'scalar', value: String(result.point[1]) }];
    case 'string':
      return [{ labels: 'string', value: result.text }];
  }
}

function seriesFrame(series: readonly Series[], endAt: number, windowMs: number, stepMs: number): ChartFrame {
  const times = gridTimes(endAt, windowMs, stepMs);
  const lines = series.slice(0, GRAPH_SERIES_MAX).map(({ labels, points }) => {
    const values = new Map(points);
    return { label: labelText(labels), values: times.map((at) => numberOrGap(values.get(at))) };
  });
  return { times, series: lines, startAt: endAt - windowMs, endAt };
}

function numberOrGap(value: number | string | undefined): number | null {
  return typeof value === 'number' ? value : null;
}

/** Where the parser says that the fault is; a fault of the evaluation has no place. */
function faultPlace({ details }: ErrorData): { readonly offset: number | undefined; readonly length: number } {
  const position = details?.['position'] as { readonly offset?: unknown } | undefined;
  const [offset, length] = [position?.offset, details?.['length']];
  return { offset: typeof offset === 'number' ? offset : undefined, length: typeof length === 'number' ? length : 1 };
}
