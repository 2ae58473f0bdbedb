/** The metrics service: follows the dictionary, and lets the worker scrape, keep and answer. */
import os from 'node:os';
import type { Clock, Log, Random } from '@plumb/base';
import type { DeployClient } from '@plumb/deploy';
import type { RegistryClient } from '@plumb/registry';
import { type Call, follow } from '@plumb/rpc';
import type { MetricsHandlers } from './contract.ts';
import { collectHostMetrics } from './host-metrics.ts';
import { collectProcessMetrics } from './process-metrics.ts';
import { QUERY_TIMEOUT_MS } from './query-handlers.ts';
import type { ScrapeTarget } from './scraper.ts';
import { Dictionary } from './dictionary.ts';
import type { MainHandlers, WorkerClient } from './worker-contract.ts';
import { openWorkerHost } from './worker-host.ts';

export { type BoardFacts, type MetricFacts, standardBoard } from './board.ts';
export { formatExposition } from './exposition-text.ts';
export { type PrometheusAnswer, type PrometheusApi, prometheusApi, type PrometheusRequest } from './http-api.ts';
export { SCRAPE_PERIOD_MS } from './scraper.ts';

/** Metrics that Plumb itself writes, as exposition text, collected once a period on the main thread. */
export type MetricsSource = {
  readonly job: string;
  readonly instance: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly collect: () => Promise<string>;
};

export type MetricsOptions = {
  /** Created when absent. */
  readonly dataDirectory: string;
  readonly registry: RegistryClient;
  /** With it, what each unit uses is collected too. */
  readonly deploy?: DeployClient | undefined;
  /** Beside those of the host and the units. */
  readonly sources: readonly MetricsSource[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly scrapePeriodMs?: number | undefined;
  readonly hostName?: string | undefined;
};

/** Disposing it again waits for the first time. */
export type Metrics = AsyncDisposable & {
  readonly handlers: MetricsHandlers;
  /** Ends the worker as a crash would, and another one is started: for drills and tests. */
  readonly terminateWorker: () => Promise<void>;
};

/** Returns before the worker has read its log: calls wait for it some seconds. */
export async function openMetrics(options: MetricsOptions): Promise<Metrics> {
  const { registry, clock, random, log } = options;
  const stop = new AbortController();
  const sources = [...options.sources, ...builtInSources(options)];
  const host = openWorkerHost({
    directory: options.dataDirectory,
    scrapePeriodMs: options.scrapePeriodMs,
    main: mainHandlers(sources, log),
    clock,
    random,
    log,
  });
  const ownTargets = sources.map(({ job, instance, labels }, index): ScrapeTarget => ({
    job,
    instance,
    labels,
    from: { kind: 'source', index },
  }));
  const dictionary = new Dictionary();
  const tellWorker = (): void => {
    host.setWorld({ targets: [...ownTargets, ...dictionary.targets()], services: dictionary.services() });
  };
  tellWorker();
  const following = follow(
    (signal) => registry.watch({}, { signal }),
    (event) => {
      dictionary.apply(event);
      tellWorker();
    },
    { clock, random, log: log.with({ feed: 'registry.watch' }), signal: stop.signal },
  );
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    stop.abort();
    await following;
    await host[Symbol.asyncDispose]();
  };
  return {
    handlers: forwardingHandlers(host.client),
    terminateWorker: host.terminate,
    [Symbol.asyncDispose]: () => (closing ??= close()),
  };
}

function builtInSources({ deploy, clock, hostName = os.hostname() }: MetricsOptions): MetricsSource[] {
  const host: MetricsSource = {
    job: 'host',
    instance: hostName,
    labels: {},
    collect: () => collectHostMetrics(clock.now()),
  };
  if (deploy === undefined) return [host];
  const collectUnits = async (): Promise<string> => {
    const units = (await deploy.status({})).flatMap((application) => application.units);
    return collectProcessMetrics(units.flatMap(({ pid, ...unit }) => (pid === undefined ? [] : [{ ...unit, pid }])));
  };
  return [host, { job: 'units', instance: hostName, labels: {}, collect: collectUnits }];
}

function mainHandlers(sources: readonly MetricsSource[], log: Log): MainHandlers {
  return {
    collect: async (index) => (await sources[index]?.collect()) ?? '',
    log: ({ level, event, fields }) => log[level](event, fields),
  };
}

/** Every call goes to the worker that runs at the moment. */
function forwardingHandlers(client: () => Promise<WorkerClient>): MetricsHandlers {
  const forward =
    <I, O>(
      method: (worker: WorkerClient) => (input: I, options: { signal: AbortSignal; timeoutMs: number }) => Promise<O>,
    ) =>
    async (input: I, { signal }: Call): Promise<O> =>
      method(await client())(input, { signal, timeoutMs: QUERY_TIMEOUT_MS });
  return {
    query: forward((worker) => worker.query),
    queryRange: forward((worker) => worker.queryRange),
    async *live(input, { signal }) {
      yield* (await client()).live(input, { signal });
    },
    series: forward((worker) => worker.series),
    labels: forward((worker) => worker.labels),
    labelValues: forward((worker) => worker.labelValues),
    metadata: forward((worker) => worker.metadata),
    board: forward((worker) => worker.board),
    targets: forward((worker) => worker.targets),
  };
}
