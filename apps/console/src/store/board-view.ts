/** The standard boards of an application's services. They follow from what the metrics say of themselves, so they are read again. */
import { describeError, sleep } from '@plumb/base';
import type { Board, MetricsClient } from '@plumb/metrics';
import { type Signal, signal } from '@preact/signals';
import type { World } from './follow.ts';

export type BoardView = {
  readonly job: string;
  readonly board: Signal<Board | undefined>;
  readonly fault: Signal<string | undefined>;
};

export function createBoardView(job: string): BoardView {
  return { job, board: signal<Board | undefined>(undefined), fault: signal<string | undefined>(undefined) };
}

/** A first scrape comes within seconds; a metric that appears later can wait a little. */
const EMPTY_POLL_MS = 2_000;
const POLL_MS = 15_000;

/** Runs until `signal` aborts. A board that is the same as before keeps its identity, so that nothing is drawn anew. */
export async function followBoard(
  { job, board, fault }: BoardView,
  { metrics }: { readonly metrics: Pick<MetricsClient, 'board'> },
  { clock }: World,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const read = await metrics.board({ job }, { signal });
      if (JSON.stringify(read) !== JSON.stringify(board.value)) board.value = read;
      fault.value = undefined;
    } catch (error) {
      if (!signal.aborted) fault.value = describeError(error);
    }
    await sleep(clock, isEmpty(board.value) ? EMPTY_POLL_MS : POLL_MS, signal);
  }
}

export function isEmpty(board: Board | undefined): boolean {
  return board === undefined || board.groups.every(({ panels }) => panels.length === 0);
}

/** What the window of all graphs can be. */
export const GRAPH_WINDOWS = [
  { value: '5m', label: '5 min', windowMs: 300_000 },
  { value: '15m', label: '15 min', windowMs: 900_000 },
  { value: '1h', label: '1 h', windowMs: 3_600_000 },
  { value: '6h', label: '6 h', windowMs: 21_600_000 },
  { value: '24h', label: '24 h', windowMs: 86_400_000 },
] as const;

export type GraphWindow = (typeof GRAPH_WINDOWS)[number]['value'];

export const GRAPH_WINDOW_KEY = 'plumb.graph-window';

export function readGraphWindow(storage: Pick<Storage, 'getItem'>): GraphWindow {
  const kept = storage.getItem(GRAPH_WINDOW_KEY);
  return GRAPH_WINDOWS.find(({ value }) => value === kept)?.value ?? '15m';
}

export function windowLength(window: GraphWindow): number {
  return GRAPH_WINDOWS.find(({ value }) => value === window)?.windowMs ?? 900_000;
}
