/** One graph that keeps itself: the live streams of its queries, joined to one frame. */
import type { MetricsClient, Panel } from '@plumb/metrics';
import { type Signal, signal } from '@preact/signals';
import type { ChartFrame } from '@plumb/ui/chart-series';
import { follow, type World } from './follow.ts';
import { applyLiveEvent, type Grid, type LiveFrame, panelFrame } from './live-frame.ts';

export type PanelFeed = {
  readonly frame: Signal<ChartFrame | undefined>;
  /** Why a query cannot be drawn; the first one's where there are several. */
  readonly fault: Signal<string | undefined>;
};

export function createPanelFeed(): PanelFeed {
  return { frame: signal<ChartFrame | undefined>(undefined), fault: signal<string | undefined>(undefined) };
}

export type PanelApi = { readonly metrics: Pick<MetricsClient, 'live'> };

/** Runs until `signal` aborts. What was drawn stays. */
export async function followPanel(
  feed: PanelFeed,
  { metrics }: PanelApi,
  { queries, grid, world }: { readonly queries: Panel['queries']; readonly grid: Grid; readonly world: World },
  signal: AbortSignal,
): Promise<void> {
  const frames: (LiveFrame | undefined)[] = queries.map(() => undefined);
  await Promise.all(
    queries.map(({ query }, index) =>
      follow({
        subscribe: (stop) => metrics.live({ query, ...grid }, { signal: stop }),
        onItem: (event) => {
          frames[index] = applyLiveEvent(frames[index], event, grid.windowMs);
          feed.frame.value = panelFrame(queries, frames, grid);
        },
        onRefused: (message) => (feed.fault.value ??= message),
        signal,
        world,
      }),
    ),
  );
}
