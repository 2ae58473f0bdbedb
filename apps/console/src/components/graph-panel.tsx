import type { Panel } from '@plumb/metrics';
import { Chart, chartStepMs, Icon } from '@plumb/ui';
import type { JSX, RefObject } from 'preact';
import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';
import { createPanelFeed, followPanel } from '../store/panel-feed.ts';
import { useConsole, useRunning } from './console-context.ts';

export type GraphPanelProps = { readonly panel: Panel; readonly windowMs: number; readonly syncKey: string };

/** One graph of a board. It asks for its points while it is on the screen, or nearly. */
export function GraphPanel({ panel, windowMs, syncKey }: GraphPanelProps): JSX.Element {
  const { api, world } = useConsole();
  const id = useId();
  const host = useRef<HTMLElement>(null);
  const { isVisible, widthPixels } = useVisible(host);
  const stepMs = chartStepMs(windowMs, widthPixels);
  const key = `${JSON.stringify(panel.queries)} ${windowMs} ${stepMs}`;
  const feed = useMemo(() => createPanelFeed(), [key]);
  useRunning(
    (signal) =>
      isVisible
        ? followPanel(feed, api, { queries: panel.queries, grid: { windowMs, stepMs }, world }, signal)
        : undefined,
    [key, isVisible],
  );
  const query = panel.queries[0]?.query ?? '';
  return (
    <figure ref={host} class="card graph" aria-labelledby={id}>
      <figcaption class="graph-head">
        <h4 id={id} class="ellipsis" title={panel.help ?? panel.title}>
          {panel.title}
        </h4>
        <a
          class="graph-query"
          href={`/query?q=${encodeURIComponent(query)}`}
          aria-label={`Query of ${panel.title}`}
          title={query}
        >
          <Icon name="query" />
        </a>
      </figcaption>
      {feed.fault.value === undefined ? (
        <Chart
          label={panel.title}
          unit={panel.unit}
          frame={feed.frame.value}
          isStacked={panel.stacked}
          syncKey={syncKey}
        />
      ) : (
        <p class="chart graph-fault soft" role="alert">
          {feed.fault}
        </p>
      )}
    </figure>
  );
}

/** Graphs this near to the screen are loaded already. */
const NEAR_PIXELS = 240;
const WIDTH_FIRST = 480;

function useVisible(host: RefObject<HTMLElement | null>): {
  readonly isVisible: boolean;
  readonly widthPixels: number;
} {
  const [seen, setSeen] = useState({ isVisible: false, widthPixels: WIDTH_FIRST });
  useEffect(() => {
    if (host.current === null) return undefined;
    const observer = new IntersectionObserver(
      (entries) => {
        const last = entries.at(-1);
        if (last !== undefined)
          setSeen({ isVisible: last.isIntersecting, widthPixels: last.boundingClientRect.width || WIDTH_FIRST });
      },
      { rootMargin: `${NEAR_PIXELS}px` },
    );
    observer.observe(host.current);
    return () => observer.disconnect();
  }, []);
  return seen;
}
