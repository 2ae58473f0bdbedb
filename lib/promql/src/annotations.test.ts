import { expect, test } from 'vitest';
import { type Annotation, ANNOTATIONS_MAX, Annotations, notes } from './annotations.ts';
import { evaluateInstant } from './evaluate.ts';
import { parseExpression } from './parser.ts';
import type { Queryable } from './queryable.ts';

const counters: Queryable = {
  select: () =>
    Array.from({ length: 150 }, (_, i) => ({
      labels: { __name__: `metric_${i}` },
      times: Float64Array.of(0, 30_000, 60_000),
      values: Float64Array.of(0, 1, 2),
    })),
};

async function annotationsOf(expression: Parameters<typeof evaluateInstant>[0]['expression']): Promise<Annotation[]> {
  const found: Annotation[] = [];
  await evaluateInstant({ expression, queryable: counters, at: 60_000, annotate: (one) => found.push(one) });
  return found;
}

test('an annotation names its place by line and column, as a person reads them', async () => {
  const [annotation] = await annotationsOf('sum(\n  quantile(1.5, metric_1))');
  expect(annotation).toEqual({
    kind: 'warning',
    text: 'PromQL warning: quantile value should be between 0 and 1, got 1.5 (2:12)',
    position: { line: 2, column: 12, offset: 16 },
  });
});

test('an expression that was given as a tree has annotations without a place', async () => {
  const [annotation] = await annotationsOf(parseExpression('quantile(-1, metric_1)'));
  expect(annotation?.text).toBe('PromQL warning: quantile value should be between 0 and 1, got -1');
  expect(annotation?.position).toBeUndefined();
});

test('what 150 series have in common is said about some, within a bound', async () => {
  expect(await annotationsOf('count(rate(metric[1m]))')).toHaveLength(ANNOTATIONS_MAX);
});

test('the same at the same place is said once', () => {
  const annotations = new Annotations('a + b');
  annotations.add(notes.mixedAggregation(), { start: 0, end: 1 });
  annotations.add(notes.mixedAggregation(), { start: 0, end: 1 });
  annotations.add(notes.mixedAggregation(), { start: 4, end: 5 });
  expect(annotations.list().map(({ text }) => text)).toEqual([
    'PromQL warning: encountered a mix of histograms and floats for aggregation (1:1)',
    'PromQL warning: encountered a mix of histograms and floats for aggregation (1:5)',
  ]);
});
