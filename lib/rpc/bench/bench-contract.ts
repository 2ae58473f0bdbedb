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

export const benchContract = {
  echo: { input: benchValue, output: benchValue },
  echoBytes: { input: v.instance(Uint8Array), output: v.instance(Uint8Array) },
  items: { input: v.object({ count: v.number() }), output: benchValue, stream: true },
} as const satisfies Contract;
