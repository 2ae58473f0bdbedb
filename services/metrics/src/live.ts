/** A graph that keeps itself: the range up to now, then each further step as it comes due. */
import { type Clock, OperatingError, sleep } from '@plumb/base';
import type { Series } from './contract.ts';
import type { RangeQuery } from './query-handlers.ts';

/** Points of one line of a live graph. A screen shows about a thousand. */
export const LIVE_POINTS_MAX = 5_000;
/** After a step comes due its samples are still on their way: a scrape that began just before it ends a little later. */
const SETTLE_MS = 250;

export type LiveInput = { readonly query: string; readonly windowMs: number; readonly stepMs: number };
export type LiveEvent = {
  readonly kind: 'snapshot' | 'append';
  readonly series: Series[];
  /** Of the last step. */
  readonly endAt: number;
};

/**
 * Steps are multiples of `stepMs`. Each `append` goes on where the event before it ended, over as many steps as have come
 * due: a slow reader gets fewer, longer ones, and a new snapshot when it is a whole window behind. Ends when `signal` aborts.
 * @throws OperatingError `exhausted` for a window of more than `LIVE_POINTS_MAX` steps, and what the query throws.
 */
export async function* liveSeries(
  { query, windowMs, stepMs }: LiveInput,
  { range, clock, signal }: { readonly range: RangeQuery; readonly clock: Clock; readonly signal: AbortSignal },
): AsyncGenerator<LiveEvent> {
  if (windowMs / stepMs > LIVE_POINTS_MAX) {
    throw new OperatingError(
      'exhausted',
      `a window of ${windowMs} ms has more than ${LIVE_POINTS_MAX} steps of ${stepMs} ms: use a longer step`,
    );
  }
  const lastStep = (): number => Math.floor((clock.now() - SETTLE_MS) / stepMs) * stepMs;
  let endAt = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    const dueAt = lastStep();
    if (dueAt <= endAt) {
      // At most a step at a time: the clock may be set, and then the wait was for another time.
      await sleep(clock, Math.min(endAt + stepMs + SETTLE_MS - clock.now(), stepMs), signal);
      continue;
    }
    const isSnapshot = dueAt - endAt >= windowMs;
    const startAt = isSnapshot ? dueAt - Math.floor(windowMs / stepMs) * stepMs : endAt + stepMs;
    const series = await range({ query, startAt, endAt: dueAt, stepMs }, signal);
    endAt = dueAt;
    yield { kind: isSnapshot ? 'snapshot' : 'append', series, endAt };
  }
}
