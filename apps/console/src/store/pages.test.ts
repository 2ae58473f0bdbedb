import { OperatingError } from '@plumb/base';
import { expect, test } from 'vitest';
import { readGraphWindow, windowLength } from './board-view.ts';
import { findItems, paletteItems } from './palette.ts';
import { type QueryOutcome, runQuery } from './query-run.ts';
import { testApplication } from './test-units.ts';
import { applyTheme, nextTheme, readTheme, THEME_KEY } from './theme.ts';

test('the palette finds by letters in order, the start of a word first', () => {
  const items = paletteItems(new Map([['tipjar', testApplication('tipjar', [])]]));
  expect(findItems(items, 'tl')[0]).toMatchObject({ path: '/apps/tipjar/log' });
  expect(findItems(items, 'TCONF')[0]).toMatchObject({ path: '/apps/tipjar/config' });
  expect(findItems(items, 'h')[0]).toMatchObject({ path: '/host' });
  expect(findItems(items, 'zzz')).toEqual([]);
  expect(findItems(items, '')).toHaveLength(items.length);
});

test('the theme goes round and is kept; what is kept and not known is the system', () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  const root = { dataset: {} as DOMStringMap };
  expect(['system', 'light', 'dark'].map((theme) => nextTheme(theme as 'system'))).toEqual(['light', 'dark', 'system']);
  applyTheme('dark', root, storage);
  expect([root.dataset['theme'], readTheme(storage)]).toEqual(['dark', 'dark']);
  applyTheme('system', root, storage);
  expect([root.dataset['theme'], readTheme(storage)]).toEqual([undefined, 'system']);
  kept.set(THEME_KEY, 'purple');
  expect(readTheme(storage)).toBe('system');
});

test('the graph window is one of those offered', () => {
  expect(readGraphWindow({ getItem: () => '6h' })).toBe('6h');
  expect(readGraphWindow({ getItem: () => 'for ever' })).toBe('15m');
  expect(windowLength('1h')).toBe(3_600_000);
});

const run = { query: 'up', endAt: 105, windowMs: 20, stepMs: 10 };
const noRange = async (): Promise<never> => {
  throw new Error('must not be asked');
};
const outcomeOf = (query: () => Promise<never>): Promise<QueryOutcome> =>
  runQuery({ metrics: { query, queryRange: noRange } }, run);

test('a query has values now and a line over the window', async () => {
  const metrics = {
    query: async () => ({
      kind: 'vector' as const,
      samples: [{ labels: { __name__: 'up' }, point: [105, 1] as [number, number] }],
    }),
    queryRange: async () => ({
      series: [
        {
          labels: { __name__: 'up' },
          points: [
            [90, 1],
            [100, 'NaN'],
          ] as [number, number | 'NaN'][],
        },
      ],
    }),
  };
  expect(await runQuery({ metrics }, run)).toEqual({
    kind: 'done',
    rows: [{ labels: 'up', value: '1' }],
    frame: { times: [80, 90, 100], series: [{ label: 'up', values: [null, 1, null] }], startAt: 80, endAt: 100 },
  });
});

test('a range vector has values and no graph', async () => {
  const query = async () => ({
    kind: 'matrix' as const,
    series: [
      {
        labels: {},
        points: [
          [1, 2],
          [3, 4],
        ] as [number, number][],
      },
    ],
  });
  expect(await runQuery({ metrics: { query, queryRange: noRange } }, run)).toEqual({
    kind: 'done',
    rows: [{ labels: 'value', value: '2  4' }],
    frame: undefined,
  });
});

test('a query that is wrong is told with its place', async () => {
  const details = { position: { line: 1, column: 5, offset: 4 }, length: 2, reason: 'x' };
  expect(
    await outcomeOf(() => Promise.reject(new OperatingError('invalid', 'parse error at 1:5: x', { details }))),
  ).toEqual({
    kind: 'fault',
    message: 'parse error at 1:5: x',
    offset: 4,
    length: 2,
  });
  expect(await outcomeOf(() => Promise.reject(new OperatingError('exhausted', 'too many points')))).toMatchObject({
    offset: undefined,
  });
});
