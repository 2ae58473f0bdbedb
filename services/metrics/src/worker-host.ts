/**
 * Runs the worker, and starts it again when it ends: after a crash, when its memory is spent, or when somebody terminates
 * it. Each new worker is told the present world; calls that were under way are answered `unavailable`.
 */
import { getCompileCacheDir } from 'node:module';
import path from 'node:path';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import {
  type Backoff,
  backoffDelayMs,
  type Clock,
  describeError,
  type Log,
  OperatingError,
  type Random,
  sleep,
} from '@plumb/base';
import { createClient, createDispatcher, createMessagePortChannel } from '@plumb/rpc';
import type { MetricsWorld } from './metrics-core.ts';
import {
  MAIN_SERVICE,
  mainContract,
  type MainHandlers,
  WORKER_SERVICE,
  type WorkerClient,
  workerContract,
} from './worker-contract.ts';

/** A worker that dies at its start, for want of disk or for a bug, is not started in a tight loop. */
const RESTART: Backoff = { delayMsMin: 500, delayMsMax: 30_000 };
/** A worker that ran this long was well: its end is a first one again. */
const WELL_MS = 60_000;
/** The worker's heap: a runaway query ends the worker, not plumbd. */
const WORKER_HEAP_MB = 1_024;
/** Of that for what is young: scrapes make little, and V8 would keep three times 16 MB. */
const WORKER_YOUNG_HEAP_MB = 8;
/** How long a call waits for a worker that is being started, replaying its log. */
const START_WAIT_MS = 8_000;
/** A worker that reads a long log at its start hears of the world afterwards. */
const WORLD_TIMEOUT_MS = 120_000;
/** How long the worker may take to put everything on disk; what it does not manage is in its log. Ctrl-C takes 5 s at most. */
const CLOSE_TIMEOUT_MS = 3_000;

export type WorkerInput = {
  readonly directory: string;
  readonly scrapePeriodMs: number | undefined;
  /** The worker serves on one, and calls through the other. */
  readonly servedPort: MessagePort;
  readonly mainPort: MessagePort;
  /** Where the compiled sources are kept, if they are. */
  readonly compileCache: string | undefined;
};

export type WorkerHostOptions = {
  readonly directory: string;
  readonly scrapePeriodMs: number | undefined;
  readonly main: MainHandlers;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

export type WorkerHost = AsyncDisposable & {
  /** The worker that runs, waiting for one that starts. @throws OperatingError `unavailable` when there is none in time. */
  readonly client: () => Promise<WorkerClient>;
  readonly setWorld: (world: MetricsWorld) => void;
  /** Ends the worker as a crash would; another one follows. */
  readonly terminate: () => Promise<void>;
};

type Running = { readonly worker: Worker; readonly client: WorkerClient; readonly exited: Promise<string> };

export function openWorkerHost(options: WorkerHostOptions): WorkerHost {
  const { clock, random, log } = options;
  const stop = new AbortController();
  let world: MetricsWorld = { targets: [], services: [] };
  let running: Running | undefined;
  let started = Promise.withResolvers<WorkerClient>();

  const tellWorld = (): void => {
    running?.client.setWorld(world, { timeoutMs: WORLD_TIMEOUT_MS }).catch((error: unknown) => {
      // The next worker is told when it starts.
      log.debug('metrics.world', { reason: describeError(error) });
    });
  };
  const run = async (): Promise<void> => {
    for (let failures = 0; !stop.signal.aborted; failures += 1) {
      const startedMs = clock.monotonicMs();
      running = startWorker(options);
      started.resolve(running.client);
      tellWorld();
      const reason = await running.exited;
      running = undefined;
      started = Promise.withResolvers();
      if (stop.signal.aborted) return;
      if (clock.monotonicMs() - startedMs > WELL_MS) failures = 0;
      const delayMs = backoffDelayMs(RESTART, failures, random);
      log.error('metrics.worker.exit', { reason, restartInMs: delayMs });
      await sleep(clock, delayMs, stop.signal);
    }
  };
  const done = run();

  return {
    async client() {
      const { promise: late, reject } = Promise.withResolvers<never>();
      using _timer = clock.after(START_WAIT_MS, () => {
        reject(new OperatingError('unavailable', 'the metrics are being started again: try in a moment'));
      });
      return Promise.race([started.promise, late]);
    },
    setWorld(next) {
      world = next;
      tellWorld();
    },
    terminate: async () => {
      await running?.worker.terminate();
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      if (running !== undefined) {
        const { worker, client } = running;
        await client.close(undefined, { timeoutMs: CLOSE_TIMEOUT_MS }).catch((error: unknown) => {
          log.error('metrics.worker.close', { reason: describeError(error) });
        });
        await worker.terminate();
      }
      await done;
    },
  };
}

function startWorker({ directory, scrapePeriodMs, main, log, clock }: WorkerHostOptions): Running {
  const [served, called] = [new MessageChannel(), new MessageChannel()];
  const compileCache = getCompileCacheDir();
  const input: WorkerInput = {
    directory,
    scrapePeriodMs,
    servedPort: served.port2,
    mainPort: called.port2,
    // The folder of this version of Node is made below the one that is named.
    compileCache: compileCache === undefined ? undefined : path.dirname(compileCache),
  };
  const worker = new Worker(new URL('./worker-entry.js', import.meta.url), {
    name: 'plumb-metrics',
    workerData: input,
    transferList: [served.port2, called.port2],
    // Nothing of plumbd's secrets and flags.
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB, maxYoungGenerationSizeMb: WORKER_YOUNG_HEAP_MB },
  });
  // The border has a line for each call already; a second one for its way through here says nothing.
  const dispatcher = createDispatcher({ log: { ...log, debug: () => undefined }, clock });
  dispatcher.add(MAIN_SERVICE, mainContract, main);
  const mainChannel = createMessagePortChannel(called.port1);
  dispatcher.accept(mainChannel, { id: 'metrics-worker', scopes: ['*'] });
  const workerChannel = createMessagePortChannel(served.port1);

  const { promise: exited, resolve } = Promise.withResolvers<string>();
  let fault: unknown;
  worker.on('error', (error) => (fault = error));
  worker.on('exit', (code) => {
    mainChannel.close();
    workerChannel.close();
    resolve(fault === undefined ? `it ended with code ${code}` : describeError(fault));
  });
  return { worker, client: createClient(workerContract, WORKER_SERVICE, workerChannel), exited };
}
