import * as v from 'valibot';
import type { Contract } from '../src/index.ts';

const benchValue = v.object({
  service: v.string(),
  host: v.string(),
  port: v.number(),
  startedAt: v.number(),
  isReady: v.boolean(),
  labels: v.record(v.string(), v.string()),
});

export type BenchValue = v.InferOutput<typeof benchValue>;

/** What is sent there and back: the size and shape of an instance in the dictionary. */
export function createBenchValue(): BenchValue {
  const labels = { application: 'tipjar', environment: 'production', release: 'a1b2c3d4e5f6' };
  return {
    service: 'tipjar-web',
    host: '127.0.0.1',
    port: 43_210,
    startedAt: 1_760_000_000_123,
    isReady: true,
    labels,
  };
}

export const benchContract = {
  echo: { input: benchValue, output: benchValue },
  items: { input: v.object({ count: v.number() }), output: benchValue, stream: true },
} as const satisfies Contract;
