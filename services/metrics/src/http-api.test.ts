import { OperatingError } from '@plumb/base';
import { expect, test } from 'vitest';
import type { MetricsHandlers } from './contract.ts';
import { prometheusApi } from './http-api.ts';

const point = [1_700_000_000_500, 1.5] as const;
/** What was asked for last, and a fixed answer to everything. */
function createWorld(overrides: Partial<MetricsHandlers> = {}): {
  api: ReturnType<typeof prometheusApi>;
  asked: () => unknown;
} {
  let asked: unknown;
  const answering =
    <T>(value: T) =>
    async (input: unknown): Promise<T> => {
      asked = input;
      return value;
    };
  const handlers = {
    query: answering({ kind: 'vector', samples: [{ labels: { __name__: 'up', job: 'web' }, point }] }),
    queryRange: answering({
      series: [{ labels: { job: 'web' }, points: [point, [1_700_000_015_500, 'NaN'], [1_700_000_030_500, '+Inf']] }],
    }),
    series: answering([{ __name__: 'up', job: 'web' }]),
    labels: answering(['__name__', 'job']),
    labelValues: answering(['db', 'web']),
    metadata: answering([{ metric: 'up', type: 'gauge', help: 'Whether it answers.', unit: '' }]),
    targets: answering([
      { job: 'web', instance: 'h:1', labels: { application: 'a' }, up: false, lastScrapeAt: 0, lastError: 'refused' },
    ]),
    ...overrides,
  } as unknown as MetricsHandlers;
  return { api: prometheusApi(handlers), asked: () => asked };
}

const ask = async (path: string, world = createWorld()): Promise<{ status: number; body: unknown; asked: unknown }> => {
  const url = new URL(path, 'http://plumb');
  const { status, body } = await world.api({ method: 'GET', path: url.pathname, params: url.searchParams });
  return { status, body: JSON.parse(JSON.stringify(body)), asked: world.asked() };
};

test('warnings and infos of a query are beside its data, where there are any', async () => {
  const notes = {
    warnings: ['PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)'],
    infos: ['PromQL info: x'],
  };
  const world = createWorld({
    query: async () => ({ kind: 'vector', samples: [], ...notes }),
    queryRange: async () => ({ series: [], infos: notes.infos }),
  });
  const instant = await ask('/query?query=up', world);
  expect(instant.body).toEqual({ status: 'success', data: { resultType: 'vector', result: [] }, ...notes });
  const range = await ask('/query_range?query=up&start=0&end=1&step=1', world);
  expect(range.body).toEqual({ status: 'success', data: { resultType: 'matrix', result: [] }, infos: notes.infos });
});

test('each path answers in the shape of Prometheus', async () => {
  const check = async (path: string, asked: unknown, data: unknown): Promise<void> => {
    expect(await ask(path)).toEqual({ status: 200, body: { status: 'success', data }, asked });
  };
  await check(
    '/query?query=up&time=1700000000.5',
    { query: 'up', at: 1_700_000_000_500 },
    {
      resultType: 'vector',
      result: [{ metric: { __name__: 'up', job: 'web' }, value: [1_700_000_000.5, '1.5'] }],
    },
  );
  await check(
    '/query_range?query=up&start=2023-11-14T22:13:20Z&end=1700000060&step=15',
    { query: 'up', startAt: 1_700_000_000_000, endAt: 1_700_000_060_000, stepMs: 15_000 },
    {
      resultType: 'matrix',
      result: [
        {
          metric: { job: 'web' },
          values: [
            [1_700_000_000.5, '1.5'],
            [1_700_000_015.5, 'NaN'],
            [1_700_000_030.5, '+Inf'],
          ],
        },
      ],
    },
  );
  await check('/series?match[]=up&match[]=x&start=1', { match: ['up', 'x'], startAt: 1_000 }, [
    { __name__: 'up', job: 'web' },
  ]);
  await check('/labels', {}, ['__name__', 'job']);
  await check('/label/job/values?match[]=up', { label: 'job', match: ['up'] }, ['db', 'web']);
  await check(
    '/metadata?metric=up',
    { metric: 'up' },
    { up: [{ type: 'gauge', help: 'Whether it answers.', unit: '' }] },
  );
  await check(
    '/targets',
    {},
    {
      activeTargets: [
        {
          discoveredLabels: {},
          labels: { application: 'a', job: 'web', instance: 'h:1' },
          scrapePool: 'web',
          health: 'down',
          lastError: 'refused',
          lastScrape: '1970-01-01T00:00:00.000Z',
        },
      ],
      droppedTargets: [],
    },
  );
  expect((await ask('/status/buildinfo')).body).toMatchObject({ data: { application: 'Plumb' } });
});

test('a limit cuts the list and says so', async () => {
  expect((await ask('/label/job/values?limit=1')).body).toEqual({
    status: 'success',
    data: ['db'],
    warnings: ['results truncated due to limit'],
  });
  expect((await ask('/label/job/values?limit=2')).body).not.toHaveProperty('warnings');
});

test('scalars, strings and matrices of an instant query', async () => {
  const check = async (result: unknown, data: unknown): Promise<void> => {
    const world = createWorld({ query: (async () => result) as unknown as MetricsHandlers['query'] });
    expect((await ask('/query?query=x', world)).body).toEqual({ status: 'success', data });
  };
  await check({ kind: 'scalar', point: [1_500, 2] }, { resultType: 'scalar', result: [1.5, '2'] });
  await check({ kind: 'string', at: 1_500, text: 'a' }, { resultType: 'string', result: [1.5, 'a'] });
  await check(
    { kind: 'matrix', series: [{ labels: {}, points: [[0, '-Inf']] }] },
    { resultType: 'matrix', result: [{ metric: {}, values: [[0, '-Inf']] }] },
  );
});

test('wrong parameters are bad data', async () => {
  const check = async (path: string, message: string): Promise<void> => {
    const { status, body } = await ask(path);
    expect({ status, body }).toEqual({
      status: 400,
      body: { status: 'error', errorType: 'bad_data', error: expect.stringContaining(message) },
    });
  };
  await check('/query', 'invalid parameter "query"');
  await check('/query?query=up&time=soon', 'invalid parameter "time": cannot parse "soon" to a valid timestamp');
  await check('/query?query=up&time=1e300', 'invalid parameter "time"');
  await check('/query_range?query=up&start=10&end=5&step=1', 'end timestamp must not be before start time');
  await check('/query_range?query=up&start=0&end=5&step=0', 'zero or negative query resolution');
  await check('/query_range?query=up&start=0&end=5&step=often', 'invalid parameter "step"');
  await check('/query_range?query=up&start=0&end=12000&step=1', 'exceeded maximum resolution of 11,000 points');
  await check('/series', 'no match[] parameter provided');
  await check('/label/a-b/values', 'invalid label name: "a-b"');
  await check('/labels?limit=-1', 'invalid parameter "limit"');
});

test('what the query throws becomes the error type and status that Prometheus gives', async () => {
  const check = async (error: unknown, status: number, errorType: string): Promise<void> => {
    const world = createWorld({ query: () => Promise.reject(error) });
    expect(await ask('/query?query=x', world)).toMatchObject({ status, body: { status: 'error', errorType } });
  };
  await check(
    new OperatingError('invalid', 'parse error at 1:2: …', { details: { position: { line: 1 } } }),
    400,
    'bad_data',
  );
  await check(new OperatingError('invalid', 'many-to-many'), 422, 'execution');
  await check(new OperatingError('exhausted', 'too many samples'), 422, 'execution');
  await check(new OperatingError('deadline', 'late'), 503, 'timeout');
  await check(new OperatingError('unavailable', 'starting'), 503, 'unavailable');
  await check(new Error('secret'), 500, 'internal');
  const world = createWorld({ query: () => Promise.reject(new Error('secret')) });
  expect(JSON.stringify(await ask('/query?query=x', world))).not.toContain('secret');
  expect(await ask('/nothing')).toMatchObject({ status: 404 });
});
