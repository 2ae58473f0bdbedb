/**
 * What the main thread and the worker say to each other. Each trusts the other, and the main thread's border has checked
 * what comes from outside, so nothing is checked here again.
 */
import type { Client, Contract, Handlers } from '@plumb/rpc';
import * as v from 'valibot';
import { metricsContract } from './contract.ts';
import type { MetricsWorld } from './metrics-core.ts';

const anything = v.any();
const nothing = v.any() as v.GenericSchema<void>;

/** Served by the worker. */
export const workerContract = {
  ...trusted(metricsContract),
  setWorld: { input: anything as v.GenericSchema<MetricsWorld>, output: nothing },
  /** Closes the database; resolves when all is on disk. */
  close: { input: nothing, output: nothing },
} as const satisfies Contract;

/** Served by the main thread. */
export const mainContract = {
  /** The exposition of the source with this number. */
  collect: { input: anything as v.GenericSchema<number>, output: anything as v.GenericSchema<string> },
  log: {
    input: anything as v.GenericSchema<{
      level: 'debug' | 'info' | 'warn' | 'error';
      event: string;
      fields: Record<string, unknown>;
    }>,
    output: nothing,
  },
} as const satisfies Contract;

export type WorkerClient = Client<typeof workerContract>;
export type MainHandlers = Handlers<typeof mainContract>;

/** The name of the one service on each connection. */
export const WORKER_SERVICE = 'metrics';
export const MAIN_SERVICE = 'main';

/** The same methods without checks and scopes. */
function trusted<C extends Contract>(contract: C): C {
  const methods = Object.entries(contract).map(([name, { stream }]) => [
    name,
    { input: anything, output: anything, ...(stream === undefined ? {} : { stream }) },
  ]);
  return Object.fromEntries(methods) as C;
}
