import { OperatingError } from '@plumb/base';
import type { MetricsClient } from '@plumb/metrics';

/**
 * The one number that a PromQL query answers with now; undefined where no series has one.
 * @throws OperatingError `invalid` for an answer of several series, or none that is a number, and what `metrics.query` throws.
 */
export async function queryNumber(
  metrics: Pick<MetricsClient, 'query'>,
  query: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const result = await metrics.query({ query }, { signal });
  if (result.kind === 'scalar') return toNumber(result.point[1]);
  if (result.kind !== 'vector')
    throw new OperatingError('invalid', `${query} answers with a ${result.kind}, not a number`);
  const [sample, ...others] = result.samples;
  if (others.length > 0) {
    throw new OperatingError(
      'invalid',
      `${query} answers with ${result.samples.length} series: make them one number, with sum or max`,
    );
  }
  return sample === undefined ? undefined : toNumber(sample.point[1]);
}

function toNumber(value: number | 'NaN' | '+Inf' | '-Inf'): number {
  if (typeof value === 'number') return value;
  return value === 'NaN' ? Number.NaN : value === '+Inf' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
}
