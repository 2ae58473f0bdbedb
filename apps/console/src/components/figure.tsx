import { formatValue, latestValue, Sparkline } from '@plumb/ui';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { FIGURE_GRID, type Figure, figureLegend, figureValues } from '../store/figures.ts';
import { createPanelFeed, followPanel } from '../store/panel-feed.ts';
import { useConsole, useRunning } from './console-context.ts';

/** A number with the line of its last fifteen minutes, or of as many as there are. Its place is kept while it has no value. */
export function FigureLine({ figure, of }: { readonly figure: Figure; readonly of: string }): JSX.Element {
  const { api, world } = useConsole();
  const key = figure.queries.join('\n');
  const feed = useMemo(() => createPanelFeed(), [key]);
  const queries = figure.queries.map((query, index) => ({ query, legend: figureLegend(index) }));
  useRunning((signal) => followPanel(feed, api, { queries, grid: FIGURE_GRID, world }, signal), [key]);

  const values = figureValues(figure, feed.frame.value);
  const latest = formatValue(latestValue(values), figure.unit);
  return (
    <span class="figure-line">
      <Sparkline
        label={`${figure.title} of ${of}, lately: ${latest}`}
        values={values}
        top={figure.unit === 'ratio' ? 1 : undefined}
      />
      <b class="figure-value">{latest}</b>
    </span>
  );
}
