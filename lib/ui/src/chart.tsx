import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type ChartFrame, countPoints, latestValue, SERIES_COLORS } from './chart-series.ts';
import { formatClock, formatValue, type ValueUnit } from './format.ts';
import type { Plot } from './plot.ts';

export type ChartProps = {
  /** Names the list of values, which is the graph for those who do not see it. */
  readonly label: string;
  readonly unit: ValueUnit;
  /** Undefined while nothing has arrived: the graph keeps its place. */
  readonly frame: ChartFrame | undefined;
  readonly isStacked?: boolean | undefined;
  readonly syncKey: string;
};

/** A graph with its values in words below it: the latest ones, or those under the crosshair. Its size is its style's. */
export function Chart({ label, unit, frame, isStacked = false, syncKey }: ChartProps): JSX.Element {
  const [cursor, setCursor] = useState<number | undefined>(undefined);
  const host = usePlot(frame, unit, isStacked, syncKey, setCursor);
  const at = cursor === undefined ? undefined : frame?.times[cursor];
  const series = frame?.series ?? [];
  return (
    <div class="chart" data-points={countPoints(series)}>
      <div class="chart-canvas">
        <div ref={host} class="chart-host" aria-hidden="true" />
        {at !== undefined && <span class="chart-time">{formatClock(at)}</span>}
        {frame !== undefined && series.length === 0 && <span class="chart-empty">No samples in this window yet</span>}
      </div>
      <ul class="chart-legend" aria-label={`${label}: values`}>
        {series.map(({ label: name, values }, index) => (
          <li key={name}>
            <i class={`swatch swatch-${(index % SERIES_COLORS) + 1}`} />
            <span class="legend-name">{name}</span>
            <b>{formatValue(cursor === undefined ? latestValue(values) : values[cursor], unit)}</b>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Draws `frame` on the canvas in the element of the returned ref. The drawing code is loaded by the first graph. */
function usePlot(
  frame: ChartFrame | undefined,
  unit: ValueUnit,
  isStacked: boolean,
  syncKey: string,
  onCursor: (index: number | undefined) => void,
): { readonly current: HTMLDivElement | null } {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | undefined>(undefined);
  const latest = useRef(frame);
  latest.current = frame;

  useEffect(() => {
    let isGone = false;
    void import('./plot.ts').then(({ openPlot }) => {
      if (isGone || host.current === null) return;
      plot.current = openPlot(host.current, { unit, isStacked, syncKey, onCursor });
      if (latest.current !== undefined) plot.current.update(latest.current);
    });
    return () => {
      isGone = true;
      plot.current?.close();
      plot.current = undefined;
    };
  }, [unit, isStacked, syncKey, onCursor]);

  useEffect(() => {
    if (frame !== undefined) plot.current?.update(frame);
  }, [frame]);
  return host;
}
