import type { Contract } from '../src/index.ts';
import * as v from 'valibot';

const input = v.object({ id: v.number() });

/** What a replica process offers. Each answers with the double of `id`, and each run is written down. */
export const replicaContract = {
  safe: { input, output: v.number(), idempotent: true },
  once: { input, output: v.number() },
} as const satisfies Contract;
