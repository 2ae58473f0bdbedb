import { expect, test } from 'vitest';
import { evaluateInstant, evaluateRange } from './evaluate.ts';
import { createHistogram } from './native-histogram/native-histogram.ts';
import { parseMatchers } from './parse-matchers.ts';
import type { Queryable, SeriesData } from './queryable.ts';

/** `count` series named `x`, with a sample of value `i` every 10 s. */
function storage(count: number, sampleCount = 100): Queryable & { readonly selected: [number, number][] } {
  const selected: [number, number][] = [];
  const series: SeriesData[] = Array.from({ length: count }, (_, i) => ({
    labels: { __name__: 'x', i: String(i) },
    times: Float64Array.from({ length: sampleCount }, (_, at) => at * 10_000),
    values: new Float64Array(sampleCount).fill(i),
  }));
  return {
    selected,
    select: (_, minAt, maxAt) => {
      selected.push([minAt, maxAt]);
      return series;
    },
  };
}

test('an instant query answers with a vector, a scalar, a string or the samples of a range', async () => {
  const queryable = storage(1, 3);
  const at = 20_000;
  expect(await evaluateInstant({ expression: 'x * 2 + 1', at, queryable })).toEqual({
    kind: 'vector',
    at,
    samples: [{ labels: { i: '0' }, value: 1 }],
  });
  expect(await evaluateInstant({ expression: '2 ^ 10', at, queryable })).toEqual({ kind: 'scalar', at, value: 1_024 });
  expect(await evaluateInstant({ expression: '"a"', at, queryable })).toEqual({ kind: 'string', at, text: 'a' });
  const range = await evaluateInstant({ expression: 'x[15s]', at, queryable });
  expect(range).toMatchObject({ kind: 'matrix', series: [{ times: Float64Array.of(10_000, 20_000) }] });
});

test('a range query has its steps, and only those at which there is a value', async () => {
  const queryable = storage(1, 2); // Samples at 0 and 10 s, so values until 310 s.
  const [series] = await evaluateRange({ expression: 'x', queryable, startAt: 0, endAt: 600_000, stepMs: 60_000 });
  expect([...(series?.times ?? [])]).toEqual([0, 60_000, 120_000, 180_000, 240_000, 300_000]);
  const [scalar] = await evaluateRange({
    expression: 'time()',
    queryable,
    startAt: 1_000,
    endAt: 3_500,
    stepMs: 1_000,
  });
  expect([...(scalar?.values ?? [])]).toEqual([1, 2, 3]);
});

test('each selector is read once for the whole range, with what its windows and offsets reach', async () => {
  const queryable = storage(1);
  await evaluateRange({
    expression: 'rate(x[1m] offset 10s) + x',
    queryable,
    startAt: 500_000,
    endAt: 600_000,
    stepMs: 10_000,
  });
  expect(queryable.selected).toEqual([
    [430_001, 590_000],
    [200_001, 600_000],
  ]);
});

test('limits are kept, and say what to do', async () => {
  const queryable = storage(50);
  const range = { queryable, startAt: 0, endAt: 900_000, stepMs: 1_000 };
  await expect(evaluateRange({ ...range, expression: 'x', stepMs: 10 })).rejects.toMatchObject({
    code: 'exhausted',
    message: /longer step/,
  });
  await expect(evaluateRange({ ...range, expression: 'x', limits: { sampleCountMax: 1_000 } })).rejects.toMatchObject({
    code: 'exhausted',
  });
  await expect(evaluateRange({ ...range, expression: 'sum_over_time(x[1d:1ms])' })).rejects.toMatchObject({
    code: 'exhausted',
    message: /subquery/,
  });
  const hostile = "count_values('v', time() * x)"; // A new series at every step.
  await expect(
    evaluateRange({ ...range, expression: hostile, limits: { sampleCountMax: 100_000 } }),
  ).rejects.toMatchObject({ code: 'exhausted' });
  await expect(evaluateRange({ ...range, expression: 'x[5m]' })).rejects.toMatchObject({ code: 'invalid' });
  await expect(evaluateRange({ ...range, expression: 'x', endAt: -1 })).rejects.toMatchObject({ code: 'invalid' });
});

test('an abort ends the evaluation at the next turn for other work', async () => {
  const stop = new AbortController();
  let breathCount = 0;
  const breathe = async (): Promise<void> => {
    breathCount += 1;
    if (breathCount === 2) stop.abort();
  };
  const query = evaluateRange({
    expression: 'rate(x[5m])',
    queryable: storage(2_000),
    startAt: 0,
    endAt: 990_000,
    stepMs: 1_000,
    signal: stop.signal,
    breathe,
  });
  await expect(query).rejects.toMatchObject({ code: 'deadline' });
  expect(breathCount).toBe(2);
});

test.each(['quantile_over_time(0.5, x[9000s])', 'mad_over_time(x[9000s])', 'deriv(x[9000s])'])(
  'an abort ends %s within the windows of one series',
  async (expression) => {
    const stop = new AbortController();
    const breathe = async (): Promise<void> => stop.abort();
    const startedAt = performance.now();
    const query = evaluateRange({
      expression,
      queryable: storage(1, 10_000),
      startAt: 0,
      endAt: 99_990_000,
      stepMs: 10_000,
      signal: stop.signal,
      breathe,
    });
    await expect(query).rejects.toMatchObject({ code: 'deadline' });
    // To its end it takes ten times as long at least.
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  },
);

test.each(['quantile(0.5, x)', 'topk(3, x)', 'stddev(x)'])('an abort ends %s within one group', async (expression) => {
  const stop = new AbortController();
  let breathCount = 0;
  const ask = (breathe: () => Promise<void>): Promise<unknown> =>
    evaluateRange({
      expression,
      queryable: storage(120, 2_000),
      startAt: 0,
      endAt: 19_990_000,
      stepMs: 2_500,
      signal: stop.signal,
      breathe,
    });
  const selecting = { count: 0 };
  await ask(async () => void (selecting.count += 1));
  const inSelector = 120 * 2_000 + 120 * 7_997;
  // More turns than what is read pays for: some come within the group.
  expect(selecting.count).toBeGreaterThan(Math.ceil(inSelector / 500_000));
  await expect(
    ask(async () => {
      breathCount += 1;
      if (breathCount === selecting.count) stop.abort();
    }),
  ).rejects.toMatchObject({ code: 'deadline' });
});

test('what windows look at again and again is counted, by what it costs', async () => {
  const range = { queryable: storage(1, 10_000), startAt: 0, endAt: 99_990_000, stepMs: 10_000 };
  const limits = { sampleCountMax: 200_000 }; // 9 million looks.
  const ask = (expression: string): Promise<unknown> => evaluateRange({ ...range, expression, limits });
  await expect(ask('max_over_time(x[9000s])')).resolves.toHaveLength(1);
  await expect(ask('quantile_over_time(0.5, x[9000s])')).rejects.toMatchObject({ code: 'exhausted' });
});

test('matchers are read from a selector, and from nothing else', () => {
  expect(parseMatchers('up{job!="a"}')).toEqual([
    { name: '__name__', op: '=', value: 'up' },
    { name: 'job', op: '!=', value: 'a' },
  ]);
  expect(() => parseMatchers('rate(up[5m])')).toThrow(/is not a selector/);
});

test('native histograms come out of an answer as they went in, and count by their buckets', async () => {
  const positive = { indexes: Int32Array.of(1, 2, 5), counts: Float64Array.of(1, 2, 3) };
  const histogram = createHistogram({ count: 6, sum: 20, positive });
  const queryable: Queryable = {
    select: () => [
      {
        labels: { __name__: 'h' },
        times: Float64Array.of(0, 10_000, 20_000),
        values: Float64Array.of(7, NaN, NaN),
        histograms: [undefined, histogram, histogram],
      },
    ],
  };
  expect(await evaluateInstant({ expression: 'h', queryable, at: 15_000 })).toEqual({
    kind: 'vector',
    at: 15_000,
    samples: [{ labels: { __name__: 'h' }, value: NaN, histogram }],
  });
  const [series] = await evaluateRange({ expression: 'h', queryable, startAt: 0, endAt: 10_000, stepMs: 10_000 });
  expect([...(series?.values ?? [])][0]).toBe(7);
  expect(series?.histograms).toEqual([undefined, histogram]);
  expect(await evaluateInstant({ expression: 'h[30s]', queryable, at: 20_000 })).toMatchObject({
    series: [{ histograms: [undefined, histogram, histogram] }],
  });
  // Three samples, two of them with three buckets, and the step.
  const limits = { sampleCountMax: 9 };
  await expect(evaluateInstant({ expression: 'h', queryable, at: 15_000, limits })).rejects.toMatchObject({
    code: 'exhausted',
  });
});

test('the end of a query is what was asked for, though no step falls on it', async () => {
  const queryable = storage(1);
  const [series] = await evaluateRange({ expression: 'end()', queryable, startAt: 0, endAt: 25_000, stepMs: 10_000 });
  expect([...(series?.values ?? [])]).toEqual([25, 25, 25]);
  await evaluateRange({ expression: 'x @ end()', queryable, startAt: 0, endAt: 25_000, stepMs: 10_000 });
  expect(queryable.selected.at(-1)?.[1]).toBe(25_000);
});

test('a length of time that depends on the query is refused where it comes to nothing', async () => {
  const queryable = storage(1);
  await expect(evaluateInstant({ expression: 'x[step()]', queryable, at: 0 })).rejects.toThrow(
    /not longer than nothing/,
  );
  await expect(evaluateInstant({ expression: 'x offset (1 / step())', queryable, at: 0 })).rejects.toThrow(
    /divided by zero/,
  );
});
