/** What a graph draws, as plain data, and the arithmetic that drawing needs. No DOM. */
import type { ValueUnit } from './format.ts';

/** One line of a graph. `values[i]` belongs to `times[i]`; `null` is a gap. */
export type ChartSeries = { readonly label: string; readonly values: readonly (number | null)[] };

export type ChartFrame = {
  /** Epoch ms, ascending. */
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  /** What the time axis shows, also where there are no values. */
  readonly startAt: number;
  readonly endAt: number;
};

/** As many as there are colours that stay apart on both grounds; further lines repeat them. */
export const SERIES_COLORS = 8;

/** The name of the token that colours line number `index`. */
export function seriesColor(index: number): string {
  return `--series-${(index % SERIES_COLORS) + 1}`;
}

/** Running sums, so that each line is drawn on top of the one before. A gap in one line adds nothing to those above. */
export function stackSeries(series: readonly ChartSeries[]): (number | null)[][] {
  let below: readonly (number | null)[] = [];
  return series.map(({ values }) => {
    const line = values.map((value, index) => (value === null ? null : value + (below[index] ?? 0)));
    below = values.map((value, index) => (value ?? 0) + (below[index] ?? 0));
    return line;
  });
}

/** How many points are drawn: what a graph that cannot be seen into says of its progress. */
export function countPoints(series: readonly ChartSeries[]): number {
  return series.reduce((sum, { values }) => sum + values.filter((value) => value !== null).length, 0);
}

/** The last value that is not a gap. */
export function latestValue(values: readonly (number | null)[]): number | undefined {
  return values.findLast((value) => value !== null) ?? undefined;
}

export type SparkBox = { readonly width: number; readonly height: number; readonly top?: number | undefined };

/**
 * The points of a line of `values` in a box, as SVG path data; gaps break the line. The scale runs from zero (or the
 * least value, if negative) to `top` or the greatest value, so that a still line near zero does not look like noise.
 */
export function sparkPath(values: readonly (number | null)[], { width, height, top = 0 }: SparkBox): string {
  const present = values.filter((value) => value !== null);
  if (present.length === 0) return '';
  const low = Math.min(0, ...present);
  const high = Math.max(top, ...present, low + Number.EPSILON);
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  let isDown = false;
  return values
    .map((value, index) => {
      if (value === null) {
        isDown = false;
        return '';
      }
      const y = height - ((value - low) / (high - low)) * height;
      const point = `${isDown ? 'L' : 'M'}${(index * step).toFixed(1)} ${y.toFixed(1)}`;
      isDown = true;
      return point;
    })
    .join('');
}

/** The least length of a list that people read easily and that gives at most one point for `pixelsPerPoint`. */
export function chartStepMs(windowMs: number, widthPixels: number, pixelsPerPoint = 2): number {
  const ideal = windowMs / Math.max(1, widthPixels / pixelsPerPoint);
  return STEPS_MS.find((step) => step >= ideal) ?? (STEPS_MS.at(-1) as number);
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const STEPS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600]
  .map((seconds) => seconds * SECOND)
  .concat(120 * MINUTE, 360 * MINUTE);

/**
 * The ends of a value axis. It starts at zero; a share that is over a half is shown of the whole. A plain number that is
 * far from zero and hardly moves, such as a block height, is shown near: a zero would hide every change.
 */
export function valueRange(low: number | null, high: number | null, unit: ValueUnit): [number, number] {
  if (low === null || high === null || (low === 0 && high === 0)) return [0, 1];
  const spread = high - low;
  const isPlain = unit === 'none' || unit === 'count';
  if (isPlain && low > 0 && spread > 0 && spread < low / 4) return [low - spread * 0.1, high + spread * 0.1];
  const isMostOfWhole = unit === 'ratio' && high > 0.5 && high <= 1;
  return [Math.min(0, low * HEADROOM), isMostOfWhole ? 1 : Math.max(0, high * HEADROOM)];
}

/** Keeps the highest point off the edge. */
const HEADROOM = 1.08;

/** Time that a graph shows at least, also when there are samples of the last seconds only. */
const SPAN_MS_MIN = 120_000;

/**
 * Where the time axis of a window that ends at `endAt` begins: with the first sample where that is later than the
 * window's start, so that the first minutes of a system are not a sliver at the edge.
 */
export function timeStart(firstAt: number | undefined, endAt: number, windowMs: number): number {
  const startAt = endAt - windowMs;
  return firstAt === undefined ? startAt : Math.max(startAt, Math.min(firstAt, endAt - SPAN_MS_MIN));
}
