import type { MetricsClient } from '@plumb/metrics';
import { expect, test } from 'vitest';
import { queryNumber } from './query-number.ts';

type Answer = Awaited<ReturnType<MetricsClient['query']>>;

function ask(answer: Answer): Promise<number | undefined> {
  return queryNumber({ query: async () => answer }, 'errors', new AbortController().signal);
}

test('one series or a scalar is its number, no series none, and anything else is refused with what to do', async () => {
  const sample = (value: number | 'NaN' | '+Inf' | '-Inf') => ({
    labels: {},
    point: [0, value] as [number, typeof value],
  });
  expect(await ask({ kind: 'vector', samples: [sample(2.5)] })).toBe(2.5);
  expect(await ask({ kind: 'vector', samples: [sample('-Inf')] })).toBe(Number.NEGATIVE_INFINITY);
  expect(await ask({ kind: 'vector', samples: [sample('NaN')] })).toBeNaN();
  expect(await ask({ kind: 'scalar', point: [0, '+Inf'] })).toBe(Number.POSITIVE_INFINITY);
  expect(await ask({ kind: 'vector', samples: [] })).toBeUndefined();
  await expect(ask({ kind: 'vector', samples: [sample(1), sample(2)] })).rejects.toThrow('2 series');
  await expect(ask({ kind: 'string', at: 0, text: 'x' })).rejects.toMatchObject({ code: 'invalid' });
});
