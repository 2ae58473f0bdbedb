/**
 * Draws a frame of series on a canvas with uPlot, in the colours that the tokens have on the host element. Loaded only
 * when a graph is on the screen: `chart.tsx` imports it on demand.
 */
import uPlot from 'uplot';
import { type ChartFrame, seriesColor, stackSeries, valueRange } from './chart-series.ts';
import { formatAxis, type ValueUnit } from './format.ts';

export type PlotOptions = {
  readonly unit: ValueUnit;
  readonly isStacked: boolean;
  /** Plots with the same key show their crosshair at the same moment. */
  readonly syncKey: string;
  /** The index into `times` under the crosshair, of this plot or of one in step with it; undefined when it leaves. */
  readonly onCursor: (index: number | undefined) => void;
};

export type Plot = {
  readonly update: (frame: ChartFrame) => void;
  readonly close: () => void;
};

/** The same for most graphs, so that those in one column line up; long labels take what they need. */
const VALUE_AXIS_WIDTH = 52;
const LABEL_CHARACTER_WIDTH = 6.2;
const LABEL_MARGIN = 16;
const TIME_AXIS_HEIGHT = 26;
const LINE_FILL_ALPHA = 0.1;
const STACK_FILL_ALPHA = 0.45;
const FIVE_MINUTES_MS = 300_000;
/** Powers of two, so that an axis of bytes has round labels. */
const BYTE_STEPS = Array.from({ length: 50 }, (_, power) => 2 ** power);

/** Draws into `host`, which gives the size, also when it changes. The frame is kept until the next `update`. */
export function openPlot(host: HTMLElement, options: PlotOptions): Plot {
  let frame: ChartFrame = { times: [], series: [], startAt: 0, endAt: 1 };
  let chart: uPlot | undefined;
  const colors = colorReader(host);

  const build = (): void => {
    chart?.destroy();
    chart = new uPlot(
      plotDefinition(host, () => frame, colors, options),
      undefined,
      host,
    );
  };
  const draw = (): void => {
    const lines = options.isStacked ? stackSeries(frame.series) : frame.series.map(({ values }) => [...values]);
    chart?.setData([[...frame.times], ...lines], true);
  };
  const resize = new ResizeObserver(() => chart?.setSize({ width: host.clientWidth, height: host.clientHeight }));
  resize.observe(host);
  const stopWatching = onThemeChange(() => {
    colors.forget();
    chart?.redraw(false);
  });

  return {
    update: (next) => {
      const isSameShape = chart !== undefined && next.series.length === frame.series.length;
      frame = next;
      if (!isSameShape) build();
      draw();
    },
    close: () => {
      resize.disconnect();
      stopWatching();
      chart?.destroy();
    },
  };
}

type Colors = { readonly get: (token: string, alpha?: number) => string; readonly forget: () => void };

function plotDefinition(
  host: HTMLElement,
  frame: () => ChartFrame,
  colors: Colors,
  options: PlotOptions,
): uPlot.Options {
  const { unit, isStacked, syncKey, onCursor } = options;
  const { series } = frame();
  const hasFill = isStacked || series.length === 1;
  const font = `11px ${getComputedStyle(host).fontFamily}`;
  const line = (_: unknown, index: number): uPlot.Series => ({
    stroke: () => colors.get(seriesColor(index)),
    width: isStacked ? 1 : 1.5,
    points: { show: false },
    ...(hasFill && index === 0
      ? { fill: () => colors.get(seriesColor(0), isStacked ? STACK_FILL_ALPHA : LINE_FILL_ALPHA) }
      : {}),
  });
  const axis = {
    font,
    stroke: () => colors.get('--text-faint'),
    ticks: { show: false },
    border: { show: false },
  };
  let cursor: number | undefined;
  return {
    width: host.clientWidth,
    height: host.clientHeight,
    ms: 1,
    padding: [8, 20, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false, setScale: false },
      points: {
        size: 7,
        width: 2,
        fill: (_, index) => colors.get(seriesColor(index - 1)),
        stroke: () => colors.get('--surface'),
      },
      sync: { key: syncKey, scales: ['x', null] },
    },
    scales: {
      x: { time: true, range: () => [frame().startAt, frame().endAt] },
      y: { range: (_, low, high) => valueRange(low, high, unit) },
    },
    axes: [
      {
        ...axis,
        size: TIME_AXIS_HEIGHT,
        space: 72,
        grid: { show: false },
        values: (_, splits) => timeLabels(splits, frame()),
      },
      {
        ...axis,
        size: (_, labels) => axisWidth(labels),
        space: 32,
        grid: { stroke: () => colors.get('--chart-grid'), width: 1 },
        values: (_, splits) => formatAxis(splits, unit),
        ...(unit.startsWith('bytes') ? { incrs: BYTE_STEPS } : {}),
      },
    ],
    series: [{}, ...series.map(line)],
    bands: isStacked
      ? series.slice(1).map((_, index) => ({
          series: [index + 2, index + 1] as [number, number],
          fill: () => colors.get(seriesColor(index + 1), STACK_FILL_ALPHA),
        }))
      : [],
    hooks: {
      setCursor: [
        (self) => {
          const index = (self.cursor.left ?? -1) < 0 ? undefined : (self.cursor.idx ?? undefined);
          if (index === cursor) return;
          cursor = index;
          onCursor(index);
        },
      ],
    },
  };
}

/** `labels` is null before the first drawing. */
function axisWidth(labels: readonly string[] | null): number {
  const longest = Math.max(0, ...(labels ?? []).map((label) => label.length));
  return Math.max(VALUE_AXIS_WIDTH, Math.ceil(longest * LABEL_CHARACTER_WIDTH + LABEL_MARGIN));
}

function timeLabels(splits: readonly number[], { startAt, endAt }: ChartFrame): string[] {
  const withSeconds = endAt - startAt < FIVE_MINUTES_MS;
  const time: Intl.DateTimeFormatOptions = {
    hour: '2-digit',
    minute: '2-digit',
    ...(withSeconds ? { second: '2-digit' } : {}),
  };
  return splits.map((at) => new Date(at).toLocaleTimeString('en-GB', time));
}

/** Reads a token as a colour that a canvas takes: `light-dark()` and `var()` are resolved by a probe element. */
function colorReader(host: HTMLElement): Colors {
  const probe = document.createElement('span');
  probe.hidden = true;
  host.append(probe);
  const known = new Map<string, string>();
  const read = (token: string): string => {
    probe.style.color = `var(${token})`;
    return getComputedStyle(probe).color;
  };
  return {
    get: (token, alpha) => {
      const color = known.get(token) ?? read(token);
      known.set(token, color);
      return alpha === undefined ? color : color.replace(/^rgb\((.*)\)$/, `rgba($1, ${alpha})`);
    },
    forget: () => known.clear(),
  };
}

/** Runs `onChange` when the system's theme or `data-theme` of the root changes. */
function onThemeChange(onChange: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const chosen = new MutationObserver(onChange);
  system.addEventListener('change', onChange);
  chosen.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  return () => {
    system.removeEventListener('change', onChange);
    chosen.disconnect();
  };
}
