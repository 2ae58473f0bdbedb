import { expect, test } from 'vitest';
import {
  applyLiveEvent,
  GRAPH_SERIES_MAX,
  gridTimes,
  labelText,
  legendText,
  type LiveEvent,
  panelFrame,
} from './live-frame.ts';

const STEP = 10;
const WINDOW = 30;
const event = (
  kind: LiveEvent['kind'],
  endAt: number,
  series: Readonly<Record<string, readonly [number, number | 'NaN'][]>>,
): LiveEvent => ({
  kind,
  endAt,
  series: Object.entries(series).map(([route, points]) => ({ labels: { route }, points: [...points] })),
});
const grid = { windowMs: WINDOW, stepMs: STEP };
const queries = [{ query: 'q', legend: '{{route}}' }];

test('appends move the window: old points go, series without points go with them', () => {
  const first = applyLiveEvent(
    undefined,
    event('snapshot', 30, {
      a: [
        [0, 1],
        [10, 2],
        [20, 3],
        [30, 4],
      ],
      b: [[0, 9]],
    }),
    WINDOW,
  );
  const second = applyLiveEvent(first, event('append', 40, { a: [[40, 5]], c: [[40, 7]] }), WINDOW);
  expect(panelFrame(queries, [second], grid)).toEqual({
    times: [10, 20, 30, 40],
    series: [
      { label: 'a', values: [2, 3, 4, 5] },
      { label: 'c', values: [null, null, null, 7] },
    ],
    startAt: 10,
    endAt: 40,
  });
});

test('a snapshot replaces what was there: after a break nothing is left over', () => {
  const first = applyLiveEvent(undefined, event('snapshot', 30, { a: [[30, 1]] }), WINDOW);
  const again = applyLiveEvent(first, event('snapshot', 40, { b: [[40, 2]] }), WINDOW);
  expect(panelFrame(queries, [again], grid)?.series.map(({ label }) => label)).toEqual(['b']);
});

test('values that are not numbers are gaps', () => {
  const frame = applyLiveEvent(
    undefined,
    event('snapshot', 30, {
      a: [
        [20, 'NaN'],
        [30, 1],
      ],
    }),
    WINDOW,
  );
  expect(panelFrame(queries, [frame], grid)?.series[0]?.values).toEqual([null, null, null, 1]);
});

test('labels in another order are the same series', () => {
  const point = (labels: Record<string, string>, at: number): LiveEvent => ({
    kind: 'append',
    endAt: at,
    series: [{ labels, points: [[at, at]] }],
  });
  const first = applyLiveEvent(undefined, point({ a: '1', b: '2' }, 20), WINDOW);
  expect(applyLiveEvent(first, point({ b: '2', a: '1' }, 30), WINDOW).series.size).toBe(1);
});

test('queries of one panel share the latest end; nothing is drawn before one of them has answered', () => {
  const two = [...queries, { query: 'r', legend: 'total' }];
  expect(panelFrame(two, [undefined, undefined], grid)).toBeUndefined();
  const slow = applyLiveEvent(undefined, event('snapshot', 30, { a: [[30, 1]] }), WINDOW);
  const fast = applyLiveEvent(undefined, event('snapshot', 40, { a: [[40, 2]] }), WINDOW);
  expect(panelFrame(two, [slow, fast], grid)?.series).toEqual([
    { label: 'a', values: [null, null, 1, null] },
    { label: 'total', values: [null, null, null, 2] },
  ]);
});

test('a graph has a bounded number of lines', () => {
  const many = Object.fromEntries(
    Array.from({ length: 60 }, (_, index) => [`r${index}`, [[30, index]] as [number, number][]]),
  );
  const frame = applyLiveEvent(undefined, event('snapshot', 30, many), WINDOW);
  expect(panelFrame(queries, [frame], grid)?.series).toHaveLength(GRAPH_SERIES_MAX);
});

test('the grid is of multiples of the step, also when the end is none', () => {
  expect(gridTimes(45, 30, 10)).toEqual([20, 30, 40]);
});

test('legends', () => {
  expect(legendText('{{route}} of {{ job }}', { route: '/', job: 'web' })).toBe('/ of web');
  expect(legendText('{{route}}', { code: '200' })).toBe('{code="200"}');
  expect(labelText({ __name__: 'up', job: 'web' })).toBe('up{job="web"}');
  expect(labelText({})).toBe('value');
});
