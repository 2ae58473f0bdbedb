import { createFakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import { LIVE_POINTS_MAX, type LiveEvent, liveSeries } from './live.ts';

const textOf = ({ kind, endAt, series }: LiveEvent, start: number): string =>
  `${kind} to ${(endAt - start) / 1_000}: ${series[0]?.points.map(([at]) => (at - start) / 1_000).join(' ')}`;

test('a live graph begins with its window and goes on step by step, in longer steps for a slow reader', async () => {
  const start = 1_760_000_000_000;
  const clock = createFakeClock(start + 700);
  const stop = new AbortController();
  const range = async ({ startAt, endAt, stepMs }: { startAt: number; endAt: number; stepMs: number }) => {
    const count = (endAt - startAt) / stepMs + 1;
    return [
      { labels: {}, points: Array.from({ length: count }, (_, i): [number, number] => [startAt + i * stepMs, i]) },
    ];
  };
  const events = liveSeries({ query: 'up', windowMs: 4_000, stepMs: 1_000 }, { range, clock, signal: stop.signal });
  const next = async (): Promise<string | undefined> => {
    const result = await events.next();
    return result.done === true ? undefined : textOf(result.value, start);
  };
  expect(await next()).toBe('snapshot to 0: -4 -3 -2 -1 0');
  const first = next();
  await clock.advance(600);
  expect(await first).toBe('append to 1: 1');
  // Nobody reads for a while.
  await clock.advance(3_000);
  expect(await next()).toBe('append to 4: 2 3 4');
  await clock.advance(60_000);
  expect(await next()).toBe('snapshot to 64: 60 61 62 63 64');
  const last = next();
  stop.abort();
  expect(await last).toBeUndefined();
});

test('a window of too many steps is refused', async () => {
  const input = { query: 'up', windowMs: (LIVE_POINTS_MAX + 1) * 1_000, stepMs: 1_000 };
  const events = liveSeries(input, {
    range: async () => [],
    clock: createFakeClock(),
    signal: new AbortController().signal,
  });
  await expect(events.next()).rejects.toMatchObject({ code: 'exhausted' });
});
