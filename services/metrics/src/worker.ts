/** The metrics' own thread: an entry for `new Worker`, never imported. Started and watched by `worker-host.ts`. */
import { workerData } from 'node:worker_threads';
import { createLog, systemClock } from '@plumb/base';
import { createClient, createDispatcher, createMessagePortChannel } from '@plumb/rpc';
import { openMetricsCore } from './metrics-core.ts';
import { MAIN_SERVICE, mainContract, WORKER_SERVICE, workerContract } from './worker-contract.ts';
import type { WorkerInput } from './worker-host.ts';

const { directory, scrapePeriodMs, servedPort, mainPort } = workerData as WorkerInput;

const main = createClient(mainContract, MAIN_SERVICE, createMessagePortChannel(mainPort));
const log = createLog((level, event, fields) => {
  // A line that is lost with the connection is lost with its reader.
  main.log({ level, event, fields: plain(fields) }).catch(() => undefined);
});
const core = await openMetricsCore({
  directory,
  scrapePeriodMs,
  clock: systemClock,
  log,
  collect: (index) => main.collect(index),
});
const served = createMessagePortChannel(servedPort);
const dispatcher = createDispatcher({ log: { ...log, debug: () => undefined }, clock: systemClock });
dispatcher.add(WORKER_SERVICE, workerContract, {
  ...core.handlers,
  setWorld: (world) => core.setWorld(world),
  close: async () => core[Symbol.asyncDispose](),
});
dispatcher.accept(served, { id: 'plumbd', scopes: ['*'] });

/** Only plain data crosses threads; an error becomes its text. */
function plain(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Error ? (value.stack ?? value.message) : value,
    ]),
  );
}
